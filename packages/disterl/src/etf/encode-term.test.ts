import { describe, expect, test } from "vitest";
import { ByteSink } from "../bytes/byte-sink.ts";
import { type Atom, atom, atoms } from "../term/atom.ts";
import { Binary } from "../term/binary.ts";
import { float } from "../term/float.ts";
import { ExternalFun, OpaqueFun } from "../term/fun.ts";
import { ImproperList } from "../term/list.ts";
import { LocalTerm } from "../term/local-term.ts";
import { NativeRecord } from "../term/native-record.ts";
import { Pid } from "../term/pid.ts";
import { Port } from "../term/port.ts";
import { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { TermMap } from "../term/term-map.ts";
import { t } from "../term/tuple.ts";
import { TermEncoder } from "./encode-term.ts";
import { encodeTerm } from "./external-term.ts";

function hexOf(term: Term, options?: Parameters<typeof encodeTerm>[1]): string {
  return Buffer.from(encodeTerm(term, options)).toString("hex");
}

describe("what JavaScript values become", () => {
  test.each<[string, Term, string]>([
    ["a number", 300, "83620000012c"],
    ["-0, the integer", -0, "836100"],
    ["-0 in a list", [-0, 1], "836b00020001"],
    ["float(1)", float(1), "83463ff0000000000000"],
    ["a number with a fraction", 1.5, "83463ff8000000000000"],
    ["the largest safe integer", Number.MAX_SAFE_INTEGER, "836e0700ffffffffffff1f"],
    ["a bigint that fits a byte", 7n, "836107"],
    ["bytes as bigints, a string", [1n, 2, 255n], "836b00030102ff"],
    ["a bigint of 33 bits", 1n << 32n, "836e05000000000001"],
    ["a string", "å", "836d00000002c3a5"],
    ["an empty string", "", "836d00000000"],
    ["a string of 49 letters", "x".repeat(49), `836d00000031${"78".repeat(49)}`],
    ["a boolean", true, "83770474727565"],
    ["a Buffer", Buffer.from("hi"), "836d000000026869"],
    ["a lazy binary", new Binary(Buffer.from("--hi--"), 2, 2), "836d000000026869"],
  ])("%s", (_name, term, hex) => {
    expect(hexOf(term)).toBe(hex);
  });
});

describe("what is refused, where it is, and what to do", () => {
  const bad = Symbol("x") as unknown as Term;
  const pid = new Pid(atom("a@b"), 1, 2, 3);
  const fun = { module: atoms.ok, arity: 0, uniq: new Uint8Array(16), index: 0 };
  const opaque = { ...fun, oldIndex: 0, oldUniq: 0, pid, freeVariables: [] };
  const plain = (value: unknown): Term => value as Term;
  const within: unknown[] = [1];
  within.push([within]);

  test.each<[string, Term, RegExp]>([
    ["undefined", plain(undefined), /^cannot encode: undefined .*atom\("undefined"\)/],
    ["null", plain([1, null]), /^cannot encode \[1\]: null .*atom\("nil"\)/],
    ["a plain object", plain([1, { foo: 1 }]), /^cannot encode \[1\]: .*TermMap\.fromObject/],
    ["a Map", plain(new Map()), /new TermMap/],
    ["a Date", plain(new Date(0)), /a Date/],
    ["another class", plain(new URL("http://h")), /class URL/],
    ["a function", plain(() => 1), /ExternalFun/],
    ["other views of memory", plain(new Uint16Array(1)), /Uint8Array/],
    ["NaN", t(1, Number.NaN), /^cannot encode \[1\]: Erlang has no number NaN/],
    ["2^53", 2 ** 53, /bigint, or float\(9007199254740992\)/],
    ["1e300", [1e300], /^cannot encode \[0\]: 1e\+300 .*bigint/],
    ["a lone surrogate", t("ok", "\ud800"), /^cannot encode \[1\]: .*lone surrogate/],
    ["a long string with one", `${"x".repeat(100)}\udc00`, /lone surrogate/],
    ["in a map's value", new TermMap([[atom("foo"), t(bad)]]), /encode \.foo\[0\]: a symbol/],
    ["in a map's value, other key", new TermMap([[1, bad]]), /encode \.values\(\)\[0\]/],
    ["in a map's key", new TermMap([[[1, 2], [bad]]]), /encode \.values\(\)\[0\]\[0\]/],
    ["in a tail", new ImproperList([1], bad), /encode \.tail:/],
    ["in a fun", new OpaqueFun({ ...opaque, freeVariables: [0, bad] }), /\.freeVariables\[1\]/],
    ["in a record", new NativeRecord(atoms.ok, atoms.ok, true, [[atom("x"), bad]]), /encode \.x:/],
    ["itself", plain(within), /^cannot encode \[1\]\[0\]: a term cannot contain itself/],
    ["a local term inside", [new LocalTerm(new Uint8Array(4))], /stands alone/],
    ["a hole of an array", plain(new Array(2)), /^cannot encode \[0\]: undefined/],
    ["a pid that is none", new Pid(atom("a@b"), -1, 0, 0), /of a pid are unsigned/],
    ["a port that is none", new Port(atom("a@b"), -1n, 0), /a port has/],
    ["a reference without words", new Reference(atom("a@b"), 1, []), /1 to 5 words/],
    ["a word of 33 bits", new Reference(atom("a@b"), 1, [2 ** 32]), /of 32 bits/],
    ["an arity of 256", new ExternalFun(atoms.ok, atoms.ok, 256), /0 to 255/],
    ["a module that is no atom", new ExternalFun(plain("m") as Atom, atoms.ok, 1), /an atom/],
    ["a fun of 15 bytes", new OpaqueFun({ ...opaque, uniq: new Uint8Array(15) }), /16 bytes/],
    ["256 variables", new OpaqueFun({ ...opaque, freeVariables: new Array(256).fill(0) }), /255/],
    [
      "a field twice",
      new NativeRecord(atoms.ok, atoms.ok, true, [
        [atoms.ok, 1],
        [atoms.ok, 2],
      ]),
      /the same field twice/,
    ],
  ])("%s", (_name, term, message) => {
    expect(() => encodeTerm(term)).toThrow(TypeError);
    expect(() => encodeTerm(term)).toThrow(message);
  });

  test("far down, by the stack machine too", () => {
    let term: Term = [bad];
    for (let i = 0; i < 1000; i++) term = [term];
    expect(() => encodeTerm(term)).toThrow(
      /cannot encode (\[0\]){12} … \d+ more … (\[0\]){12}: a symbol/,
    );
  });

  test("a compression level that is none", () => {
    expect(() => encodeTerm(1, { compressed: 10 as 9 })).toThrow(/0 to 9/);
  });
});

describe("TermEncoder", () => {
  test("appends, and appends nothing of a term it refuses", () => {
    const sink = new ByteSink(16);
    const encoder = new TermEncoder();
    const large = new Uint8Array(5000).fill(7);
    encoder.encode(t(1, large), sink);
    const before = { length: sink.length, total: sink.totalBytes, pieces: sink.pieces().length };
    expect(() => encoder.encode(t(large, undefined as unknown as Term), sink)).toThrow(TypeError);
    expect({
      length: sink.length,
      total: sink.totalBytes,
      pieces: sink.pieces().length,
    }).toEqual(before);
    encoder.encode(atoms.ok, sink);
    expect(Buffer.concat(sink.pieces()).toString("hex")).toBe(
      `680261016d00001388${"07".repeat(5000)}77026f6b`,
    );
  });

  test("binaries of 4 KB and more go in by reference, smaller ones are copied", () => {
    const sink = new ByteSink();
    const small = new Uint8Array(4095);
    const large = new Uint8Array(4096);
    new TermEncoder().encode([small, large, new Binary(large, 0, 4096)], sink);
    expect(sink.references.map(({ bytes }) => bytes.length)).toEqual([4096, 4096]);
    expect(sink.references[0]?.bytes).toBe(large);
  });

  test("the size of a fun counts what is only referenced", () => {
    const pid = new Pid(atom("a@b"), 1, 2, 3);
    const fun = (freeVariables: Term[]) =>
      new OpaqueFun({
        module: atoms.ok,
        arity: 0,
        uniq: new Uint8Array(16),
        index: 0,
        oldIndex: 0,
        oldUniq: 0,
        pid,
        freeVariables,
      });
    const bytes = encodeTerm(fun([new Uint8Array(6000), fun([])]));
    expect(Buffer.from(bytes).readUInt32BE(2)).toBe(bytes.length - 2);
  });

  test("writes references to the atoms that the header carries", () => {
    const sink = new ByteSink();
    const refs = { refOf: (one: Atom) => (one === atoms.ok ? 3 : one.text === "true" ? 4 : -1) };
    new TermEncoder().encode([atoms.ok, atoms.error, true, false], sink, refs);
    expect(Buffer.concat(sink.pieces()).toString("hex")).toBe(
      "6c00000004520377056572726f725204770566616c73656a",
    );
  });

  test.each([0, 1, 57, 58, 59, 60, 61, 253, 254, 255])("atoms of %i bytes", (length) => {
    const name = "x".repeat(length);
    const hex = Buffer.from(name).toString("hex");
    const head = `77${length.toString(16).padStart(2, "0")}`;
    expect(hexOf(t(atom(name), 1))).toBe(`836802${head}${hex}6101`);
  });

  test("what grows the sink keeps what was before", () => {
    for (let size = 0; size < 200; size++) {
      const sink = new ByteSink(size);
      const term: Term = [atom("y".repeat(62)), "z".repeat(size), 1n << 3000n, [1, 2, 3], 0.5];
      new TermEncoder().encode(term, sink);
      expect(`83${Buffer.concat(sink.pieces()).toString("hex")}`).toBe(hexOf(term));
    }
  });
});
