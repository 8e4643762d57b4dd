import { expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { Receivers } from "./receivers.ts";

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no failure",
    (error: unknown) => error,
  );

function broken(): never {
  throw new RangeError("my own mistake");
}

test("a condition that throws fails its own receive, and no other", async () => {
  const receivers = new Receivers();
  const clock = new VirtualClock();
  const mine = failure(receivers.wait(broken, {}, clock));
  const other = receivers.wait(undefined, {}, clock);
  expect(receivers.offer(1)).toBe(true);
  expect(String(await mine)).toContain("my own mistake");
  expect(await other).toBe(1);
  expect(receivers.offer(2)).toBe(false);
});

test("a condition that ends its own receive, and others, takes no message", async () => {
  const receivers = new Receivers();
  const clock = new VirtualClock();
  const abort = new AbortController();
  const { signal } = abort;
  const given = { signal };
  const ending = receivers.wait(() => (abort.abort("enough"), true), given, clock);
  const failures = [failure(ending), failure(receivers.wait(undefined, given, clock))];
  expect(receivers.offer(1)).toBe(false);
  expect(await Promise.all(failures)).toEqual(["enough", "enough"]);
  const next = receivers.wait(undefined, {}, clock);
  expect(receivers.offer(2)).toBe(true);
  expect(await next).toBe(2);
});

test("who waits longest gets the message, if it matches", async () => {
  const receivers = new Receivers();
  const clock = new VirtualClock();
  const text = receivers.wait("text", {}, clock);
  const first = receivers.wait(undefined, {}, clock);
  const second = receivers.wait(undefined, {}, clock);
  expect(receivers.offer(1)).toBe(true);
  expect(receivers.offer(2)).toBe(true);
  expect(receivers.offer(3)).toBe(false);
  expect(receivers.offer("text")).toBe(true);
  expect(await Promise.all([text, first, second])).toEqual(["text", 1, 2]);
  expect(receivers.waiting).toBe(false);
});

test("a timeout of Infinity waits for ever, and sets no timer", async () => {
  const clock = new VirtualClock();
  let timers = 0;
  const counting = {
    now: () => 0,
    soon: () => {},
    after: (milliseconds: number, callback: () => void) => {
      timers++;
      return clock.after(milliseconds, callback);
    },
  };
  const receivers = new Receivers();
  const waiting = receivers.wait(undefined, { timeout: Number.POSITIVE_INFINITY }, counting);
  expect(timers).toBe(0);
  receivers.offer(1);
  expect(await waiting).toBe(1);
});

test("a receive that ended leaves no listener on its signal", async () => {
  const receivers = new Receivers();
  const abort = new AbortController();
  let listeners = 0;
  const { signal } = abort;
  const { addEventListener: add, removeEventListener: remove } = signal;
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove.apply(signal, args);
  };
  const waiting = receivers.wait(undefined, { signal }, new VirtualClock());
  expect(listeners).toBe(1);
  receivers.offer(1);
  await waiting;
  expect(listeners).toBe(0);
});
