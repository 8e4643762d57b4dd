import { createHash } from "node:crypto";
import { atomCount } from "disterl/term";
import { rawDigest, rawReplyPacket } from "disterl/testing";
import { expect, test } from "vitest";
import { codeOf, COOKIE, HandshakeRig, messageOf } from "./handshake-rig.ts";
import {
  challenged,
  first,
  NAME_ME,
  name,
  SALIVE,
  serving,
  SNOK,
  SNOT_ALLOWED,
  SOK,
} from "./handshake-strangers.ts";

test("HS-01 silence: closed when the step has had its time", async () => {
  const rig = await serving();
  const stranger = await rig.stranger();
  await rig.clock.advance(6_999);
  expect(stranger.closed).toBe(false);
  await rig.clock.advance(1);
  expect(stranger.closed).toBe(true);
  expect(codeOf(rig.accepted[0])).toBe("ERR_HANDSHAKE_TIMEOUT");
  expect(messageOf(rig.accepted[0])).toContain('step "name"');
});

test("HS-02 an empty packet: closed", async () => {
  const rig = await serving();
  const stranger = await first(rig, (peer) => peer.send("0000"));
  expect(stranger.closed).toBe(true);
  expect(codeOf(rig.accepted[0])).toBe("ERR_HANDSHAKE_MALFORMED");
});

test("HS-03 a huge length: closed at once, the packet is not waited for", async () => {
  const rig = await serving();
  const stranger = await first(rig, (peer) => peer.send("ffff"));
  expect(stranger.closed).toBe(true);
  expect(messageOf(rig.accepted[0])).toContain("65535 bytes");
});

test("HS-04 an HTTP request: closed at once, and recognised", async () => {
  const rig = await serving();
  const request = Buffer.from("GET / HTTP/1.1\r\n\r\n").toString("hex");
  const stranger = await first(rig, (peer) => peer.send(request));
  expect(stranger.closed).toBe(true);
  expect(messageOf(rig.accepted[0])).toContain("HTTP");
});

test("HS-05 TLS on the plain port, and plain on the TLS port: closed, and recognised", async () => {
  const rig = await serving();
  const stranger = await first(rig, (peer) => peer.send("16030100f7010000f30303"));
  expect(stranger.closed).toBe(true);
  expect(messageOf(rig.accepted[0])).toContain("TLS");
  const tls = new HandshakeRig({ handshakeLengthBytes: 4 });
  await tls.serve();
  const plain = await first(tls, (peer) => peer.packet(name("a@here")));
  expect(plain.closed).toBe(true);
  expect(codeOf(tls.accepted[0])).toBe("ERR_HANDSHAKE_MALFORMED");
});

test("HS-06 the old introduction: refused without flags, or when switched off", async () => {
  const rig = await serving();
  const bare = await first(rig, (peer) => peer.packet("6e 0005 00000000 6140 68657265"));
  expect(bare.take()).toBe(SNOT_ALLOWED);
  expect(bare.closed).toBe(true);
  const off = await serving({ oldName: false });
  const unwelcome = await first(off, (peer) => peer.packet("6e 0005 07df7fbd 614068657265"));
  expect([unwelcome.take(), unwelcome.closed]).toEqual(["", true]);
  expect(codeOf(off.accepted[0])).toBe("ERR_HANDSHAKE_OLD_VERSION");
  const ancient = await first(rig, (peer) => peer.packet("6e 0004 07df7fbd 614068657265"));
  expect([ancient.take(), ancient.closed]).toEqual(["", true]);
});

test("HS-07 no flags at all: not_allowed, and the report names each and who demands it", async () => {
  const rig = await serving();
  const stranger = await first(rig, (peer) => peer.packet(name("a@here", 0n)));
  expect(stranger.take()).toBe(SNOT_ALLOWED);
  expect(stranger.closed).toBe(true);
  expect(codeOf(rig.accepted[0])).toBe("ERR_HANDSHAKE_FLAGS_MISSING");
  expect(rig.accepted[0]?.error).toMatchObject({ step: "name" });
  expect(messageOf(rig.accepted[0])).toMatch(/BIG_CREATION \(OTP 25\).*V4_NC \(OTP 26\)/);
});

test("HS-08 each mandatory flag is missed", async () => {
  const rig = await serving();
  for (const bit of [2, 4, 7, 8, 9, 10, 11, 16, 17, 18, 24, 25, 34]) {
    // Without bit 26, which stands for most of them.
    const flags = 0x0000006d03df7fbdn & ~(1n << BigInt(bit));
    const stranger = await first(rig, (peer) => peer.packet(name("a@here", flags)));
    expect(stranger.take(), `bit ${bit}`).toBe(SNOT_ALLOWED);
    expect(stranger.closed).toBe(true);
    expect(rig.accepted.at(-1)?.error).toHaveProperty("missing.length", 1);
  }
  const whole = await first(rig, (peer) => peer.packet(name("a@here", 0x0000000403070f94n)));
  expect(whole.take()).toMatch(new RegExp(`^${SOK}`));
});

