import { describe, expect, test } from "vitest";
import { atom, atoms } from "../term/atom.ts";
import { Binary } from "../term/binary.ts";
import { Float } from "../term/float.ts";
import { ImproperList } from "../term/list.ts";
import { LocalTerm } from "../term/local-term.ts";
import type { Term } from "../term/term.ts";
import { TermMap } from "../term/term-map.ts";
import { t } from "../term/tuple.ts";
import { TermDecoder } from "./decode-term.ts";
import { decodeTerm, encodeTerm } from "./external-term.ts";

function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}

describe("what terms become", () => {
  test("integers are numbers while safe", () => {
    expect(decodeTerm(bytesOf("83 6e 07 00 ffffffffffff1f"))).toBe(Number.MAX_SAFE_INTEGER);
    expect(decodeTerm(bytesOf("83 6e 07 00 00000000000020"))).toBe(2n ** 53n);
    expect(decodeTerm(bytesOf("83 6e 07 01 ffffffffffff1f"))).toBe(-Number.MAX_SAFE_INTEGER);
    expect(Object.is(decodeTerm(bytesOf("83 6e 00 01")), 0)).toBe(true);
  });

  test('integers: "bigint"', () => {
    const term = decodeTerm(encodeTerm([1, 256, [1, 2], 2 ** 40, 0.5]), { integers: "bigint" });
    expect(term).toEqual([1n, 256n, [1n, 2n], 2n ** 40n, 0.5]);
  });

  test("floats without a fraction are Floats", () => {
    expect(decodeTerm(bytesOf("83 46 3ff0000000000000"))).toEqual(new Float(1));
    const zero = decodeTerm(bytesOf("83 46 8000000000000000")) as Float;
    expect(Object.is(zero.value, -0)).toBe(true);
  });

  test("atoms are identical, true and false are booleans", () => {
    expect(decodeTerm(bytesOf("83 68 03 77026f6b 7302 6f6b 64 0004 74727565"))).toEqual(
      t(atoms.ok, atoms.ok, true),
    );
    expect(decodeTerm(bytesOf("83 77026f6b"))).toBe(atoms.ok);
  });

  test("a string is a list of its bytes", () => {
    expect(decodeTerm(bytesOf("83 6b 0003 010203"))).toEqual([1, 2, 3]);
  });

  test("a list in the place of a tail is more of the list", () => {
    expect(decodeTerm(bytesOf("83 6c00000001 6101 6c00000002 6102 6103 6b000104"))).toEqual([
      1, 2, 3, 4,
    ]);
    expect(decodeTerm(bytesOf("83 6c00000000 77026f6b"))).toBe(atoms.ok);
    expect(decodeTerm(bytesOf("83 6c00000001 6101 6c00000001 6102 77026f6b"))).toEqual(
      new ImproperList([1, 2], atoms.ok),
    );
  });

  test("a local term is its bytes", () => {
    const term = decodeTerm(bytesOf("83 79 0102030405"));
    expect(term).toEqual(new LocalTerm(new Uint8Array([1, 2, 3, 4, 5])));
    expect(encodeTerm(term)).toEqual(Uint8Array.from(bytesOf("83 79 0102030405")));
    expect(decodeTerm(encodeTerm(term, { compressed: true }))).toEqual(term);
  });
});

describe("binaries", () => {
  const small = Buffer.from("hello");
  const large = Buffer.alloc(5000, 7);
  const bytes = encodeTerm([small, large]);

  test("small ones are copied, large ones are views where the memory may be kept", () => {
    const [first, second] = decodeTerm(bytes) as unknown as Uint8Array[];
    expect(Buffer.from(first as Uint8Array)).toEqual(small);
    expect(first?.buffer).not.toBe(bytes.buffer);
    expect(second?.buffer).toBe(bytes.buffer);
    expect(first?.buffer.byteLength).toBeLessThan(10_000);
  });

  test("nothing is a view where the memory is reused", () => {
    const chunk = Uint8Array.from(bytes);
    for (const binaries of ["bytes", "lazy"] as const) {
      const decoder = new TermDecoder({ binaries });
      const term = decoder.decode(chunk, 1, chunk.length, undefined, false);
      chunk.fill(0, 1);
      expect(Buffer.compare(encodeTerm(term), bytes)).toBe(0);
      chunk.set(bytes);
    }
  });

  test("a bit string of whole bytes is a binary like any other", () => {
    const bytes = bytesOf("83 4d 00000002 08 6869");
    expect(decodeTerm(bytes)).toEqual(new Uint8Array([0x68, 0x69]));
    expect(decodeTerm(bytes, { binaries: "text" })).toBe("hi");
    expect(String(decodeTerm(bytes, { binaries: "lazy" }))).toBe("hi");
  });

  test('"lazy" gives Binary, "text" strings where they are UTF-8', () => {
    const some = encodeTerm(["å", Buffer.of(255), "", "x".repeat(300), "€".repeat(200)]);
    const lazy = decodeTerm(some, { binaries: "lazy" }) as unknown as Binary[];
    expect(lazy.every((one) => one instanceof Binary)).toBe(true);
    expect(String(lazy[0])).toBe("å");
    expect(decodeTerm(some, { binaries: "text" })).toEqual([
      "å",
      new Uint8Array([255]),
      "",
      "x".repeat(300),
      "€".repeat(200),
    ]);
  });
});

