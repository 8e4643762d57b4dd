import { inspect } from "node:util";
import { expect, test } from "vitest";
import { atom } from "./atom.ts";
import { Binary } from "./binary.ts";
import { BitString } from "./bitstring.ts";
import { float } from "./float.ts";
import { ExternalFun } from "./fun.ts";
import { ImproperList } from "./list.ts";
import { Pid } from "./pid.ts";
import { Port } from "./port.ts";
import { Reference } from "./reference.ts";
import type { Term } from "./term.ts";
import { mapOf, TermMap } from "./term-map.ts";
import { t, tupleFrom } from "./tuple.ts";

const node = atom("a@h");
const bytes = (text: string) => new TextEncoder().encode(text);

/** One key of every kind, made anew at each call; no two are the same. */
function everyKind(): Term[] {
  return [
    atom("a"),
    atom(""),
    true,
    false,
    0,
    1,
    -1,
    2 ** 31,
    -(2 ** 40),
    2n ** 64n,
    -(2n ** 64n),
    float(0),
    float(-0),
    float(1),
    1.5,
    float(2 ** 64),
    bytes("a"),
    "é",
    "",
    new BitString(Uint8Array.of(0x60), 3),
    new BitString(Uint8Array.of(0x60), 4),
    [],
    [1],
    [float(1)],
    [[1]],
    t(),
    t(1),
    t(1, 2),
    t(2, 1),
    new ImproperList([1], 2),
    new ImproperList([1, 2], 3),
    mapOf({}),
    mapOf({ a: 1, b: 2 }),
    mapOf({ a: 2, b: 1 }),
    new TermMap<Term, Term>([[t(1), 1]]),
    new TermMap<Term, Term>([[t(float(1)), 1]]),
    new Pid(node, 1, 2, 3),
    new Pid(node, 2, 1, 3),
    new Reference(node, 3, [1, 2]),
    new Reference(node, 3, [2, 1]),
    new Port(node, 1, 3),
    new Port(node, 2n ** 63n, 3),
    new ExternalFun(atom("m"), atom("f"), 1),
    new ExternalFun(atom("m"), atom("f"), 2),
  ];
}

test("keys of every kind are found by an equal term, in a map of any size", () => {
  const values = everyKind().map((_, at) => at);
  const whole = new TermMap<Term, number>();
  everyKind().forEach((key, at) => whole.set(key, at));
  expect(everyKind().map((key) => whole.get(key))).toEqual(values);
  expect(whole.size).toBe(values.length);
  for (const [at, key] of everyKind().entries()) {
    const single = new TermMap<Term, number>([[key, at]]);
    for (const [other, candidate] of everyKind().entries()) {
      expect(single.has(candidate)).toBe(other === at);
    }
  }
});

test("one number or binary in several forms is one key", () => {
  for (const size of [0, 20]) {
    const map = new TermMap<Term, Term>(Array.from({ length: size }, (_, i) => [-5 - i, i]));
    map.set(1, "one").set("text", "binary").set("é", 7);
    expect(map.get(1n)).toBe("one");
    expect(map.get(float(1))).toBeUndefined();
    expect(map.get(bytes("text"))).toBe("binary");
    expect(map.get(new Binary(bytes("-text-"), 1, 4))).toBe("binary");
    expect(map.get(Uint8Array.of(0xc3, 0xa9))).toBe(7);
    map.set(1n, "again");
    expect(map.size).toBe(size + 3);
    expect(map.get(1)).toBe("again");
  }
});

test("texts that are the same in UTF-8 are one key, well-formed or not", () => {
  const map = new TermMap<string, number>([["a\ud800", 1]]);
  expect(map.get("a\udc00")).toBe(1);
  expect(map.get("a\ufffd")).toBe(1);
  expect([map.has("a"), map.has("b\ud800"), map.has("a\ud800\udc00")]).toEqual([
    false,
    false,
    false,
  ]);
});

test("keeps the order of insertion through set, delete and set again", () => {
  const map = new TermMap<number, number>();
  for (let i = 0; i < 100; i++) map.set(i, i);
  for (let i = 0; i < 100; i += 3) expect(map.delete(i)).toBe(true);
  expect(map.delete(0)).toBe(false);
  for (let i = 0; i < 100; i += 3) map.set(i, -i);
  expect(map.size).toBe(100);
  const kept = Array.from({ length: 100 }, (_, i) => i).filter((i) => i % 3 !== 0);
  const again = Array.from({ length: 100 }, (_, i) => i).filter((i) => i % 3 === 0);
  expect([...map.keys()]).toEqual([...kept, ...again]);
  expect([...map.values()].slice(-2)).toEqual([-96, -99]);
  map.clear();
  expect([...map]).toEqual([]);
  expect(map.set(1, 2).get(1)).toBe(2);
});

test("does what Map does, step by step, for a long random run", () => {
  const map = new TermMap<number, number>();
  const model = new Map<number, number>();
  let state = 1;
  for (let step = 0; step < 20_000; step++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const key = (state >>> 8) % 200;
    if ((state >>> 20) % 3 === 0) expect(map.delete(key)).toBe(model.delete(key));
    else expect(map.set(key, step).size).toBe(model.set(key, step).size);
    if (step % 1000 === 0) expect([...map]).toEqual([...model]);
  }
});

