import { expect, test } from "vitest";
import { VirtualClock } from "./virtual-clock.ts";

test("callbacks run in order of time, ties in the order they were made", async () => {
  const clock = new VirtualClock();
  const log: string[] = [];
  for (const [ms, name] of [
    [30, "c"],
    [10, "a"],
    [20, "b1"],
    [20, "b2"],
    [5, "0"],
  ] as const) {
    clock.after(ms, () => log.push(`${name}@${clock.now()}`));
  }
  await clock.advance(20);
  expect(log).toEqual(["0@5", "a@10", "b1@20", "b2@20"]);
  await clock.advance(10);
  expect(log.at(-1)).toBe("c@30");
});

test("random times come out sorted", async () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  const times = Array.from({ length: 500 }, (_, index) => (index * 7919) % 503);
  for (const time of times) clock.after(time, () => seen.push(clock.now()));
  await clock.advance(1_000);
  expect(seen).toEqual(times.toSorted((a, b) => a - b));
});

test("a cancelled timer does not run", async () => {
  const clock = new VirtualClock();
  let ran = false;
  const timer = clock.after(5, () => {
    ran = true;
  });
  timer.cancel();
  timer.cancel();
  await clock.advance(10);
  expect(ran).toBe(false);
});

test("runUntil lets an hour pass at once", async () => {
  const clock = new VirtualClock();
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => void clock.after(ms, resolve));
  const answer = await clock.runUntil(
    (async () => {
      await sleep(1_800_000);
      await sleep(1_800_000);
      return 42;
    })(),
  );
  expect(answer).toBe(42);
  expect(clock.now()).toBe(3_600_000);
});

test("runUntil notices that nothing will happen any more", async () => {
  await expect(new VirtualClock().runUntil(new Promise(() => {}))).rejects.toThrow("nothing will");
});

test("nextAt tells when the next is due, cancelled ones aside", async () => {
  const clock = new VirtualClock();
  expect(clock.nextAt()).toBeUndefined();
  const first = clock.after(5, () => {});
  clock.after(9, () => {});
  expect(clock.nextAt()).toBe(5);
  first.cancel();
  expect(clock.nextAt()).toBe(9);
  await clock.advance(9);
  expect(clock.nextAt()).toBeUndefined();
});

test("time never goes back, also when two let it pass", async () => {
  const clock = new VirtualClock();
  clock.after(1, () => {});
  await Promise.all([clock.advance(10), clock.advance(100), clock.advance(10)]);
  expect(clock.now()).toBe(100);
});
