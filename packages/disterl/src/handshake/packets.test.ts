import { expect, test } from "vitest";
import { HandshakeError } from "./errors.ts";
import * as packets from "./packets.ts";

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(" ", ""), "hex");
const shown = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Code of the HandshakeError that parsing throws. */
function refusalOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof HandshakeError) return error.code;
    throw error;
  }
  return "accepted";
}

test("TV-1: the name of ctl@vm, creation 77, hidden", () => {
  const bytes = hex("4e 0000000d07df7fbc 0000004d 0006 63746c40766d");
  const name = { version: 6, name: "ctl@vm", flags: 0x0000000d07df7fbcn, creation: 77 } as const;
  expect(packets.parseName(bytes)).toEqual(name);
  expect(shown(packets.buildName(name))).toBe(shown(bytes));
});

test("TV-2: status ok", () => {
  expect(packets.parseStatus(hex("736f6b"))).toEqual({ kind: "ok" });
  expect(shown(packets.buildStatus({ kind: "ok" }))).toBe("736f6b");
});

test("TV-3: the challenge of p29@vm", () => {
  const bytes = hex("4e 0000006d07df7fbd d768b37b 6b0176dd 0006 70323940766d");
  const challenge = {
    version: 6,
    name: "p29@vm",
    flags: 0x0000006d07df7fbdn,
    challenge: 0xd768b37b,
    creation: 0x6b0176dd,
  } as const;
  expect(packets.parseChallenge(bytes)).toEqual(challenge);
  expect(shown(packets.buildChallenge(challenge))).toBe(shown(bytes));
});

test("TV-4 and TV-5: reply and ack", () => {
  const reply = hex("72 fc317cb9 ef164b60d966bcd88db6d04876c08409");
  const parsed = packets.parseChallengeReply(reply);
  expect(parsed.challenge).toBe(0xfc317cb9);
  expect(shown(parsed.digest)).toBe("ef164b60d966bcd88db6d04876c08409");
  expect(shown(packets.buildChallengeReply(parsed))).toBe(shown(reply));
  const ack = hex("61 368106879d1cb05ac3fbca79cd7da77d");
  expect(shown(packets.buildAck(packets.parseAck(ack)))).toBe(shown(ack));
});

test("every status, there and back", () => {
  for (const kind of ["ok", "ok_simultaneous", "nok", "not_allowed", "alive"] as const) {
    expect(packets.parseStatus(packets.buildStatus({ kind }))).toEqual({ kind });
  }
  const named = { kind: "named", name: "3AXK0QPLVZ81S@høst", creation: 0xfffffffe } as const;
  expect(packets.parseStatus(packets.buildStatus(named))).toEqual(named);
  expect(packets.parseStatus(hex("73 6e616d65643a 0003 614062 00000005 ffff"))).toEqual({
    kind: "named",
    name: "a@b",
    creation: 5,
  });
});

test("the answer to alive", () => {
  expect(shown(packets.buildStatusReply(true))).toBe("7374727565");
  expect(packets.parseStatusReply(hex("7374727565"))).toBe(true);
  expect(packets.parseStatusReply(hex("7366616c7365"))).toBe(false);
  expect(refusalOf(() => packets.parseStatusReply(hex("736e6f")))).toBe("ERR_HANDSHAKE_MALFORMED");
});

test("the old name and its complement", () => {
  const bytes = hex("6e 0005 07df7fbd 614062");
  expect(packets.parseName(bytes)).toEqual({
    version: 5,
    name: "a@b",
    flags: 0x07df7fbdn,
    creation: 0,
  });
  const old = { version: 5, name: "a@b", flags: 0x0000000d07df7fbdn, creation: 9 } as const;
  expect(shown(packets.buildName(old))).toBe(shown(bytes));
  const complement = { flagsHigh: 0x0000000d00000000n, creation: 9 };
  expect(shown(packets.buildComplement(complement))).toBe("630000000d00000009");
  expect(packets.parseComplement(hex("63 0000000d 00000009"))).toEqual(complement);
  expect(packets.parseChallenge(hex("6e 0005 07df7fbd d768b37b 614062"))).toEqual({
    version: 5,
    name: "a@b",
    flags: 0x07df7fbdn,
    challenge: 0xd768b37b,
    creation: 0,
  });
});

test("names are Latin-1", () => {
  const packet = packets.buildName({ version: 6, name: "a@hø", flags: 0n, creation: 1 });
  expect(shown(packet.subarray(15))).toBe("614068f8");
  expect(packets.parseName(packet).name).toBe("a@hø");
  expect(() => packets.buildName({ version: 6, name: "a@ӓ", flags: 0n, creation: 1 })).toThrow(
    TypeError,
  );
});

test("a cut packet is refused at every length, what follows a name is ignored", () => {
  const whole = {
    name: [packets.parseName, hex("4e 0000000d07df7fbc 0000004d 0006 63746c40766d")],
    named: [packets.parseStatus, hex("73 6e616d65643a 0003 614062 00000005")],
    challenge: [packets.parseChallenge, hex("4e 0000006d07df7fbd d768b37b 6b0176dd 0001 70")],
    complement: [packets.parseComplement, hex("63 0000000d 00000009")],
    reply: [packets.parseChallengeReply, hex("72 fc317cb9 ef164b60d966bcd88db6d04876c08409")],
    ack: [packets.parseAck, hex("61 368106879d1cb05ac3fbca79cd7da77d")],
  } as const;
  for (const [what, [parse, bytes]] of Object.entries(whole)) {
    for (let length = 0; length < bytes.length; length++) {
      const code = refusalOf(() => parse(bytes.subarray(0, length)));
      expect(code, `${what} cut to ${length}`).toMatch(/MALFORMED|UNEXPECTED_STATUS/);
    }
    const longer = Buffer.concat([bytes, hex("00ff00ff00")]);
    const residue = ["name", "named", "challenge"].includes(what)
      ? "accepted"
      : "ERR_HANDSHAKE_MALFORMED";
    expect(
      refusalOf(() => parse(longer)),
      `${what} with residue`,
    ).toBe(residue);
  }
});

test("a refusal tells step, tag and offset", () => {
  expect(() => packets.parseChallengeReply(hex("61 00"))).toThrow(
    `handshake, step "challenge reply": expected the tag 'r' (72), found 'a' (61)`,
  );
  expect(() => packets.parseName(hex("4e 0000000d07df7fbc 0000004d 01f4 616263"))).toThrow(/500/);
  expect(() => packets.parseName(hex("4e 0000000d07df7fbc 0000004d 0009 616263"))).toThrow(
    /offset 15/,
  );
  expect(() => packets.parseStatus(hex("73 78797a7a79 1b"))).toThrow(/"xyzzy\\u\{1b\}"/);
});
