import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { DEFAULT_NODE_LIMITS } from "../node/limits.ts";
import { Identity } from "../process/identity.ts";
import { ProcessTable } from "../process/process-table.ts";
import { type Atom, atom, atoms } from "../term/atom.ts";
import { formatTerm } from "../term/format-term.ts";
import type { Term } from "../term/term.ts";
import type { ExposedCall } from "./exposed-call.ts";
import { ExposedFunctions, withCall } from "./exposed-functions.ts";
import { FunctionProcesses, type Outcome } from "./function-processes.ts";

const PEER: Atom = atom("peer@h");

function scene(limit = 2) {
  const router = { route: (): boolean => true, drained: () => Promise.resolve() };
  const random = (): number => 1;
  const clock = new VirtualClock();
  const processes = new ProcessTable(new Identity(random), router, clock, DEFAULT_NODE_LIMITS);
  const functions = new ExposedFunctions();
  const running = new FunctionProcesses(processes, functions, limit);
  const told: string[] = [];
  const start = (fun: string, args: Term = [], node = PEER) =>
    running.start(
      { module: atom("m"), function: atom(fun), args },
      {
        caller: undefined,
        node,
        groupLeader: atoms.undefined,
        ended: (outcome: Outcome) => {
          const value = outcome.class === "return" ? outcome.value : outcome.reason;
          told.push(`${fun} ${outcome.class} ${formatTerm(value)}`);
          return atoms.normal;
        },
      },
      undefined,
    );
  return { functions, told, start };
}

test("a function runs soon, never within the start, and its process ends with it", async () => {
  const { functions, told, start } = scene();
  functions.expose("m", { now: (a) => a, later: (a) => Promise.resolve(a), none: () => {} });
  const process = start("now", [7]);
  expect([process?.alive, told]).toEqual([true, []]);
  start("later", [8]);
  await setImmediate();
  expect(process?.alive).toBe(false);
  expect(told).toEqual(["now return 7", "later return 8"]);
  start("none");
  start("nope");
  await setImmediate();
  expect(told.slice(2)).toEqual(["none return ok", "nope error undef"]);
});

test("a process that is ended first: the end is told once, and what never began does not run", async () => {
  const { functions, told, start } = scene();
  let ran = 0;
  let call: ExposedCall | undefined;
  let finish = (): void => {};
  functions.expose("m", {
    count: () => void ran++,
    stay: withCall((given) => {
      call = given;
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    }),
  });
  start("count")?.exit(atoms.killed);
  const process = start("stay");
  await setImmediate();
  expect(call?.signal.aborted).toBe(false);
  process?.exit(atom("bye"));
  await setImmediate();
  expect(call?.signal.aborted).toBe(true);
  expect(ran).toBe(0);
  expect(told).toEqual(["count exit killed", "stay exit bye"]);
  finish();
  await setImmediate();
  expect(told).toHaveLength(2);
});

test("as many run for a node as the limit says, with a process or without", async () => {
  const { functions, start } = scene(2);
  let finish = (): void => {};
  functions.expose("m", {
    stay: () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  });
  start("stay");
  const last = start("stay");
  expect(start("stay")).toBeUndefined();
  expect(start("stay", [], atom("other@h"))).toBeDefined();
  await setImmediate();
  last?.exit(atoms.killed);
  await setImmediate();
  // The function goes on without its process.
  expect(start("stay")).toBeUndefined();
  finish();
  await setImmediate();
});

test("what was ended before it began counts no more", async () => {
  const { functions, start } = scene(1);
  functions.expose("m", { nothing: () => {} });
  start("nothing")?.exit(atoms.killed);
  await setImmediate();
  start("nothing");
  await setImmediate();
  expect(start("nothing")).toBeDefined();
});
