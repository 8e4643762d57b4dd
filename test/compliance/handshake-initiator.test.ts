import { RAW_FLAGS_OTP_29, rawBytes, rawChallengePacket, rawDigest } from "disterl/testing";
import { expect, test } from "vitest";
import { codeOf, COOKIE, HandshakeRig, messageOf, type Stranger } from "./handshake-rig.ts";

const CHALLENGE = 0x05060708;
const challengeOf = (name: string, flags?: bigint, challenge = CHALLENGE): Buffer =>
  rawChallengePacket({ name, flags }, challenge);

/** Plays an acceptor until our reply has come; gives our challenge. */
async function untilReply(rig: HandshakeRig, stranger: Stranger): Promise<number> {
  await rig.settle();
  expect(stranger.takePackets()[0]?.subarray(0, 1).toString()).toBe("N");
  stranger.packet(Buffer.from("sok"));
  stranger.packet(challengeOf("a@here"));
  await rig.settle();
  const reply = stranger.takePackets()[0];
  expect(reply?.subarray(5)).toEqual(rawDigest(COOKIE, CHALLENGE));
  return reply?.readUInt32BE(1) ?? 0;
}

const ack = (cookie: string, challenge: number): Buffer =>
  Buffer.concat([Buffer.from("a"), rawDigest(cookie, challenge)]);

test("TV-1 shape: what we send first, and the agreement at the end", async () => {
  const rig = new HandshakeRig();
  const { stranger, ended } = await rig.dialStranger();
  await rig.settle();
  expect(stranger.received).toBe(
    rawBytes("0016 4e 0000006d07df7fbd 00000006 0007 62407468657265").toString("hex"),
  );
  const ours = await untilReply(rig, stranger);
  stranger.packet(ack(COOKIE, ours));
  await rig.settle();
  expect(ended.outcome?.result).toEqual({
    name: "a@here",
    creation: 77,
    flags: RAW_FLAGS_OTP_29,
    peerFlags: RAW_FLAGS_OTP_29,
    hidden: false,
    version: 6,
    named: false,
    ourName: "b@there",
    ourCreation: 6,
  });
});

test("HS-25 a silent acceptor: fails when the step has had its time", async () => {
  const rig = new HandshakeRig();
  const { stranger, ended } = await rig.dialStranger();
  await rig.clock.advance(6_999);
  expect(codeOf(ended)).toBeUndefined();
  await rig.clock.advance(1);
  expect(codeOf(ended)).toBe("ERR_HANDSHAKE_TIMEOUT");
  await rig.clock.advance(1);
  expect(stranger.closed).toBe(true);
});

test("HS-25 ok, then silence: fails when that step has had its time", async () => {
  const rig = new HandshakeRig();
  const { stranger, ended } = await rig.dialStranger();
  await rig.clock.advance(3_000);
  stranger.packet(Buffer.from("sok"));
  await rig.clock.advance(6_999);
  expect(codeOf(ended)).toBeUndefined();
  await rig.clock.advance(1);
  expect(ended.error).toMatchObject({ code: "ERR_HANDSHAKE_TIMEOUT", step: "challenge" });
});

test("HS-25 nok, not_allowed, unknown words: each fails at once, each with its own code", async () => {
  const expected = {
    snok: "ERR_HANDSHAKE_NOK",
    snot_allowed: "ERR_HANDSHAKE_NOT_ALLOWED",
    sxyzzy: "ERR_HANDSHAKE_UNEXPECTED_STATUS",
    s: "ERR_HANDSHAKE_UNEXPECTED_STATUS",
    sOK: "ERR_HANDSHAKE_UNEXPECTED_STATUS",
    Nok: "ERR_HANDSHAKE_MALFORMED",
    "": "ERR_HANDSHAKE_MALFORMED",
  };
  for (const [status, code] of Object.entries(expected)) {
    const rig = new HandshakeRig();
    const { stranger, ended } = await rig.dialStranger();
    stranger.packet(Buffer.from(status));
    await rig.settle();
    expect([status, codeOf(ended)]).toEqual([status, code]);
    expect(stranger.closed).toBe(true);
  }
});

test("HS-25 a status of 64 KiB: fails at its length", async () => {
  const rig = new HandshakeRig();
  const { stranger, ended } = await rig.dialStranger();
  stranger.send("ffff 73");
  await rig.settle();
  expect(codeOf(ended)).toBe("ERR_HANDSHAKE_MALFORMED");
});