test("HS-09 a name longer than its packet: closed", async () => {
  const rig = await serving();
  const cut = "4e 0000006d07df7fbd 0000004d 01f4 614062";
  const stranger = await first(rig, (peer) => peer.packet(cut));
  expect([stranger.take(), stranger.closed]).toEqual(["", true]);
});

test("HS-10 bytes after the name are ignored", async () => {
  const rig = await serving();
  const stranger = await first(rig, (peer) => {
    peer.packet("4e 0000006d07df7fbd 0000004d 0003 614062 0102030405");
  });
  expect(stranger.take()).toMatch(new RegExp(`^${SOK}`));
});

test("HS-11 what is not name@host: closed without a word", async () => {
  const rig = await serving();
  for (const text of ["a", "@h", "a@", "a@b@c", "", "@", "@@"]) {
    const stranger = await first(rig, (peer) => peer.packet(name(text)));
    expect([text, stranger.take(), stranger.closed]).toEqual([text, "", true]);
    expect(codeOf(rig.accepted.at(-1))).toBe("ERR_HANDSHAKE_NAME_INVALID");
  }
});

test("HS-12 a name of 300 characters: closed, nothing interned", async () => {
  const rig = await serving();
  const before = atomCount();
  const stranger = await first(rig, (peer) => peer.packet(name(`a@${"h".repeat(298)}`)));
  expect([stranger.take(), stranger.closed]).toEqual(["", true]);
  expect(atomCount()).toBe(before);
});

test("HS-13 control characters in a name: nok, and the report is one clean line", async () => {
  const rig = await serving();
  for (const text of ["a\nb@h", "a\0@h", "a@h\u001b[2J", "a@\u007f", "a b@h", "a!@h", "a@h h"]) {
    const stranger = await first(rig, (peer) => peer.packet(name(text)));
    expect([text, stranger.take(), stranger.closed]).toEqual([text, SNOK, true]);
    expect(messageOf(rig.accepted.at(-1))).toMatch(/^[ -~]+$/);
  }
});

test("HS-14 our own name: nok", async () => {
  const rig = await serving();
  const stranger = await first(rig, (peer) => peer.packet(name("b@there")));
  expect([stranger.take(), stranger.closed]).toEqual([SNOK, true]);
});

test("HS-15 the name of a connected node, then silence: alive, then closed; the link stays", async () => {
  const rig = await serving();
  const link = {};
  rig.policy.up.set("a@here", link);
  const stranger = await first(rig, (peer) => peer.packet(name("a@here")));
  expect(stranger.take()).toBe(SALIVE);
  await rig.clock.advance(7_000);
  expect(stranger.closed).toBe(true);
  expect(rig.accepted[0]?.error).toMatchObject({ step: "status reply" });
  expect(rig.policy.up.get("a@here")).toBe(link);
  expect(rig.policy.replaced).toEqual([]);
});

test("HS-16 an impostor of a connected node: closed, the link stays", async () => {
  const rig = await serving();
  const link = {};
  rig.policy.up.set("a@here", link);
  const stranger = await first(rig, (peer) => peer.packet(name("a@here")));
  stranger.packet(Buffer.from("strue"));
  stranger.packet(rawReplyPacket(1, rawDigest("guess", 1)));
  await rig.settle();
  expect(stranger.closed).toBe(true);
  expect(codeOf(rig.accepted[0])).toBe("ERR_HANDSHAKE_WRONG_COOKIE");
  expect(rig.policy.up.get("a@here")).toBe(link);
  expect(rig.policy.replaced).toEqual([]);
});

test("HS-17 a challenge reply of the wrong length: closed", async () => {
  const rig = await serving();
  for (const length of [0, 1, 4, 5, 20, 22, 100]) {
    const stranger = await rig.stranger();
    const challenge = await challenged(rig, stranger);
    const reply = Buffer.concat([
      rawReplyPacket(1, rawDigest(COOKIE, challenge)),
      Buffer.alloc(100),
    ]);
    stranger.packet(reply.subarray(0, length));
    await rig.settle();
    expect([length, stranger.take(), stranger.closed]).toEqual([length, "", true]);
  }
});

test("HS-18 a digest of zeros: closed, and told apart from everything else", async () => {
  const rig = await serving();
  const stranger = await rig.stranger();
  await challenged(rig, stranger);
  stranger.packet(rawReplyPacket(1, Buffer.alloc(16)));
  await rig.settle();
  expect([stranger.take(), stranger.closed]).toEqual(["", true]);
  expect(codeOf(rig.accepted[0])).toBe("ERR_HANDSHAKE_WRONG_COOKIE");
  expect(messageOf(rig.accepted[0])).toContain("compare the cookie");
  expect(messageOf(rig.accepted[0])).not.toContain(COOKIE);
});

