import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Atom, atom, atomOrBoolean, atoms } from "./atom.ts";
import { Binary, bytesOf, isBinary, text } from "./binary.ts";
import { BitString } from "./bitstring.ts";
import { Float, float } from "./float.ts";
import { charlist, charlistToString, ImproperList, isList } from "./list.ts";
import { Pid } from "./pid.ts";
import { Port } from "./port.ts";
import { Reference } from "./reference.ts";
import type { Term } from "./term.ts";
import { isTaggedTuple } from "./tagged-tuple.ts";
import { isTuple, t, tupleFrom } from "./tuple.ts";

test("one text is one atom", () => {
  expect(atom("some text")).toBe(atom("some text"));
  expect(atoms.ok).toBe(atom("ok"));
  expect(atom("a")).not.toBe(atom("A"));
  expect(JSON.stringify([atom("a")])).toBe('["a"]');
  expect(`${atom("a b")}`).toBe("a b");
  expect(inspect(atom('a"'))).toBe('atom("a\\"")');
});

test("true and false are booleans, never atoms", () => {
  expect(() => atom("true")).toThrow(TypeError);
  expect([atomOrBoolean("true"), atomOrBoolean("false")]).toEqual([true, false]);
  expect(atomOrBoolean("truth")).toBeInstanceOf(Atom);
});

test("an atom has up to 255 characters, of any plane", () => {
  expect(atom("x".repeat(255)).text.length).toBe(255);
  expect(atom("😀".repeat(255)).text.length).toBe(510);
  expect(() => atom("x".repeat(256))).toThrow(TypeError);
  expect(() => atom("😀".repeat(256))).toThrow(TypeError);
  expect(() => atom("\ud800")).toThrow(TypeError);
});

test("tuples are arrays that are no lists", () => {
  const tuple = t(atoms.ok, [1]);
  const [tag, list] = tuple;
  expect(tag).toBe(atoms.ok);
  expect([isTuple(tuple), isList(tuple), isTuple(list), isList(list)]).toEqual([
    true,
    false,
    false,
    true,
  ]);
  expect(isList(tuple.map((element) => element))).toBe(true);
  expect([t(3).length, tupleFrom([]).length]).toEqual([1, 0]);
  expect(t(3)[0]).toBe(3);
  expect(isTuple(null)).toBe(false);
});

test("numbers with a fraction are floats by themselves, others by float()", () => {
  expect(float(1.5)).toBe(1.5);
  expect(float(1)).toBeInstanceOf(Float);
  expect(+float(1) + 1).toBe(2);
  expect([`${float(1)}`, `${float(-0)}`, `${float(1e22)}`]).toEqual(["1.0", "-0.0", "1.0e22"]);
  expect(inspect(float(2))).toBe("float(2.0)");
  expect(JSON.stringify(float(2))).toBe("2");
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => float(value)).toThrow(TypeError);
    expect(() => new Float(value)).toThrow(TypeError);
  }
});

test("an improper list has items and a tail that is no list", () => {
  const list = new ImproperList([1], 2);
  expect([list.items, list.tail]).toEqual([[1], 2]);
  expect(() => new ImproperList([], 2)).toThrow(TypeError);
  expect(() => new ImproperList([1], [])).toThrow(TypeError);
  expect(() => new ImproperList([1], list)).toThrow(TypeError);
  expect(new ImproperList([1], t()).tail).toEqual(t());
});

test("charlists and texts become each other", () => {
  expect(charlist("aé😀")).toEqual([0x61, 0xe9, 0x1f600]);
  expect(charlistToString([0x61, 0xe9, 0x1f600])).toBe("aé😀");
  expect(charlistToString(charlist("x".repeat(200_000))).length).toBe(200_000);
  for (const term of [atoms.ok, [atoms.ok], [-1], [0x110000], [1.5], t(97), [0xd800]] as Term[]) {
    expect(() => charlistToString(term)).toThrow(TypeError);
  }
});

