import {
  atom,
  BitString,
  ExternalFun,
  float,
  ImproperList,
  NativeRecord,
  OpaqueFun,
  Pid,
  Port,
  Reference,
  t,
  type Term,
  TermMap,
} from "disterl/term";
import { expect, test } from "vitest";
import { plainJson, termJson } from "./term-json.ts";

const node = atom("a@h");
const pid = new Pid(node, 1, 2, 3);

function json(term: Term): string {
  return [...termJson(term)].join("");
}

test.each<[string, Term, string]>([
  ["booleans", true, "true"],
  ["an integer", -5, "-5"],
  ["a great integer", 2n ** 64n, '{"$integer":"18446744073709551616"}'],
  ["a float", 1.5, "1.5"],
  ["a float without a fraction", float(1), '{"$float":"1.0"}'],
  ["negative zero", float(-0), '{"$float":"-0.0"}'],
  ["an atom", atom("ok"), '{"$atom":"ok"}'],
  ["a binary that is text", new TextEncoder().encode('h"i'), '"h\\"i"'],
  ["a binary that is none", Uint8Array.of(255, 0), '{"$binary":"/wA="}'],
  ["a bit string", new BitString(Uint8Array.of(0xa0), 3), '{"$bitstring":"oA==","bits":3}'],
  ["a list", [1, [], [2]], "[1,[],[2]]"],
  ["an Erlang string is a list", [104, 105], "[104,105]"],
  ["an improper list", new ImproperList([1, 2], 3), '{"$improper":[1,2],"tail":3}'],
  ["a tuple", t(atom("ok"), t()), '{"$tuple":[{"$atom":"ok"},{"$tuple":[]}]}'],
  ["an empty map", new TermMap(), "{}"],
  [
    "a map of text keys",
    new TermMap<Term, Term>([
      ["a", 1],
      ["b", [2]],
    ]),
    '{"a":1,"b":[2]}',
  ],
  [
    "a map with another key",
    new TermMap<Term, Term>([
      ["a", 1],
      [2, 3],
    ]),
    '{"$map":[["a",1],[2,3]]}',
  ],
  ["a map that looks like ours", new TermMap<Term, Term>([["$atom", 1]]), '{"$map":[["$atom",1]]}'],
  ["a pid", pid, '{"$pid":{"node":"a@h","id":1,"serial":2,"creation":3}}'],
  [
    "a port",
    new Port(node, 2n ** 60n, 3),
    '{"$port":{"node":"a@h","id":"1152921504606846976","creation":3}}',
  ],
  [
    "a reference",
    new Reference(node, 3, [1, 2]),
    '{"$reference":{"node":"a@h","creation":3,"words":[1,2]}}',
  ],
  [
    "a known fun",
    new ExternalFun(atom("m"), atom("f"), 1),
    '{"$fun":{"module":"m","name":"f","arity":1}}',
  ],
  [
    "another fun",
    new OpaqueFun({
      ...{ module: atom("m"), arity: 1, uniq: Uint8Array.of(1, 0xff), index: 4 },
      ...{ oldIndex: 0, oldUniq: 0, pid, freeVariables: [1] },
    }),
    '{"$fun":{"module":"m","arity":1,"index":4,"uniq":"01ff"}}',
  ],
  [
    "a record",
    new NativeRecord(atom("m"), atom("r"), true, [
      [atom("x"), 1],
      [atom("y"), []],
    ]),
    '{"$record":{"module":"m","name":"r"},"fields":[["x",1],["y",[]]]}',
  ],
  [
    "an empty record",
    new NativeRecord(atom("m"), atom("r"), true, []),
    '{"$record":{"module":"m","name":"r"},"fields":[]}',
  ],
])("%s", (_what, term, expected) => {
  expect(json(term)).toBe(expected);
  expect(() => JSON.parse(expected)).not.toThrow();
});

test("CL-04 only ASCII without controls is written, and it reads back the same", () => {
  const nasty = "\u001b[2J\u202e\u009b\u2028\ud83d\ude00\u00fc";
  const text = json(new TextEncoder().encode(nasty));
  expect(text).toMatch(/^[ -~]*$/);
  expect(JSON.parse(text)).toBe(nasty);
  expect(plainJson({ [nasty]: nasty })).toMatch(/^[ -~]*$/);
});

test("CL-04 a term of a million elements or of great depth is written all the same", () => {
  const long = json(Array.from({ length: 1_000_000 }, () => 1));
  expect(long).toHaveLength(2_000_001);
  let deep: Term = [];
  for (let depth = 0; depth < 100_000; depth++) deep = depth % 2 === 0 ? [deep] : t(deep);
  expect(json(deep).length).toBeGreaterThan(100_000);
});
