import { rawDigest, rawReplyPacket } from "disterl/testing";
import { expect, test } from "vitest";
import { codeOf, COOKIE, messageOf } from "./handshake-rig.ts";
import {
  challenged,
  first,
  NAME_ME,
  name,
  SALIVE,
  serving,
  SNOK,
  SNOT_ALLOWED,
} from "./handshake-strangers.ts";

test("trickled bytes do not extend a step, steps do not extend the whole", async () => {
  const rig = await serving();
  const slow = await rig.stranger();
  const packet = Buffer.concat([Buffer.from([0, 21]), name("a@here")]);
  for (const byte of packet.subarray(0, 7)) {
    await rig.clock.advance(1_000);
    slow.channel.write([Uint8Array.of(byte)]);
  }
  await rig.settle();
  expect(slow.closed).toBe(true);

  const late = await rig.stranger();
  await rig.clock.advance(6_900);
  const challenge = await challenged(rig, late);
  await rig.clock.advance(5_099);
  expect(late.closed).toBe(false);
  await rig.clock.advance(1);
  expect(late.closed).toBe(true);
  expect(messageOf(rig.accepted.at(-1))).toContain("12000 ms");
  late.packet(rawReplyPacket(1, rawDigest(COOKIE, challenge)));
});

test("alive, true: the ack waits for the end of the old connection", async () => {
  const rig = await serving();
  rig.policy.up.set("a@here", {});
  let oldEnds = (): void => {};
  rig.policy.ending = () =>
    new Promise((resolve) => {
      oldEnds = resolve;
    });
  const stranger = await first(rig, (peer) => peer.packet(name("a@here")));
  expect(stranger.take()).toBe(SALIVE);
  stranger.packet(Buffer.from("strue"));
  await rig.settle();
  const challenge = stranger.takePackets()[0]?.readUInt32BE(9) ?? 0;
  stranger.packet(rawReplyPacket(7, rawDigest(COOKIE, challenge)));
  await rig.clock.advance(1_000);
  expect(stranger.take()).toBe("");
  oldEnds();
  await rig.settle();
  expect(stranger.takePackets()).toEqual([Buffer.concat([Buffer.from("a"), rawDigest(COOKIE, 7)])]);
  expect(rig.policy.replaced).toEqual(["a@here"]);
});

test("alive, true, and then bytes out of turn or an old connection that cannot end: closed", async () => {
  for (const failing of [true, false]) {
    const rig = await serving();
    rig.policy.up.set("a@here", {});
    rig.policy.ending = () =>
      failing ? Promise.reject(new Error("it is stuck")) : new Promise(() => {});
    const stranger = await first(rig, (peer) => peer.packet(name("a@here")));
    stranger.take();
    stranger.packet(Buffer.from("strue"));
    await rig.settle();
    const challenge = stranger.takePackets()[0]?.readUInt32BE(9) ?? 0;
    stranger.packet(rawReplyPacket(7, rawDigest(COOKIE, challenge)));
    if (!failing) stranger.channel.write([new Uint8Array(3_000)]);
    await rig.settle();
    expect([stranger.take(), stranger.closed]).toEqual(["", true]);
    expect(messageOf(rig.accepted[0])).toMatch(failing ? /it is stuck/ : /turn to wait/);
  }
});

test("alive, false: the new connection is closed", async () => {
  const rig = await serving();
  rig.policy.up.set("a@here", {});
  const stranger = await first(rig, (peer) => peer.packet(name("a@here")));
  stranger.packet(Buffer.from("sfalse"));
  await rig.settle();
  expect(stranger.closed).toBe(true);
  expect(codeOf(rig.accepted[0])).toBe("ERR_HANDSHAKE_ALIVE");
});

test("when both dial, the greater name wins", async () => {
  const rig = await serving();
  rig.policy.dialling.add("a@here").add("z@here");
  const lesser = await first(rig, (peer) => peer.packet(name("a@here")));
  expect([lesser.take(), lesser.closed]).toEqual([SNOK, true]);
  const greater = await first(rig, (peer) => peer.packet(name("z@here")));
  expect(greater.takePackets()[0]?.toString()).toBe("sok_simultaneous");
});

test("the allow list comes before flags and names, and an unfriendly source gets nowhere", async () => {
  const rig = await serving();
  rig.policy.allowed = ["c@here"];
  const stranger = await first(rig, (peer) => peer.packet(name("a@here", 0n)));
  expect(stranger.take()).toBe(SNOT_ALLOWED);
  expect(codeOf(rig.accepted[0])).toBe("ERR_HANDSHAKE_NOT_ALLOWED");
  const throttled = await serving({ refuse: true });
  const guesser = await first(throttled, (peer) => peer.packet(name("a@here")));
  expect([guesser.take(), guesser.closed]).toEqual([SNOT_ALLOWED, true]);
});

