import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { equalTerms } from "../term/equal-terms.ts";
import { formatTerm } from "../term/format-term.ts";
import type { Term } from "../term/term.ts";
import { isTuple, TupleArray, t } from "../term/tuple.ts";
import { TermDecoder } from "./decode-term.ts";
import { EtfError, type EtfErrorCode } from "./errors.ts";
import { decodeTerm, encodeTerm } from "./external-term.ts";
import type { DecodeLimits } from "./limits.ts";

function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}

/** Stand-alone, and as the payload of a frame: both must refuse, and in the same way. */
function expectRefused(
  hex: string | Uint8Array,
  code: EtfErrorCode,
  limits: Partial<DecodeLimits> = {},
): void {
  const payload = typeof hex === "string" ? bytesOf(hex) : hex;
  const alone = Buffer.concat([Buffer.of(131), payload]);
  expect(() => decodeTerm(alone, { limits })).toThrow(refusedWith(code));
  for (const retain of [true, false]) {
    const decoder = new TermDecoder({ limits });
    expect(() => decoder.decode(payload, 0, payload.length, [], retain)).toThrow(refusedWith(code));
  }
}

function refusedWith(code: EtfErrorCode): Error {
  return expect.objectContaining({ code });
}

/** Runs without asking for much more memory than it has input. */
function expectFrugal(work: () => void, bytes = 4_000_000): void {
  const before = process.memoryUsage();
  work();
  const after = process.memoryUsage();
  expect(after.rss - before.rss).toBeLessThan(bytes + 60_000_000);
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(bytes);
}