test("HS-26 another node answers: fails, and our digest stays at home", async () => {
  const rig = new HandshakeRig();
  const { stranger, ended } = await rig.dialStranger();
  await rig.settle();
  stranger.take();
  stranger.packet(Buffer.from("sok"));
  stranger.packet(challengeOf("c@here\u001b[2J"));
  await rig.settle();
  expect(codeOf(ended)).toBe("ERR_HANDSHAKE_WRONG_NODE");
  expect(messageOf(ended)).toContain('"c@here\\u{1b}[2J" answers');
  expect([stranger.take(), stranger.closed]).toEqual(["", true]);
});

test("HS-27 a challenge that is our own: fails, and our digest stays at home", async () => {
  const rig = new HandshakeRig();
  const reflected = rig.outstanding.issue();
  const { stranger, ended } = await rig.dialStranger();
  await rig.settle();
  stranger.take();
  stranger.packet(Buffer.from("sok"));
  stranger.packet(challengeOf("a@here", undefined, reflected));
  await rig.settle();
  expect(codeOf(ended)).toBe("ERR_HANDSHAKE_REFLECTED_CHALLENGE");
  expect([stranger.take(), stranger.closed]).toEqual(["", true]);
});

test("HS-27 the whole relay: our own acceptor's challenge, handed back to us", async () => {
  const rig = new HandshakeRig();
  await rig.serve();
  const thief = await rig.stranger();
  thief.packet(challengeOf("a@here").subarray(0, 0)); // an empty packet is refused…
  await rig.settle();
  expect(thief.closed).toBe(true);
  const second = await rig.stranger(); // …a name is not
  second.packet("4e 0000006d07df7fbd 0000004d 0006 614068657265");
  await rig.settle();
  const theirs = second.takePackets()[1]?.readUInt32BE(9) ?? 0;
  const { stranger, ended } = await rig.dialStranger();
  stranger.packet(Buffer.from("sok"));
  stranger.packet(challengeOf("a@here", undefined, theirs));
  await rig.settle();
  expect(codeOf(ended)).toBe("ERR_HANDSHAKE_REFLECTED_CHALLENGE");
  // Once that handshake is over, its challenge is like any other.
  second.channel.destroy();
  await rig.settle();
  expect(rig.outstanding.size).toBe(0);
});

test("HS-28 a name that we did not ask for: fails", async () => {
  const rig = new HandshakeRig();
  const { stranger, ended } = await rig.dialStranger();
  stranger.packet(rawBytes("736e616d65643a 0007 62407468657265 00000005"));
  await rig.settle();
  expect(codeOf(ended)).toBe("ERR_HANDSHAKE_UNEXPECTED_STATUS");
  expect(messageOf(ended)).toContain("did not ask for");
});

test("HS-29 a wrong ack: no connection", async () => {
  const wrong: ((challenge: number) => Buffer)[] = [
    (challenge) => ack("another cookie", challenge),
    (challenge) => ack(COOKIE, challenge).subarray(0, 16),
    (challenge) => Buffer.concat([ack(COOKIE, challenge), Buffer.alloc(1)]),
    (challenge) => Buffer.concat([Buffer.from("r"), rawDigest(COOKIE, challenge)]),
    () => ack(COOKIE, CHALLENGE),
  ];
  for (const packet of wrong) {
    const rig = new HandshakeRig();
    const { stranger, ended } = await rig.dialStranger();
    stranger.packet(packet(await untilReply(rig, stranger)));
    await rig.settle();
    expect(ended.outcome).toBeUndefined();
    expect(codeOf(ended)).toMatch(/WRONG_COOKIE|MALFORMED/);
    expect(stranger.closed).toBe(true);
  }
});

test("HS-30 the peer leaves at every step: one failure each, which says the step", async () => {
  const leaving: [string, (rig: HandshakeRig, stranger: Stranger) => Promise<unknown>][] = [
    ["status", () => Promise.resolve()],
    [
      "challenge",
      (rig, stranger) => {
        stranger.packet(Buffer.from("sok"));
        return rig.settle();
      },
    ],
    ["ack", (rig, stranger) => untilReply(rig, stranger)],
  ];
  for (const [step, play] of leaving) {
    const rig = new HandshakeRig();
    const { stranger, ended } = await rig.dialStranger();
    await play(rig, stranger);
    stranger.channel.destroy();
    await rig.settle();
    expect(ended.error).toMatchObject({ code: "ERR_HANDSHAKE_CLOSED", step });
    if (step === "ack") expect(messageOf(ended)).toContain("most likely the cookies differ");
  }
});

test("missing flags: fails with their names, and our digest stays at home", async () => {
  const rig = new HandshakeRig();
  const { stranger, ended } = await rig.dialStranger();
  await rig.settle();
  stranger.take();
  stranger.packet(Buffer.from("sok"));
  stranger.packet(challengeOf("a@here", 0x0000000907df7fbdn));
  await rig.settle();
  expect(ended.error).toMatchObject({ code: "ERR_HANDSHAKE_FLAGS_MISSING", missing: ["V4_NC"] });
  expect(stranger.take()).toBe("");
});