test("iteration goes on as Map's does while entries go and come", () => {
  const run = (map: Map<number, number>) => {
    const seen: number[] = [];
    for (const [key] of map) {
      seen.push(key);
      map.delete(key);
      if (key < 40) map.set(key + 20, 0);
      if (key === 25) map.clear();
      if (key === 25) map.set(99, 0);
    }
    return seen;
  };
  const entries = Array.from({ length: 20 }, (_, i): [number, number] => [i, i]);
  expect(run(new TermMap(entries))).toEqual(run(new Map(entries)));
});

test("forEach passes value, key and map", () => {
  const seen: unknown[] = [];
  const map = mapOf({ a: 1 });
  map.forEach((value, key, whole) => seen.push(value, key, whole));
  expect(seen).toEqual([1, atom("a"), map]);
});

test("toObject: names from atoms and binaries, nothing inherited, nothing special", () => {
  const map = TermMap.fromObject<Term>(JSON.parse('{"__proto__":1,"constructor":2}'));
  map.set("toString", 3);
  (map as TermMap).set(bytes("b"), 4).set(atom("c"), 5).set(true, 6);
  const object = map.toObject();
  expect(Object.getPrototypeOf(object)).toBe(null);
  expect(Object.entries(object)).toEqual([
    ["__proto__", 1],
    ["constructor", 2],
    ["toString", 3],
    ["b", 4],
    ["c", 5],
    ["true", 6],
  ]);
  expect(Object.prototype).not.toHaveProperty("b");
});

test("toObject refuses keys that are no names, and names that meet", () => {
  expect(() => new TermMap([[1, 1]]).toObject()).toThrow(TypeError);
  expect(() => new TermMap([[Uint8Array.of(0xff), 1]]).toObject()).toThrow(TypeError);
  const clash = new TermMap<Term, Term>([
    [atom("a"), 1],
    ["a", 2],
  ]);
  expect(clash.size).toBe(2);
  expect(() => clash.toObject()).toThrow('two keys have the name "a"');
  expect(JSON.stringify(clash)).toBe('[["a",1],["a",2]]');
  expect(JSON.stringify(mapOf({ a: 1 }))).toBe('{"a":1}');
});

test("fromObject and mapOf choose what the names become", () => {
  expect(TermMap.fromObject({ a: 1 }).get("a")).toBe(1);
  expect(TermMap.fromObject({ a: 1 }, { keys: "atom" }).get(atom("a"))).toBe(1);
  expect(mapOf({ true: 1 }).get(true)).toBe(1);
});

test("values that are no terms are wrong arguments", () => {
  const values: unknown[] = [null, undefined, Number.NaN, {}, new Map(), () => 1];
  for (const value of values) {
    const map = new TermMap<Term, Term>([[atom("a"), 1]]);
    expect(() => map.get(value as Term)).toThrow(TypeError);
    expect(() => map.set(value as Term, 1)).toThrow(TypeError);
  }
});

test("shows itself as a map", () => {
  expect(inspect(mapOf({ a: 1 }))).toBe('TermMap(1) { atom("a") => 1 }');
  expect(Object.prototype.toString.call(mapOf({}))).toBe("[object TermMap]");
});

test("fromDecoded takes any distinct keys, in any order, and finds them again", () => {
  for (const keys of [everyKind(), everyKind().reverse()]) {
    const map = TermMap.fromDecoded(
      keys,
      keys.map((_, at) => at),
    );
    expect(map?.size).toBe(keys.length);
    expect(keys.map((key) => map?.get(key))).toEqual(keys.map((_, at) => at));
  }
});

test("fromDecoded refuses a key that occurs twice, whatever its kind and form", () => {
  for (const [at, key] of everyKind().entries()) {
    expect(TermMap.fromDecoded([key, everyKind()[at] as Term], [1, 2])).toBeUndefined();
    expect(TermMap.fromDecoded([key, 7, everyKind()[at] as Term], [1, 2, 3])).toBeUndefined();
  }
  expect(TermMap.fromDecoded([1, 1n], [1, 2])).toBeUndefined();
  expect(TermMap.fromDecoded([bytes("a"), new Binary(bytes("a"), 0, 1)], [1, 2])).toBeUndefined();
  expect(TermMap.fromDecoded(["a", bytes("a")], [1, 2])).toBeUndefined();
  expect(TermMap.fromDecoded([3, 1, 2, 1], [1, 2, 3, 4])).toBeUndefined();
  expect(TermMap.fromDecoded([3, 1, 2, "b", "a"], [1, 2, 3, 4, 5])?.get("a")).toBe(5);
  expect(TermMap.fromDecoded([1, float(1)], [1, 2])?.size).toBe(2);
});

test("maps that are keys of maps, fifty thousand deep, are told apart in linear time", () => {
  const nest = (innermost: Term) => {
    let term = innermost;
    for (let depth = 0; depth < 50_000; depth++) {
      const map = TermMap.fromDecoded([tupleFrom([term]), t(0)], [1, 1]);
      if (map === undefined) throw new Error("keys are distinct");
      term = map;
    }
    return term;
  };
  const map = new TermMap<Term, number>([
    [nest(1), 1],
    [nest(2), 2],
  ]);
  expect(map.get(nest(1))).toBe(1);
  expect(map.get(nest(2))).toBe(2);
  expect(map.get(nest(3))).toBeUndefined();
}, 60_000);
