import { expect, test } from "vitest";
import { RunQueue } from "./run-queue.ts";

test("work is done after the call that scheduled it, in order, with no growth of the stack", async () => {
  const done: string[] = [];
  const queue = new RunQueue((callback) => setImmediate(callback));
  let left = 20_000;
  const b = { run: (): boolean => (done.push("b"), false) };
  const a = {
    run: (): boolean => {
      if (left-- > 0) queue.schedule(a);
      return false;
    },
  };
  queue.schedule(a);
  queue.schedule(b);
  expect(done).toEqual([]);
  await Promise.resolve();
  expect(done).toEqual(["b"]);
  while (left > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(left).toBeLessThanOrEqual(0);
});

test("endless work lets timers and sockets have their turn", async () => {
  const queue = new RunQueue((callback) => setImmediate(callback));
  let stop = false;
  let runs = 0;
  queue.schedule({ run: () => (runs++, !stop) });
  await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setImmediate(resolve));
  stop = true;
  expect(runs).toBeGreaterThan(4096);
});

test("work that is made anew in each microtask lets timers and sockets have their turn", async () => {
  const queue = new RunQueue((callback) => setImmediate(callback));
  let runs = 0;
  const again = {
    run: (): boolean => {
      if (runs++ < 1e6) void Promise.resolve().then(() => queue.schedule(again));
      return false;
    },
  };
  queue.schedule(again);
  await new Promise((resolve) => setImmediate(resolve));
  const seen = runs;
  runs = 1e6;
  expect(seen).toBeLessThan(10_000);
});

test("who breathes too often waits for the event loop, together with the others", async () => {
  const queue = new RunQueue((callback) => setImmediate(callback));
  let breaths = 0;
  while (queue.breathe(true) === undefined) breaths++;
  expect(breaths).toBe(4096);
  const done: string[] = [];
  queue.schedule({ run: () => (done.push("work"), false) });
  void queue.breathe(true)?.then(() => done.push("breath"));
  await Promise.resolve();
  expect(done).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(done.toSorted()).toEqual(["breath", "work"]);
  expect(queue.breathe(true)).toBeUndefined();
});

test("a clock that stands still keeps bodies waiting, and not the code that turns it", async () => {
  const queue = new RunQueue(
    () => {},
    (callback) => setImmediate(callback),
  );
  while (queue.breathe(true) === undefined);
  const done: string[] = [];
  void queue.breathe(true)?.then(() => done.push("body"));
  await queue.breathe(false);
  expect(queue.breathe(false)).toBeUndefined();
  expect(done).toEqual([]);
});