test("an acceptor of old: fails, and says which OTP is needed", async () => {
  const rig = new HandshakeRig();
  const { stranger, ended } = await rig.dialStranger();
  stranger.packet(Buffer.from("sok"));
  stranger.packet("6e 0005 07df7fbd 05060708 614068657265");
  await rig.settle();
  expect(codeOf(ended)).toBe("ERR_HANDSHAKE_OLD_VERSION");
  expect(messageOf(ended)).toContain("OTP 25 or later");
});

test("alive: we replace the old connection, unless the dial is not wanted any more", async () => {
  for (const wanted of [true, false]) {
    const rig = new HandshakeRig();
    const { stranger, ended } = await rig.dialStranger({ isStillWanted: () => wanted });
    await rig.settle();
    stranger.take();
    stranger.packet(Buffer.from("salive"));
    await rig.settle();
    expect(stranger.takePackets()[0]?.toString()).toBe(`s${wanted}`);
    expect(codeOf(ended)).toBe(wanted ? undefined : "ERR_HANDSHAKE_ALIVE");
  }
});

test("without a name we ask for one, and take it", async () => {
  const rig = new HandshakeRig();
  const { stranger, ended } = await rig.dialStranger({ ourName: "there", askForName: true });
  await rig.settle();
  // NAME_ME set, PUBLISHED clear, creation 0, only the host.
  expect(stranger.takePackets()[0]?.toString("hex")).toBe(
    rawBytes("4e 0000006f07df7fbc 00000000 0005 7468657265").toString("hex"),
  );
  stranger.packet(rawBytes("736e616d65643a 0008 5835407468657265 00000005 ffff"));
  stranger.packet(challengeOf("a@here", RAW_FLAGS_OTP_29 | (1n << 33n)));
  await rig.settle();
  const reply = stranger.takePackets()[0];
  stranger.packet(ack(COOKIE, reply?.readUInt32BE(1) ?? 0));
  await rig.settle();
  expect(ended.outcome?.result).toMatchObject({
    ourName: "X5@there",
    ourCreation: 5,
    named: true,
    hidden: true,
  });
});

test("a given name must be one, on our host, with a creation", async () => {
  for (const given of [
    "0006 5835406865 7a 00000005", // X5@hez: another host
    "0008 5835407468657265 00000000", // creation 0
    "0008 5820407468657265 00000005", // a blank
    "0005 7468657265 00000005", // only the host
  ]) {
    const rig = new HandshakeRig();
    const { stranger, ended } = await rig.dialStranger({ ourName: "there", askForName: true });
    stranger.packet(rawBytes(`736e616d65643a ${given}`));
    await rig.settle();
    expect([given, codeOf(ended)]).toEqual([given, "ERR_HANDSHAKE_NAME_INVALID"]);
  }
  for (const status of ["sok", "sok_simultaneous", "snok", "salive"]) {
    const rig = new HandshakeRig();
    const { stranger, ended } = await rig.dialStranger({ ourName: "there", askForName: true });
    stranger.packet(Buffer.from(status));
    await rig.settle();
    expect([status, codeOf(ended)]).toEqual([status, "ERR_HANDSHAKE_UNEXPECTED_STATUS"]);
  }
});

test("frames behind the ack, in the same chunk, are handed on", async () => {
  const rig = new HandshakeRig();
  const { stranger, ended, channel } = await rig.dialStranger();
  const ours = await untilReply(rig, stranger);
  const packet = ack(COOKIE, ours);
  const frames = Buffer.alloc(5_000, 7);
  stranger.channel.write([Buffer.concat([Buffer.from([0, packet.length]), packet, frames])]);
  await rig.settle();
  expect(Buffer.from(ended.outcome?.rest ?? [])).toEqual(frames);
  // Nothing is read until the next handler has it.
  stranger.channel.write([Uint8Array.of(1, 2, 3)]);
  await rig.settle();
  const before = channel.receivedBytes;
  let next = "";
  channel.handle({
    onData: (chunk) => {
      next += Buffer.from(chunk).toString("hex");
    },
    onDrain: () => {},
    onClose: () => {},
  });
  await rig.settle();
  expect(next).toBe("010203");
  expect(channel.receivedBytes).toBe(before + 3);
});

test("an abort closes the channel and rejects with its reason", async () => {
  const rig = new HandshakeRig();
  const controller = new AbortController();
  const { stranger, ended } = await rig.dialStranger({}, controller.signal);
  await rig.settle();
  const reason = new Error("the peer's own connection won");
  controller.abort(reason);
  await rig.settle();
  expect(ended.error).toBe(reason);
  expect(stranger.closed).toBe(true);
});