test("each node has the cookie that is ours for it", async () => {
  const rig = await serving();
  rig.policy.cookies.set("a@here", "for a only");
  const stranger = await rig.stranger();
  const challenge = await challenged(rig, stranger);
  stranger.packet(rawReplyPacket(1, rawDigest("for a only", challenge)));
  await rig.settle();
  expect(stranger.take()).toBe(
    `0011${Buffer.from("a").toString("hex")}${rawDigest("for a only", 1).toString("hex")}`,
  );
});

test("an old introduction with its complement", async () => {
  const rig = await serving();
  const stranger = await first(rig, (peer) => peer.packet("6e 0005 07df7fbd 614068657265"));
  const [status, answer] = stranger.takePackets();
  expect(status?.toString()).toBe("sok");
  expect(answer?.[0]).toBe(0x4e);
  stranger.packet("63 0000000d 00000009");
  stranger.packet(rawReplyPacket(1, rawDigest(COOKIE, answer?.readUInt32BE(9) ?? 0)));
  await rig.settle();
  expect(rig.accepted[0]?.outcome?.result).toMatchObject({
    name: "a@here",
    version: 5,
    creation: 9,
    peerFlags: 0x0000000d07df7fbdn,
  });
  const short = await first(rig, (peer) => peer.packet("6e 0005 07df7fbd 634068657265"));
  short.packet("63 00000000 00000009");
  await rig.settle();
  expect(short.closed).toBe(true);
  expect(rig.accepted[1]?.error).toMatchObject({ step: "complement", missing: ["V4_NC"] });
});

test("a node without a name gets one, and a freed name comes back with another creation", async () => {
  const rig = await serving();
  const seen: { name: string; creation: number }[] = [];
  for (let round = 0; round < 2; round++) {
    const stranger = await first(rig, (peer) => peer.packet(name("here", NAME_ME)));
    const [status, answer] = stranger.takePackets();
    expect(status?.toString()).toMatch(/^snamed:/);
    const length = status?.readUInt16BE(7) ?? 0;
    const given = status?.subarray(9, 9 + length).toString() ?? "";
    expect(given).toMatch(/^[0-9A-Z]{1,13}@here$/);
    // The acceptor announces NAME_ME back, and that it is not visible here.
    const flags = answer?.readBigUInt64BE(1) ?? 0n;
    expect([flags & (1n << 33n), flags & 1n]).toEqual([1n << 33n, 0n]);
    stranger.packet(rawReplyPacket(1, rawDigest(COOKIE, answer?.readUInt32BE(9) ?? 0)));
    await rig.settle();
    const peer = rig.accepted[round]?.outcome?.result;
    expect(peer).toMatchObject({ name: given, named: true, hidden: true });
    seen.push({ name: given, creation: peer?.creation ?? 0 });
    expect(peer?.creation).toBe(status?.readUInt32BE(9 + length));
    if (round === 0) {
      rig.policy.up.clear();
      rig.policy.leases[0]?.release();
    }
  }
  expect(seen[1]?.name).toBe(seen[0]?.name);
  expect(seen[1]?.creation).toBe((seen[0]?.creation ?? 0) + 1);
});

test("a name on loan goes back when its handshake fails", async () => {
  const rig = await serving();
  const used = rig.policy.names.lease("here");
  used.confirm();
  used.release();
  const stranger = await first(rig, (peer) => peer.packet(name("here", NAME_ME)));
  expect(stranger.takePackets()[0]?.toString("latin1")).toContain(used.name);
  expect(rig.policy.names.freeCount).toBe(0);
  stranger.packet(rawReplyPacket(1, rawDigest("guess", 1)));
  await rig.settle();
  expect(stranger.closed).toBe(true);
  expect(rig.policy.names.freeCount).toBe(1);
});

test("bytes after the reply in the same chunk belong to what comes next", async () => {
  const rig = await serving();
  const stranger = await rig.stranger();
  const challenge = await challenged(rig, stranger);
  const reply = rawReplyPacket(1, rawDigest(COOKIE, challenge));
  const following = Buffer.from("00000000 00000001".replace(" ", ""), "hex");
  stranger.channel.write([Buffer.concat([Buffer.from([0, reply.length]), reply, following])]);
  await rig.settle();
  expect(rig.accepted[0]?.outcome?.rest).toEqual(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 1]));
});
