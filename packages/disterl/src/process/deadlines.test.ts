import { expect, test } from "vitest";
import type { Timer } from "../carrier/clock.ts";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { Deadlines, Expiring } from "./deadlines.ts";

class Entry extends Expiring {
  readonly #log: string[];
  readonly #name: string;

  constructor(log: string[], name: string) {
    super();
    this.#log = log;
    this.#name = name;
  }

  expired(): void {
    this.#log.push(this.#name);
  }
}

/** Counts the timers that were asked for. */
class CountingClock extends VirtualClock {
  timers = 0;

  override after(milliseconds: number, callback: () => void): Timer {
    this.timers++;
    return super.after(milliseconds, callback);
  }
}

test("each expires at its own time, in order", async () => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  const log: string[] = [];
  deadlines.add(new Entry(log, "a"), 100);
  deadlines.add(new Entry(log, "b"), 30);
  await clock.advance(20);
  deadlines.add(new Entry(log, "c"), 100);
  await clock.advance(9);
  expect(log).toEqual([]);
  await clock.advance(1);
  expect(log).toEqual(["b"]);
  await clock.advance(70);
  expect(log).toEqual(["b", "a"]);
  await clock.advance(19);
  expect(log).toEqual(["b", "a"]);
  await clock.advance(1);
  expect(log).toEqual(["b", "a", "c"]);
});

test("what was removed does not expire, wherever it stood, and may be removed again", async () => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  const log: string[] = [];
  const entries = ["a", "b", "c", "d"].map((name) => new Entry(log, name));
  for (const entry of entries) deadlines.add(entry, 10);
  for (const index of [1, 0, 3, 3]) deadlines.remove(entries[index] as Entry);
  await clock.advance(10);
  expect(log).toEqual(["c"]);
  deadlines.remove(entries[2] as Entry);
  deadlines.add(entries[0] as Entry, 10);
  await clock.advance(10);
  expect(log).toEqual(["c", "a"]);
});

test("a thousand that overlap take one timer, and none is left when they are gone", async () => {
  const clock = new CountingClock();
  const deadlines = new Deadlines(clock);
  const log: string[] = [];
  let before = new Entry(log, "x");
  deadlines.add(before, 5000);
  for (let i = 0; i < 1000; i++) {
    const entry = new Entry(log, "x");
    deadlines.add(entry, 5000);
    deadlines.remove(before);
    await clock.advance(1);
    before = entry;
  }
  expect(clock.timers).toBe(1);
  await clock.advance(4500);
  expect(clock.timers).toBe(2);
  deadlines.remove(before);
  await clock.advance(10_000);
  expect(clock.timers).toBe(2);
  expect(log).toEqual([]);
});

test("an entry that is added while others expire gets its full time", async () => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  const log: string[] = [];
  const again = new Entry(log, "again");
  class Adding extends Expiring {
    expired(): void {
      deadlines.add(again, 10);
    }
  }
  deadlines.add(new Adding(), 10);
  await clock.advance(19);
  expect(log).toEqual([]);
  await clock.advance(1);
  expect(log).toEqual(["again"]);
});