test("binaries in both forms", () => {
  const lazy = new Binary(new TextEncoder().encode("-é-"), 1, 2);
  expect([text(lazy), text(lazy.bytes), String(lazy), lazy.length]).toEqual(["é", "é", "é", 2]);
  expect(bytesOf(lazy)).toEqual(Uint8Array.of(0xc3, 0xa9));
  expect([isBinary(lazy), isBinary(lazy.bytes), isBinary("é"), isBinary([1])]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(JSON.stringify(lazy)).toBe("[195,169]");
  expect(() => text(Uint8Array.of(0xff))).toThrow(TypeError);
  expect(() => new Binary(new Uint8Array(2), 1, 2)).toThrow(RangeError);
});

test("a bit string keeps its bits, and no others", () => {
  const source = Uint8Array.of(1, 0xff);
  const bits = new BitString(source, 3);
  expect([bits.bytes, bits.bitLength, source[1]]).toEqual([Uint8Array.of(1, 0xe0), 11, 0xff]);
  for (const count of [0, 8, 1.5]) {
    expect(() => new BitString(source, count)).toThrow(TypeError);
  }
  expect(() => new BitString(new Uint8Array(0), 1)).toThrow(TypeError);
});

test("identifiers are equal when all their parts are", () => {
  const [a, b] = [atom("a@h"), atom("b@h")];
  const groups = [
    [new Pid(a, 1, 2, 3), new Pid(b, 1, 2, 3), new Pid(a, 2, 2, 3), new Pid(a, 1, 3, 3)],
    [new Pid(a, 1, 2, 4), new Port(a, 1, 3), new Port(b, 1, 3), new Port(a, 2, 3)],
    [new Port(a, 1, 4), new Reference(a, 3, [1]), new Reference(b, 3, [1])],
    [new Reference(a, 4, [1]), new Reference(a, 3, [2]), new Reference(a, 3, [1, 0])],
  ].flat();
  for (const [i, one] of groups.entries()) {
    for (const [j, other] of groups.entries()) {
      expect(one.equals(other)).toBe(i === j);
      expect(one.key === other.key).toBe(i === j);
    }
  }
  expect(new Port(a, 5n, 1).equals(new Port(a, 5, 1))).toBe(true);
  expect(new Pid(a, 1, 2, 3).equals(new Pid(atom("a@h"), 1, 2, 3))).toBe(true);
  expect(JSON.stringify(new Pid(a, 1, 2, 3))).toBe('"<a@h.1.2>"');
  expect([String(new Reference(a, 1, [1, 2, 3])), String(new Port(a, 7, 1))]).toEqual([
    "#Ref<a@h.3.2.1>",
    "#Port<a@h.7>",
  ]);
});

test("a tuple of a known arity is destructured with exact types", () => {
  const message: Term = t(atoms.ok, 1, [2]);
  expect([isTuple(message), isTuple(message, 3), isTuple(message, 2)]).toEqual([true, true, false]);
  expect(isTuple([atoms.ok, 1, [2]], 3)).toBe(false);
  expect(isTuple(t(), 0)).toBe(true);
  const received = message as Term;
  if (!isTuple(received, 3)) throw new Error("no tuple of three");
  const [, one]: readonly [Term, Term, Term] = received;
  expect(one).toBe(1);
});

test("a tagged tuple has that atom in front and that arity", () => {
  const answer = t(atoms.error, "why") as Term;
  expect(isTaggedTuple(answer, "ok", 2)).toBe(false);
  expect(isTaggedTuple(answer, "error", 3)).toBe(false);
  expect(isTaggedTuple([atoms.error, "why"], "error", 2)).toBe(false);
  expect(isTaggedTuple(t("error", "why"), "error", 2)).toBe(false);
  expect(isTaggedTuple(t(), "error", 0)).toBe(false);
  expect(isTaggedTuple(t(true), "true", 1)).toBe(false);
  if (!isTaggedTuple(answer, "error", 2)) throw new Error("not {error, Reason}");
  const [tag, reason]: readonly [Atom<"error">, Term] = answer;
  expect([tag.text, reason]).toEqual(["error", "why"]);
});

test("text is read from binaries of any form, and from nothing else", () => {
  const bytes = new TextEncoder().encode("größe");
  expect([text(bytes), text(new Binary(bytes, 0, 2)), text("größe")]).toEqual([
    "größe",
    "gr",
    "größe",
  ]);
  expect(() => text(charlist("abc"))).toThrow("not a binary");
  expect(() => text(atoms.ok)).toThrow(TypeError);
  expect(() => text(new Uint8Array([0xff]))).toThrow(TypeError);
});
