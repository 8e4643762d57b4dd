import { expect, test } from "vitest";
import { hex } from "../../../../test/vectors/wire/streams.ts";
import { TermDecoder } from "../etf/decode-term.ts";
import { type Atom, atom } from "../term/atom.ts";
import { DistHeader } from "./dist-header.ts";
import { WireError } from "./errors.ts";

function headers(limitAtoms?: number): {
  read(text: string | Buffer): { refs: (Atom | boolean)[]; at: number };
} {
  const limits = limitAtoms === undefined ? {} : { atoms: limitAtoms };
  const header = new DistHeader(new TermDecoder({ limits }), true);
  return {
    read(text) {
      const bytes = typeof text === "string" ? hex(text) : text;
      const at = header.read(bytes, 0, bytes.length);
      return { refs: [...header.refs], at };
    },
  };
}

test("DH-1: no references, no flags", () => {
  expect(headers().read("00 68")).toEqual({ refs: [], at: 1 });
});

test("TV-8, TV-9, TV-10: new entries of three segments, then known ones", () => {
  const header = headers();
  const [a29, fake, yes] = [atom("a29@vm"), atom("fake@vm"), atom("yes")];
  const first = header.read("03 9d0a 03 06 61323940766d 83 07 66616b6540766d f8 03 796573 68");
  expect(first).toEqual({ refs: [a29, fake, yes], at: 25 });
  expect(header.read("03 1502 03 83 f8").refs).toEqual([a29, fake, yes]);
  // N = 2 is even: one more byte, for the bit that says long.
  expect(header.read("02 5100 83 03 68")).toEqual({ refs: [fake, a29], at: 5 });
  // TV-11: two known, one new.
  expect(header.read("03 1508 03 83 0a 06 72657475726e").refs).toEqual([a29, fake, atom("return")]);
});

test("DH-4, DH-14: LongAtoms is the half byte behind the last reference's", () => {
  const long = "中".repeat(255);
  const text = Buffer.from(long, "utf8").toString("hex");
  expect(headers().read(`01 18 05 02fd ${text}`).refs).toEqual([atom(long)]);
  expect(headers().read(`02 88 01 05 02fd ${text} 06 0002 6f6b`).refs).toEqual([
    atom(long),
    atom("ok"),
  ]);
});

test("true and false are the booleans here too", () => {
  expect(headers().read("02 8800 01 04 74727565 02 05 66616c7365").refs).toEqual([true, false]);
});

test("within one header a new entry is known to the references behind it", () => {
  expect(headers().read("02 0800 07 01 61 07").refs).toEqual([atom("a"), atom("a")]);
});

test("AC-08: all 2048 slots, each overwritten, hold what was put there last", () => {
  const header = headers();
  const name = (round: number, slot: number): string => `s${round}_${slot}`;
  const entry = (round: number, slot: number): Buffer => {
    const text = Buffer.from(name(round, slot));
    return Buffer.concat([Buffer.from([1, 8 | (slot >> 8), slot & 255, text.length]), text]);
  };
  for (const round of [1, 2]) {
    for (let slot = 0; slot < 2048; slot++) header.read(entry(round, slot));
    for (let slot = 0; slot < 2048; slot++) {
      const { refs } = header.read(Buffer.from([1, slot >> 8, slot & 255]));
      expect(refs).toEqual([atom(name(round, slot))]);
    }
  }
});

test.each([
  ["AC-01: 255 references announced, none there", "ff"],
  ["AC-02: a slot that was never filled", "01 00 07 68016106"],
  ["AC-03: a new entry that is not UTF-8", "01 08 00 02 fffe"],
  ["AC-04: an atom of 256 characters", `01 18 00 0100 ${"61".repeat(256)}`],
  ["AC-06: 5 references with 2 bytes of flags", "05 0000"],
  ["AC-07: an entry longer than the frame", "01 08 00 05 6161"],
  ["AC-07: a long entry longer than the frame", "01 18 00 0005 6161"],
  ["AC-07: an entry without a length", "01 08 00"],
  ["a header without its count", ""],
])("%s: an error", (_, text) => {
  expect(() => headers().read(text)).toThrow(/distribution header|external term/);
});

test("AC-10: atoms that are new all the time end at the limit", () => {
  const header = headers(100);
  const entry = (i: number): Buffer => {
    const text = Buffer.from(`never_seen_${i}_`.padEnd(255, "x"));
    return Buffer.concat([Buffer.from([1, 8, 0, text.length]), text]);
  };
  for (let i = 0; i < 100; i++) header.read(entry(i));
  expect(() => header.read(entry(100))).toThrow("limits.atoms");
});

test("AC-11: the largest header there can be is read", () => {
  const count = 255;
  const parts = [Buffer.from([count]), Buffer.alloc(128, 0x88)];
  (parts[1] as Buffer)[127] = 0x18;
  for (let i = 0; i < count; i++) {
    const text = Buffer.from(String.fromCodePoint(0x10000 + i) + "\u{10fff}".repeat(254), "utf8");
    expect(text.length).toBe(1020);
    parts.push(Buffer.from([i, text.length >> 8, text.length & 255]), text);
  }
  expect(headers().read(Buffer.concat(parts)).refs).toHaveLength(count);
});

test("references without an agreed atom cache are an error", () => {
  const header = new DistHeader(new TermDecoder(), false);
  expect(header.read(hex("00"), 0, 1)).toBe(1);
  expect(() => header.read(hex("01 08 00 01 61"), 0, 5)).toThrow(WireError);
});
