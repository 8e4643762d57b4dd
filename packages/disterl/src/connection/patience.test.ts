import { expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { Patience } from "./patience.ts";

test("patience ends when nothing has moved for a second", async () => {
  const clock = new VirtualClock();
  const patience = new Patience(clock, () => {});
  patience.begin();
  await clock.advance(999);
  expect(patience.isExhausted).toBe(false);
  await clock.advance(251);
  expect(patience.isExhausted).toBe(true);
  patience.progress();
  expect(patience.isExhausted).toBe(false);
  await clock.advance(999);
  expect(patience.isExhausted).toBe(false);
  await clock.advance(251);
  expect(patience.isExhausted).toBe(true);
});

test("nothing is looked at once the watch is over", async () => {
  const clock = new VirtualClock();
  let beats = 0;
  const patience = new Patience(clock, () => beats++);
  patience.begin();
  await clock.advance(500);
  patience.end();
  await clock.advance(5000);
  expect(beats).toBe(2);
  expect(patience.isExhausted).toBe(false);
});

test("a loop that stood still has had one look, not many", async () => {
  const clock = new VirtualClock();
  let now = 0;
  // Time passes in one piece: a timer that was due four times over fires once.
  const blocked = { now: () => now, after: clock.after.bind(clock), soon: clock.soon.bind(clock) };
  const patience = new Patience(blocked, () => {});
  patience.begin();
  now = 60_000;
  await clock.advance(250);
  expect(patience.isExhausted).toBe(false);
});
