import { expect, test } from "vitest";
import { atom } from "../term/atom.ts";
import type { Term } from "../term/term.ts";
import type { ExposedCall } from "./exposed-call.ts";
import { ExposedFunctions, withCall } from "./exposed-functions.ts";

const call = {} as ExposedCall;

function table(): (fun: string, ...args: Term[]) => unknown {
  const functions = new ExposedFunctions();
  functions.expose("m", {
    two: (a, b) => [a, b],
    rest: (...all) => all.length,
    "exact/1": () => 1,
    "exact/2": () => 2,
    "over/1": () => "one",
    over: () => "any",
    context: withCall((context, a) => (context === call ? a : "none")),
    "": () => "empty",
  });
  return (fun, ...args) => functions.find(atom("m"), atom(fun), args.length)?.run(call, args);
}

test("a name takes as many arguments as its function declares, or more", () => {
  const run = table();
  expect(run("two", 1, 2)).toEqual([1, 2]);
  expect(run("two", 1, 2, 3)).toEqual([1, 2]);
  expect(run("two", 1)).toBeUndefined();
  expect([run("rest"), run("rest", 1, 2)]).toEqual([0, 2]);
  expect(run("context", 7)).toBe(7);
  expect(run("context")).toBeUndefined();
  expect(run("")).toBe("empty");
});

test("a name with an arity takes that many, and goes first", () => {
  const run = table();
  expect([run("exact"), run("exact", 1), run("exact", 1, 2)]).toEqual([undefined, 1, 2]);
  expect([run("over"), run("over", 1)]).toEqual(["any", "one"]);
});

test("nothing is there that was not exposed", () => {
  const functions = new ExposedFunctions();
  const inherited = Object.create({ hidden: () => 1 }) as Record<string, () => number>;
  inherited["own"] = () => 2;
  functions.expose("true", inherited);
  const find = (module: Term, fun: Term): boolean => functions.find(module, fun, 0) !== undefined;
  expect(find(true, atom("own"))).toBe(true);
  for (const name of ["hidden", "constructor", "__proto__", "toString", "own/0"]) {
    expect(find(true, atom(name)), name).toBe(false);
  }
  expect(find(atom("constructor"), atom("own"))).toBe(false);
  expect(find([true], "own")).toBe(false);
  expect(functions.unexpose("true")).toBe(true);
  expect(functions.unexpose("true")).toBe(false);
  expect(find(true, atom("own"))).toBe(false);
});

test("exposing again replaces the module, and only functions are exposed", () => {
  const functions = new ExposedFunctions();
  functions.expose("m", { old: () => 1 });
  functions.expose(atom("m"), { new: () => 2 });
  expect(functions.find(atom("m"), atom("old"), 0)).toBeUndefined();
  expect(functions.find(atom("m"), atom("new"), 0)?.run(call, [])).toBe(2);
  const bad = { x: 5 } as unknown as Record<string, () => number>;
  expect(() => functions.expose("m", bad)).toThrow(TypeError);
  expect(functions.find(atom("m"), atom("new"), 0)).toBeDefined();
  expect(() => withCall(5 as unknown as () => number)).toThrow(TypeError);
});