test("HS-19 digests over another text of the challenge: closed", async () => {
  const rig = await serving();
  const texts: ((challenge: number) => string)[] = [
    (challenge) => String(challenge | 0),
    (challenge) => challenge.toString(16),
    (challenge) => `0${challenge}`,
  ];
  for (const text of texts) {
    let stranger = await rig.stranger();
    let challenge = await challenged(rig, stranger);
    // The signed text differs in the upper half only.
    while (challenge < 2 ** 31) {
      stranger.channel.destroy();
      stranger = await rig.stranger();
      challenge = await challenged(rig, stranger);
    }
    const digest = createHash("md5")
      .update(COOKIE + text(challenge))
      .digest();
    stranger.packet(rawReplyPacket(1, digest));
    await rig.settle();
    expect(codeOf(rig.accepted.at(-1))).toBe("ERR_HANDSHAKE_WRONG_COOKIE");
  }
});

test("HS-20 another tag than that of the reply: closed", async () => {
  const rig = await serving();
  for (const tag of [0x61, 0x73, 0x63, 0x00]) {
    const stranger = await rig.stranger();
    const challenge = await challenged(rig, stranger);
    const reply = rawReplyPacket(1, rawDigest(COOKIE, challenge));
    reply[0] = tag;
    stranger.packet(reply);
    await rig.settle();
    expect([stranger.take(), stranger.closed]).toEqual(["", true]);
    expect(codeOf(rig.accepted.at(-1))).toBe("ERR_HANDSHAKE_MALFORMED");
  }
});

test("HS-21 a second introduction: closed", async () => {
  const rig = await serving();
  const stranger = await rig.stranger();
  await challenged(rig, stranger);
  stranger.packet(name("c@here"));
  await rig.settle();
  expect([stranger.take(), stranger.closed]).toEqual(["", true]);
});

test("HS-22 asking for a name without a host, with a name, or where none are given", async () => {
  const rig = await serving();
  const noHost = await first(rig, (peer) => peer.packet(name("", NAME_ME)));
  expect([noHost.take(), noHost.closed]).toEqual([SNOT_ALLOWED, true]);
  const evil = await first(rig, (peer) => peer.packet(name("h\nh", NAME_ME)));
  expect([evil.take(), evil.closed]).toEqual([SNOT_ALLOWED, true]);
  const named = await first(rig, (peer) => peer.packet(name("a@here", NAME_ME)));
  expect([named.take(), named.closed]).toEqual(["", true]);
  rig.policy.givesNames = false;
  const off = await first(rig, (peer) => peer.packet(name("here", NAME_ME)));
  expect([off.take(), off.closed]).toEqual([SNOT_ALLOWED, true]);
  expect(rig.policy.names.freeCount).toBe(0);
});

test("HS-23 ten thousand names dropped after the challenge leave nothing behind", async () => {
  const rig = await serving();
  const before = atomCount();
  for (let round = 0; round < 100; round++) {
    const strangers = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const dial = rig.theirs.connect({ host: "there", port: 1 });
        return { channel: await rig.clock.runUntil(dial), index };
      }),
    );
    for (const { channel, index } of strangers) {
      const flags = index % 10 === 0 ? NAME_ME : undefined;
      const text = index % 10 === 0 ? `host${round}x${index}` : `n${round}x${index}@here`;
      const body = name(text, flags);
      channel.handle({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
      channel.write([Buffer.from([0, body.length]), body]);
    }
    await rig.settle();
    expect(rig.outstanding.size).toBe(100);
    for (const { channel } of strangers) channel.destroy();
    await rig.settle();
  }
  expect(rig.accepted).toHaveLength(10_000);
  expect(rig.accepted.every((ended) => codeOf(ended) === "ERR_HANDSHAKE_CLOSED")).toBe(true);
  expect(rig.outstanding.size).toBe(0);
  expect(rig.policy.names.freeCount).toBe(0);
  expect(rig.policy.up.size).toBe(0);
  expect(atomCount()).toBe(before);
});

test("HS-24 a name held at the challenge holds nobody up: the first to prove itself wins", async () => {
  const rig = await serving();
  const squatter = await rig.stranger();
  const theirChallenge = await challenged(rig, squatter);
  const owner = await rig.stranger();
  const challenge = await challenged(rig, owner);
  owner.packet(rawReplyPacket(9, rawDigest(COOKIE, challenge)));
  await rig.settle();
  expect(rig.accepted[1]?.outcome?.result.name).toBe("a@here");
  expect(owner.takePackets()).toEqual([Buffer.concat([Buffer.from("a"), rawDigest(COOKIE, 9)])]);
  // Even with the right digest, the other is late now.
  squatter.packet(rawReplyPacket(9, rawDigest(COOKIE, theirChallenge)));
  await rig.settle();
  expect(codeOf(rig.accepted[0])).toBe("ERR_HANDSHAKE_SUPERSEDED");
  expect([squatter.take(), squatter.closed]).toEqual(["", true]);
});