describe("hostile terms", () => {
  test("ET-01: no payload, and 131 alone", () => {
    expectRefused("", "ERR_ETF_TRUNCATED");
    expect(() => decodeTerm(new Uint8Array(0))).toThrow(EtfError);
    expect(() => decodeTerm(bytesOf("83"))).toThrow(EtfError);
  });

  test("ET-02: a tuple that announces 4 294 967 295 elements", () => {
    expectFrugal(() => expectRefused("69 ffffffff", "ERR_ETF_VALUE"));
    expectFrugal(() => expectRefused("69 00ffffff 6161", "ERR_ETF_TRUNCATED"));
  });

  test("ET-03: a list that announces 4 294 967 295 items", () => {
    expectFrugal(() => expectRefused("6c ffffffff", "ERR_ETF_TRUNCATED"));
  });

  test("ET-04: a binary longer than its bytes", () => {
    expectFrugal(() => expectRefused("6d ffffffff 01", "ERR_ETF_TRUNCATED"));
  });

  test("ET-05: a map that announces 2 147 483 647 pairs", () => {
    expectFrugal(() => expectRefused("74 7fffffff", "ERR_ETF_TRUNCATED"));
  });

  test("ET-06: an integer that announces 4 294 967 295 bytes", () => {
    expectFrugal(() => expectRefused("6f ffffffff 00", "ERR_ETF_LIMIT"));
  });

  test("ET-07: an integer of 1 MiB is above limits.bigBytes", () => {
    const big = Buffer.concat([bytesOf("6f 00100000 00"), Buffer.alloc(1 << 20, 0xff)]);
    expectRefused(big, "ERR_ETF_LIMIT");
    expectRefused("6e 09 00 000000000000000001", "ERR_ETF_LIMIT", { bigBytes: 8 });
  });

  test("ET-08: a tag there is not, and every tag with nothing behind it", () => {
    expectRefused("c8", "ERR_ETF_TAG");
    for (let tag = 0; tag < 256; tag++) {
      if (tag === 106) continue; // NIL_EXT is all there is to it.
      const decoder = new TermDecoder();
      expect(() => decoder.decode(Buffer.of(tag), 0, 1, undefined, true)).toThrow(EtfError);
      // LOCAL_EXT is whatever its node put behind it, nothing included.
      if (tag !== 121) expect(() => decodeTerm(Buffer.of(131, tag))).toThrow(EtfError);
    }
  });

  test("ET-09: NaN and the infinities", () => {
    expectRefused("46 7ff8000000000000", "ERR_ETF_VALUE");
    expectRefused("46 7ff0000000000000", "ERR_ETF_VALUE");
    expectRefused("46 fff0000000000000", "ERR_ETF_VALUE");
  });

  test("ET-10: an old float whose text is no number", () => {
    const text = Buffer.alloc(31);
    for (const bad of ["not a number", "", "1.0e999", "0x10.0", "1", "Infinity", "1.0 junk"]) {
      text.fill(0).write(bad);
      expectRefused(Buffer.concat([Buffer.of(99), text]), "ERR_ETF_VALUE");
    }
  });

  test("ET-11: atoms of more than 255 characters", () => {
    expectRefused(`64 012c ${"61".repeat(300)}`, "ERR_ETF_VALUE");
    expectRefused(`76 0100 ${"61".repeat(256)}`, "ERR_ETF_VALUE");
    expectRefused(`76 0400 ${"f09f9880".repeat(256)}`, "ERR_ETF_VALUE");
  });

  test("ET-12: atoms that are not UTF-8", () => {
    for (const bad of ["c328", "ff", "c0af", "eda080", "f4908080", "e282"]) {
      expectRefused(`77 ${(bad.length / 2).toString(16).padStart(2, "0")} ${bad}`, "ERR_ETF_VALUE");
    }
  });

  test("ET-13: a map with the same key twice", () => {
    expectRefused("74 00000002 6101 6101 6101 6102", "ERR_ETF_VALUE");
    expectRefused("74 00000002 770161 6101 770161 6102", "ERR_ETF_VALUE");
    // 1 by another tag; a list of bytes by another tag; a tuple.
    expectRefused("74 00000002 6101 6101 6200000001 6102", "ERR_ETF_VALUE");
    expectRefused("74 00000002 6b000101 6101 6c00000001 6101 6a 6102", "ERR_ETF_VALUE");
    expectRefused("74 00000002 68016101 6101 68016101 6102", "ERR_ETF_VALUE");
  });

  test("ET-13: the same map a second time is refused again", () => {
    const bytes = bytesOf("74 00000002 770161 6101 770161 6102");
    const decoder = new TermDecoder();
    for (let i = 0; i < 3; i++) {
      expect(() => decoder.decode(bytes, 0, bytes.length, undefined, true)).toThrow(EtfError);
    }
  });

  test.each([
    ["lists", "6c00000001", "6a", "6a"],
    ["tails", "6c000000016101", "", "6a"],
    ["tuples", "6801", "", "6a"],
  ])(
    "ET-14: %s a million deep, there and back",
    (_name, head, tail, inner) => {
      const levels = 1_000_000;
      const hex = `83${head.repeat(levels)}${inner}${tail.repeat(levels)}`;
      const bytes = bytesOf(hex);
      const term = decodeTerm(bytes);
      const again = encodeTerm(term);
      expect(equalTerms(term, decodeTerm(again))).toBe(true);
      expect(formatTerm(term).length).toBeGreaterThan(levels);
    },
    30_000,
  );

  test("ET-14: limits.depth", () => {
    const nested = (levels: number) => `${"6801".repeat(levels)}6a`;
    expectRefused(nested(11), "ERR_ETF_LIMIT", { depth: 10 });
    expectRefused(nested(501), "ERR_ETF_LIMIT", { depth: 500 });
    expect(() => decodeTerm(bytesOf(`83${nested(10)}`), { limits: { depth: 10 } })).not.toThrow();
    expect(() => decodeTerm(bytesOf(`83${nested(500)}`), { limits: { depth: 500 } })).not.toThrow();
  });

  test.each([
    ["tuples", "6802 6101", ""],
    ["map values", "74 00000001 6101", ""],
    ["map keys", "74 00000001", "6101"],
    ["improper lists", "6c 00000001 68 02 6101", "6102"],
    [
      "variables of funs",
      `70 00000000 00 ${"00".repeat(16)} 00000000 00000001 77016d 6100 6100 58 770161 ${"00".repeat(12)}`,
      "",
    ],
    ["fields of records", "43 00000001 01 77016d 770172 770166", ""],
  ])(
    "ET-15: %s 100 000 deep, there and back",
    (_name, before, after) => {
      const levels = 100_000;
      const [head, tail] = [before.replaceAll(" ", ""), after];
      const bytes = bytesOf(`83${head.repeat(levels)}6a${tail.repeat(levels)}`);
      const term = decodeTerm(bytes);
      const again = encodeTerm(term);
      expect(again.length).toBe(bytes.length);
      expect(Buffer.compare(encodeTerm(decodeTerm(again)), again)).toBe(0);
    },
    30_000,
  );

  test("ET-16: compressed terms inside others", () => {
    const inner = Buffer.from(encodeTerm("x".repeat(100), { compressed: true }));
    expect(inner[1]).toBe(80);
    for (const payload of [inner, inner.subarray(1)]) {
      const decoder = new TermDecoder();
      expect(() => decoder.decode(payload, 0, payload.length, [], true)).toThrow(
        refusedWith("ERR_ETF_TAG"),
      );
    }
    expectRefused(Buffer.concat([Buffer.of(104, 1), inner]), "ERR_ETF_TAG");
    expectRefused(Buffer.concat([Buffer.of(104, 1), inner.subarray(1)]), "ERR_ETF_TAG");
  });

  const zipped = (announced: number, content: Uint8Array): Uint8Array => {
    const head = Buffer.from([131, 80, 0, 0, 0, 0]);
    head.writeUInt32BE(announced, 2);
    return Buffer.concat([head, deflateSync(content)]);
  };
  test("ET-17: a compressed term longer or shorter than it announces", () => {
    const content = bytesOf("6d 00000005 6865656c6f");
    expect(decodeTerm(zipped(content.length, content))).toEqual(
      new Uint8Array(content.subarray(5)),
    );
    for (const announced of [4, content.length - 1, content.length + 1, 0]) {
      expect(() => decodeTerm(zipped(announced, content))).toThrow(
        refusedWith("ERR_ETF_COMPRESSED"),
      );
    }
  });

  test("ET-18: a few bytes that announce 4 GiB", () => {
    expectFrugal(() => {
      const bomb = zipped(0xffff_ffff, bytesOf("6101"));
      expect(() => decodeTerm(bomb)).toThrow(refusedWith("ERR_ETF_LIMIT"));
    });
    // Within the limit, yet not there.
    expectFrugal(() => {
      const lie = zipped(1_000_000, bytesOf("6101"));
      expect(() => decodeTerm(lie)).toThrow(refusedWith("ERR_ETF_COMPRESSED"));
    });
  });

  test("ET-19: 261 KB that inflate to 256 MiB", () => {
    const size = 256 * 1024 * 1024;
    const stream = deflateSync(Buffer.alloc(size));
    for (const announced of [size, 60_000_000, 1_000_000]) {
      const head = Buffer.from([131, 80, 0, 0, 0, 0]);
      head.writeUInt32BE(announced, 2);
      const bomb = Buffer.concat([head, stream]);
      expect(() => decodeTerm(bomb)).toThrow(EtfError);
    }
  });

  test("ET-19: limits.inflateBytes, and the ratio above 1 MiB", () => {
    const content = Buffer.concat([bytesOf("6d 00020000"), Buffer.alloc(0x20000)]);
    const term = zipped(content.length, content);
    expect(() => decodeTerm(term, { limits: { inflateBytes: 1000 } })).toThrow(
      refusedWith("ERR_ETF_LIMIT"),
    );
    expect((decodeTerm(term) as Uint8Array).length).toBe(0x20000);
    const large = Buffer.concat([bytesOf("6d 00800000"), Buffer.alloc(0x800000)]);
    expect(() => decodeTerm(zipped(large.length, large))).toThrow(refusedWith("ERR_ETF_LIMIT"));
  });

  test("ET-20: a zlib stream cut short, with a bad checksum, with bytes behind it", () => {
    const content = bytesOf("6d 00000005 6865656c6f");
    const good = zipped(content.length, content);
    expect(() => decodeTerm(good.subarray(0, -5))).toThrow(refusedWith("ERR_ETF_COMPRESSED"));
    const wrong = Uint8Array.from(good);
    wrong[wrong.length - 1] = (wrong[wrong.length - 1] as number) ^ 1;
    expect(() => decodeTerm(wrong)).toThrow(refusedWith("ERR_ETF_COMPRESSED"));
    expect(() => decodeTerm(Buffer.concat([good, Buffer.of(0)]))).toThrow(
      refusedWith("ERR_ETF_TRAILING"),
    );
    expect(() => decodeTerm(bytesOf("83 6101 00"))).toThrow(refusedWith("ERR_ETF_TRAILING"));
  });

  test("ET-21: a string longer than its bytes", () => {
    expectRefused("6b ffff 61", "ERR_ETF_TRUNCATED");
  });

  test("ET-22: 5 000 001 integers in a list", () => {
    const bytes = Buffer.alloc(5 + 2 * 5_000_001 + 1, 97);
    bytes[0] = 108;
    bytes.writeUInt32BE(5_000_001, 1);
    bytes[bytes.length - 1] = 106;
    const began = process.cpuUsage();
    expectRefused(bytes, "ERR_ETF_LIMIT");
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1000).toBeLessThan(100);
    expectRefused("6b 0003 010203", "ERR_ETF_LIMIT", { nodes: 2 });
    expectRefused("6802 6b000101 6b000101", "ERR_ETF_LIMIT", { nodes: 3 });
  });

  test("ET-23: a reference of 65 535 words, and of none", () => {
    expectRefused("5a ffff 770161 00000001", "ERR_ETF_VALUE");
    expectRefused("5a 0006 770161 00000001", "ERR_ETF_VALUE");
    expectRefused("5a 0000 770161 00000001", "ERR_ETF_VALUE");
  });

  test("ET-24: identifiers whose node is no atom", () => {
    for (const tag of ["58", "59", "5a0001", "65", "66", "67", "720001", "78"]) {
      expectRefused(`${tag} 6101 ${"00".repeat(20)}`, "ERR_ETF_VALUE");
      expectRefused(`${tag} 770474727565 ${"00".repeat(20)}`, "ERR_ETF_VALUE");
    }
  });

  test("ET-25: an external fun whose module is no atom, or whose arity is no arity", () => {
    expectRefused("71 6101 770166 6101", "ERR_ETF_VALUE");
    expectRefused("71 77016d 6101 6101", "ERR_ETF_VALUE");
    expectRefused("71 77016d 770166 770161", "ERR_ETF_VALUE");
    expectRefused("71 77016d 770166 62 00000100", "ERR_ETF_VALUE");
  });

  test("nested lists that each announce all that is left allocate in proportion to the bytes", () => {
    // Each says that the rest of the message is its own items: only the first can be right.
    const levels = 20_000;
    const bytes = Buffer.alloc(5 * levels + 100_000);
    for (let i = 0; i < levels; i++) {
      bytes[5 * i] = 108;
      bytes.writeUInt32BE(bytes.length - 5 * i - 6, 5 * i + 1);
    }
    expectFrugal(() => expectRefused(bytes, "ERR_ETF_TRUNCATED"));
  });

  test("limits.atoms is for the life of a decoder, and known atoms are free", () => {
    const decoder = new TermDecoder({ limits: { atoms: 2 } });
    const read = (name: string): Term => {
      const bytes = Buffer.concat([Buffer.of(119, name.length), Buffer.from(name)]);
      return decoder.decode(bytes, 0, bytes.length, undefined, false);
    };
    const held = [read("hostile_atom_1"), read("hostile_atom_2")];
    expect(() => read("hostile_atom_3")).toThrow(refusedWith("ERR_ETF_LIMIT"));
    expect(read("hostile_atom_1")).toBe(held[0]);
    expect(read("ok")).toBeDefined();
  });

  test("funs and records that are none", () => {
    const fun = (free: string, index = "6100", pid = "58 770161") =>
      `70 00000000 00 ${"00".repeat(16)} 00000000 ${free} 77016d ${index} 6100 ${pid} ${"00".repeat(12)}`;
    expectRefused(`${fun("00000100")} ${"6a".repeat(256)}`, "ERR_ETF_VALUE");
    expectRefused(fun("00000001"), "ERR_ETF_TRUNCATED");
    expectRefused(fun("00000000", "770161"), "ERR_ETF_VALUE");
    expectRefused(fun("00000000", "6100", "59 770161"), "ERR_ETF_VALUE");
    expectRefused("43 00000001 02 77016d 770172 770166 6101", "ERR_ETF_VALUE");
    expectRefused("43 00000002 01 77016d 770172 770166 770166 6101 6101", "ERR_ETF_VALUE");
    expectRefused("43 ffffffff 01 77016d 770172", "ERR_ETF_TRUNCATED");
    expectRefused("43 00000001 01 6101 770172 770166 6101", "ERR_ETF_VALUE");
  });

  test("bit strings with impossible last bytes", () => {
    expectRefused("4d 00000001 00 ff", "ERR_ETF_VALUE");
    expectRefused("4d 00000001 09 ff", "ERR_ETF_VALUE");
    expectRefused("4d 00000000 01", "ERR_ETF_VALUE");
  });
});