describe('maps: "object"', () => {
  const options = { maps: "object", binaries: "text" } as const;
  const read = (entries: [Term, Term][]) => decodeTerm(encodeTerm(new TermMap(entries)), options);

  test("atoms and text are names", () => {
    const object = read([
      [atom("id"), 1],
      ["name", new TermMap([[atom("first"), "Ada"]])],
    ]);
    expect(object).toEqual({ id: 1, name: { first: "Ada" } });
    expect("toString" in (object as object)).toBe(false);
  });

  test("__proto__ is a name like any other", () => {
    const object = read([["__proto__", 1]]) as Record<string, unknown>;
    expect(Object.keys(object)).toEqual(["__proto__"]);
    expect(object["__proto__"]).toBe(1);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("where that would lose something, it is a TermMap", () => {
    for (const entries of [
      [[1, 2]],
      [
        [atom("a"), 1],
        ["a", 2],
      ],
      [[true, 1]],
      [[Buffer.of(255), 1]],
    ] as [Term, Term][][]) {
      expect(read(entries)).toBeInstanceOf(TermMap);
    }
  });
});

describe("keys of maps", () => {
  test("are shared between maps, but never a Uint8Array", () => {
    const many = encodeTerm(
      [1, 2].map(
        (n) =>
          new TermMap<Term, Term>([
            ["key", n],
            ["k2", Buffer.of(n)],
          ]),
      ),
    );
    const lazy = decodeTerm(many, { binaries: "lazy" }) as unknown as TermMap[];
    expect([...(lazy[0] as TermMap).keys()][0]).toBe([...(lazy[1] as TermMap).keys()][0]);
    const bytes = decodeTerm(many) as unknown as TermMap[];
    expect([...(bytes[0] as TermMap).keys()][0]).not.toBe([...(bytes[1] as TermMap).keys()][0]);
  });

  test("maps made of the same keys do not share what a program changes", () => {
    const many = encodeTerm(
      [1, 2, 3].map(
        (n) =>
          new TermMap<Term, Term>([
            [atom("a"), n],
            [atom("b"), n],
          ]),
      ),
    );
    const maps = decodeTerm(many) as unknown as TermMap[];
    maps[0]?.delete(atom("a"));
    maps[1]?.set(atom("c"), 9);
    expect([...(maps[2] as TermMap).keys()]).toEqual([atom("a"), atom("b")]);
    expect([...(maps[0] as TermMap).keys()]).toEqual([atom("b")]);
    expect(maps[1]?.size).toBe(3);
  });
});

describe("TermDecoder", () => {
  test("reads where it is told to, and says where it stopped", () => {
    const decoder = new TermDecoder();
    const chunk = bytesOf("ff ff 6801 6105 77026f6b ff").subarray(1);
    expect(decoder.decode(chunk, 1, 5, undefined, false)).toEqual(t(5));
    expect(decoder.position).toBe(5);
    expect(decoder.decode(chunk, 5, 9, undefined, false)).toBe(atoms.ok);
    expect(() => decoder.decode(chunk, 5, 8, undefined, false)).toThrow(
      expect.objectContaining({ code: "ERR_ETF_TRUNCATED", offset: 5, tag: 119 }),
    );
    expect(() => decoder.decode(chunk, 5, 11, undefined, false)).toThrow(TypeError);
  });

  test("gives the atoms of a header", () => {
    const decoder = new TermDecoder({ limits: { atoms: 1 } });
    const header = Buffer.from("okfalsenever_seen_1never_seen_2\xff", "latin1");
    expect(decoder.atom(header, 0, 2)).toBe(atoms.ok);
    expect(decoder.atom(header, 2, 7)).toBe(false);
    const made = decoder.atom(header, 7, 19);
    expect(made).toBe(atom("never_seen_1"));
    expect(() => decoder.atom(header, 19, 31)).toThrow(/limits\.atoms/);
    expect(() => decoder.atom(header, 31, 32)).toThrow(/not valid UTF-8/);
  });

  test("errors say where, of what was given", () => {
    const chunk = bytesOf("00 00 83 6802 6101 c8");
    expect(() => decodeTerm(chunk.subarray(2))).toThrow(
      expect.objectContaining({ code: "ERR_ETF_TAG", offset: 5, tag: 200 }),
    );
    expect(() => decodeTerm(chunk.subarray(2))).toThrow(/there is no tag 200 \(at byte 5\)/);
  });

  test("is as good as new after an error", () => {
    const decoder = new TermDecoder();
    const bad = bytesOf("6802 6c000000ff");
    expect(() => decoder.decode(bad, 0, bad.length, undefined, true)).toThrow(/LIST_EXT/);
    const good = bytesOf("6c00000001 68006a");
    expect(decoder.decode(good, 0, good.length, undefined, true)).toEqual([t()]);
  });

  test("limits are numbers from 0 up", () => {
    expect(() => new TermDecoder({ limits: { nodes: -1 } })).toThrow(TypeError);
    expect(() => new TermDecoder({ limits: { nodes: Number.NaN } })).toThrow(TypeError);
  });
});
