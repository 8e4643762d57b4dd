import { expect, expectTypeOf, test } from "vitest";
import { type Atom, atom, atoms } from "./atom.ts";
import { Binary } from "./binary.ts";
import { float, type Float } from "./float.ts";
import { ImproperList, type List } from "./list.ts";
import { isMatch, match, type Matched, type Pattern, requiredReference } from "./match.ts";
import { Pid } from "./pid.ts";
import { Reference } from "./reference.ts";
import type { Term } from "./term.ts";
import { TermMap } from "./term-map.ts";
import { type AnyTuple, isTuple, type Tuple, t } from "./tuple.ts";

const pid = new Pid(atom("a@h"), 1, 0, 5);
const ref = new Reference(atom("a@h"), 5, [1, 2, 3]);

test("a term matches itself, as =:= has it", () => {
  expect(isMatch(1n, 1)).toBe(true);
  expect(isMatch(float(1), 1)).toBe(false);
  expect(isMatch(new Uint8Array([104, 105]), "hi")).toBe(true);
  expect(isMatch(atom("hi"), "hi")).toBe(false);
  expect(isMatch(true, true)).toBe(true);
  expect(isMatch(new Pid(atom("a@h"), 1, 0, 5), pid)).toBe(true);
  expect(isMatch(new Reference(atom("a@h"), 5, [1, 2, 4]), ref)).toBe(false);
  expect(isMatch(TermMap.fromObject({ a: 1 }), TermMap.fromObject({ a: 1 }))).toBe(true);
});

test("tuples and lists match by their elements, and are not taken for each other", () => {
  expect(isMatch(t(atoms.ok, 1), t(atoms.ok, match.integer))).toBe(true);
  expect(isMatch(t(atoms.ok, 1), [atoms.ok, match.integer])).toBe(false);
  expect(isMatch([atoms.ok, 1], t(atoms.ok, match.integer))).toBe(false);
  expect(isMatch(t(atoms.ok, 1, 2), t(atoms.ok, match.integer))).toBe(false);
  expect(isMatch(t(atoms.ok, t(1, [pid])), t(match.any, t(1, [match.pid])))).toBe(true);
});

const kinds: readonly [string, Pattern, readonly Term[], readonly Term[]][] = [
  ["atom", match.atom, [atoms.ok, false], ["ok", 1]],
  ["boolean", match.boolean, [true], [atoms.ok]],
  ["integer", match.integer, [1, 2n ** 70n], [1.5, float(1), atoms.ok]],
  ["float", match.float, [1.5, float(1)], [1, 1n]],
  ["number", match.number, [1, 1n, 1.5, float(2)], ["1"]],
  [
    "binary",
    match.binary,
    ["a", new Uint8Array(1), new Binary(new Uint8Array(1), 0, 1)],
    [atoms.ok, []],
  ],
  ["list", match.list, [[], [1]], [t(), new ImproperList([1], 2)]],
  ["tuple", match.tuple, [t(), t(1)], [[]]],
  ["map", match.map, [new TermMap()], [[]]],
  ["pid", match.pid, [pid], [ref]],
  ["reference", match.reference, [ref], [pid]],
  ["listOf", match.listOf(match.integer), [[], [1, 2]], [[1, atoms.ok], t(1)]],
  ["oneOf", match.oneOf(atoms.ok, match.pid), [atoms.ok, pid], [atoms.error, ref]],
  ["when", match.when(match.number, (n) => n === 3), [3], [4, "3"]],
  ["a function", isTuple, [t()], [[]]],
  [
    "mapWith",
    match.mapWith([["a", match.integer]]),
    [TermMap.fromObject({ a: 1, b: 2 })],
    [TermMap.fromObject({ a: "1" }), TermMap.fromObject({ b: 1 }), []],
  ],
];
test.each(kinds)("match.%s", (_, pattern, yes, no) => {
  for (const term of yes) expect(isMatch(term, pattern)).toBe(true);
  for (const term of no) expect(isMatch(term, pattern)).toBe(false);
});

test("a match narrows the type", () => {
  const term = t(atoms.ok, pid, 3) as Term;
  if (!isMatch(term, t(atoms.ok, match.pid, match.integer))) throw new Error("no match");
  const [tag, who, count] = term;
  expectTypeOf(tag).toEqualTypeOf<Atom<"ok">>();
  expectTypeOf(who).toEqualTypeOf<Pid>();
  expectTypeOf(count).toEqualTypeOf<number | bigint>();
  expectTypeOf(term.length).toEqualTypeOf<3>();

  expectTypeOf<Matched<typeof match.tuple>>().toEqualTypeOf<AnyTuple>();
  expectTypeOf<Matched<5>>().toEqualTypeOf<5 | bigint>();
  expectTypeOf<Matched<"a">>().toEqualTypeOf<"a" | Uint8Array | Binary>();
  const inList = [match.boolean, match.any] as const;
  expectTypeOf<Matched<typeof inList>>().toEqualTypeOf<readonly [boolean, Term]>();
  const either = match.oneOf(match.pid, match.float);
  expectTypeOf<Matched<typeof either>>().toEqualTypeOf<Pid | number | Float>();
  const many = match.listOf(match.pid);
  expectTypeOf<Matched<typeof many>>().toEqualTypeOf<List<Pid>>();
  const guard = (value: Term): value is Pid => value instanceof Pid;
  expectTypeOf<Matched<typeof guard>>().toEqualTypeOf<Pid>();
  expectTypeOf<Matched<Pid>>().toEqualTypeOf<Pid>();
  const nested = t(atoms.error, t(match.atom, match.list));
  const found = t(atoms.error, t(atoms.badarg, [])) as Term;
  if (isMatch(found, nested)) expectTypeOf(found[1][1]).toEqualTypeOf<List>();
});

test("t() of terms is a tuple still, and no pattern", () => {
  expectTypeOf(t(atoms.ok, 1)).toEqualTypeOf<Tuple<readonly [Atom<"ok">, 1]>>();
  // @ts-expect-error a pattern is not a term
  const term: Term = t(atoms.ok, match.pid);
  expect(isTuple(term)).toBe(true);
});

test("the reference that a pattern asks for is found", () => {
  expect(requiredReference(t(atoms.DOWN, ref, match.any))).toBe(ref);
  expect(requiredReference(t(new ImproperList([atom("alias")], ref), match.any))).toBe(ref);
  expect(requiredReference(t(atoms.ok, match.reference))).toBeUndefined();
  expect(requiredReference(match.any)).toBeUndefined();
});
