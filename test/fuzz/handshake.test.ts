import {
  accept,
  Cookie,
  type Handshake,
  HandshakeError,
  initiate,
  parseAck,
  parseChallenge,
  parseChallengeReply,
  parseComplement,
  parseName,
  parseStatus,
  parseStatusReply,
} from "disterl/handshake";
import { rawBytes, rawChallengePacket, rawDigest, rawNamePacket } from "disterl/testing";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  bytes,
  codeOf,
  COOKIE,
  FLAGS,
  HandshakeRig,
  SmallPolicy,
} from "../compliance/handshake-rig.ts";

/** Runs for `FUZZ_SECONDS` (default 5) a test; the seed is printed by fast-check when one fails. */
const limits = { interruptAfterTimeLimit: 1_000 * Number(process.env["FUZZ_SECONDS"] ?? 5) };

const parsers = {
  parseName,
  parseStatus,
  parseStatusReply,
  parseChallenge,
  parseComplement,
  parseChallengeReply,
  parseAck,
};

const good = [
  rawNamePacket({ name: "a@here" }),
  bytes("6e 0005 07df7fbd 614068657265"),
  Buffer.from("sok"),
  rawBytes("736e616d65643a 0008 5835407468657265 00000005"),
  Buffer.from("strue"),
  rawChallengePacket({ name: "a@here" }, 0x05060708),
  rawBytes("63 0000000d 00000009"),
  Buffer.concat([rawBytes("72 01020304"), rawDigest(COOKIE, 1)]),
  Buffer.concat([rawBytes("61"), rawDigest(COOKIE, 1)]),
];

/** A good packet with some bytes changed, cut or added; or any bytes at all. */
const packet = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .record({
      base: fc.constantFrom(...good),
      changes: fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 }),
      cut: fc.nat(60),
      more: fc.uint8Array({ maxLength: 20 }),
    })
    .map(({ base, changes, cut, more }) => {
      const changed = Uint8Array.from(base);
      for (const [at, value] of changes) if (at < changed.length) changed[at] = value;
      const kept = cut < 10 ? changed.subarray(0, Math.max(0, changed.length - cut)) : changed;
      return Uint8Array.from([...kept, ...(cut % 3 === 0 ? more : [])]);
    }),
);

test("any packet is parsed or refused with an error of ours", () => {
  fc.assert(
    fc.property(packet, (body) => {
      for (const parse of Object.values(parsers)) {
        try {
          parse(body);
        } catch (error) {
          if (!(error instanceof HandshakeError)) throw error;
        }
      }
    }),
    { numRuns: 50_000, ...limits },
  );
});

/** Feeds a generator until it ends; gives its result, or the error. */
function feed(handshake: Handshake<unknown>, packets: readonly Uint8Array[]): unknown {
  const left = [...packets];
  let next = handshake.next(new Uint8Array(0));
  while (next.done !== true) {
    if ("expect" in next.value) {
      const body = left.shift();
      if (body === undefined) break;
      next = handshake.next(body);
    } else next = handshake.next(new Uint8Array(0));
  }
  return next.done === true ? next.value : undefined;
}

test("any conversation ends in an error of ours, never in a connection", () => {
  const cookie = new Cookie("nobody knows this one");
  const policy = new SmallPolicy();
  policy.cookieFor = () => cookie;
  policy.up.set("a@here", {});
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 6 }), (packets) => {
      for (const make of [
        () =>
          initiate({ ourName: "b@there", ourCreation: 6, flags: FLAGS, peer: "a@here", cookie }),
        () => accept({ ourName: "b@there", ourCreation: 6, flags: FLAGS, policy, attempt: policy }),
      ]) {
        try {
          expect(feed(make(), packets)).toBeUndefined();
        } catch (error) {
          if (!(error instanceof HandshakeError)) throw error;
          expect(error.message).toMatch(/^[^\p{Cc}]*$/u);
        }
      }
    }),
    { numRuns: 20_000, ...limits },
  );
  expect([...policy.up.keys()]).toEqual(["a@here"]);
});

test("any bytes, in any pieces, at any pace: the driver ends in an error of ours", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(packet, fc.boolean(), fc.nat(3_000)), { maxLength: 8 }),
      fc.integer(),
      async (writes, seed) => {
        const rig = new HandshakeRig({ chunking: "random", seed });
        await rig.serve();
        const stranger = await rig.stranger();
        for (const [body, framed, pause] of writes) {
          if (framed) stranger.packet(body);
          else stranger.channel.write([body]);
          await rig.clock.advance(pause);
        }
        await rig.clock.advance(12_000);
        expect(codeOf(rig.accepted[0])).toMatch(/^ERR_HANDSHAKE_/);
        await rig.clock.advance(5_000);
        expect(stranger.closed).toBe(true);
        expect(rig.outstanding.size).toBe(0);
      },
    ),
    { numRuns: 500, ...limits },
  );
});

test("a good handshake is good however it is cut, and what follows is handed on whole", async () => {
  for (const chunking of ["bytes", "random", "whole"] as const) {
    for (let seed = 1; seed <= 30; seed++) {
      const rig = new HandshakeRig({ chunking, seed, latencyMs: [0, 20] });
      await rig.serve();
      const stranger = await rig.stranger();
      stranger.packet(rawNamePacket({ name: "a@here" }));
      while (stranger.received.length < 2 * (5 + 28)) await rig.clock.advance(10);
      const challenge = stranger.takePackets()[1]?.readUInt32BE(9) ?? 0;
      const digest = rawDigest(COOKIE, challenge);
      const following = Buffer.from(Array.from({ length: 100 }, (_, index) => index));
      const reply = Buffer.concat([rawBytes("0015 72 00000001"), digest, following]);
      stranger.channel.write([reply]);
      await rig.clock.advance(2_000);
      const { channel, rest } = { channel: rig.channels[0], rest: rig.accepted[0]?.outcome?.rest };
      let seen = Buffer.from(rest ?? []).toString("hex");
      channel?.handle({
        onData: (chunk) => {
          seen += Buffer.from(chunk).toString("hex");
        },
        onDrain: () => {},
        onClose: () => {},
      });
      await rig.clock.advance(3_000);
      expect(seen).toBe(following.toString("hex"));
    }
  }
});

test("a handshake cut off at any byte fails once, and holds nothing", async () => {
  const name = Buffer.concat([rawBytes("0015"), rawNamePacket({ name: "a@here" })]);
  for (let length = 0; length <= name.length; length++) {
    const rig = new HandshakeRig();
    await rig.serve();
    const stranger = await rig.stranger();
    stranger.channel.write([name.subarray(0, length)]);
    await rig.settle();
    stranger.channel.destroy();
    await rig.settle();
    expect([length, rig.accepted[0]?.error]).toMatchObject([
      length,
      { code: "ERR_HANDSHAKE_CLOSED" },
    ]);
    expect(rig.outstanding.size).toBe(0);
  }
});