interface Vector {
  readonly name: string;
  readonly hex: string;
}

/** The vectors that are not too long to be read some thousand times. */
const vectors = [25, 29].flatMap((release): Vector[] => {
  const url = new URL(`../../../../test/vectors/etf/otp-${release}.json`, import.meta.url);
  const file = JSON.parse(readFileSync(url, "utf8")) as { vectors: Vector[] };
  return file.vectors.filter(({ hex, name }) => hex.length < 3000 && name !== "local");
});

describe("every vector", () => {
  test("ET-26: cut at every byte it is an error, never a term", () => {
    for (const { name, hex } of vectors) {
      const bytes = bytesOf(hex);
      for (let end = 0; end < bytes.length; end++) {
        let outcome: unknown = "a term";
        try {
          decodeTerm(bytes.subarray(0, end));
        } catch (error) {
          outcome = error;
        }
        expect(outcome, `${name} cut at ${end}`).toBeInstanceOf(EtfError);
      }
    }
  }, 60_000);

  test("ET-27: with any bit flipped it is an error or a term that can be encoded", () => {
    for (const { name, hex } of vectors.filter((vector) => vector.hex.length < 300)) {
      const bytes = Uint8Array.from(bytesOf(hex));
      const view = new DataView(bytes.buffer);
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        const at = bit >> 3;
        const whole = view.getUint8(at);
        view.setUint8(at, whole ^ (1 << (bit & 7)));
        try {
          const term = decodeTerm(bytes);
          expect(encodeTerm(term).length).toBeGreaterThan(1);
        } catch (error) {
          expect(error, `${name}, bit ${bit}: ${String(error)}`).toBeInstanceOf(EtfError);
        }
        view.setUint8(at, whole);
      }
    }
  }, 60_000);
});

test("a tuple from the stack machine is the same kind of thing as any other", () => {
  let nested: Term = t();
  for (let i = 0; i < 300; i++) nested = t(nested);
  let term = decodeTerm(encodeTerm(nested));
  let levels = 0;
  while (isTuple(term) && term.length > 0) {
    expect(term).toBeInstanceOf(TupleArray);
    term = term[0] as Term;
    levels += 1;
  }
  expect(levels).toBe(300);
});
