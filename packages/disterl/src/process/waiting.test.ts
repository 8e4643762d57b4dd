import { expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import type { Pattern } from "../term/match.ts";
import type { Term } from "../term/term.ts";
import type { ReceiveOptions } from "./receivers.ts";
import { Waiting } from "./waiting.ts";

/** What waits, and nothing else of a process. */
class Waiter extends Waiting {
  readonly #clock = new VirtualClock();

  give(message: Term): boolean {
    return this.offer(message);
  }

  receive(pattern?: Pattern, options: ReceiveOptions = {}): Promise<Term> {
    return this.wait(pattern, options, this.#clock);
  }

  next(): Promise<IteratorResult<Term, undefined>> {
    return this.waitNext(this.#clock);
  }

  end(error: Error): void {
    this.failReceives(error);
  }

  get waiting(): boolean {
    return this.waits;
  }
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no failure",
    (error: unknown) => error,
  );

test("who waits longest gets the message, if it matches, whatever kind of receive it is", async () => {
  const waiter = new Waiter();
  const text = waiter.receive("text");
  const timed = waiter.receive(undefined, { timeout: 1000 });
  const each = waiter.next();
  const plain = waiter.receive();
  expect([1, 2, 3, 4].map((message) => waiter.give(message))).toEqual([true, true, true, false]);
  // The first place is free for the one that comes now only when nobody waits any more.
  expect(waiter.give("text")).toBe(true);
  expect(waiter.waiting).toBe(false);
  const results = [text, timed, each, plain];
  expect(await Promise.all(results)).toEqual(["text", 1, { done: false, value: 2 }, 3]);
});

test("one that comes while others wait comes behind them, though the first is gone", async () => {
  const waiter = new Waiter();
  const first = waiter.receive();
  const second = waiter.receive();
  expect(waiter.give(1)).toBe(true);
  const third = waiter.receive();
  expect(waiter.give(2)).toBe(true);
  expect(waiter.give(3)).toBe(true);
  expect(await Promise.all([first, second, third])).toEqual([1, 2, 3]);
});

test("a pattern that throws fails its own receive, and the next one gets the message", async () => {
  const waiter = new Waiter();
  const mine = failure(
    waiter.receive(() => {
      throw new RangeError("my own mistake");
    }),
  );
  const other = waiter.receive();
  expect(waiter.give(1)).toBe(true);
  expect(String(await mine)).toContain("my own mistake");
  expect(await other).toBe(1);
  expect(waiter.waiting).toBe(false);
});

test("a pattern that ends its own receive takes no message", async () => {
  const waiter = new Waiter();
  const mine = failure(waiter.receive(() => (waiter.end(new Error("enough")), true)));
  expect(waiter.give(1)).toBe(false);
  expect(String(await mine)).toContain("enough");
  const next = waiter.next();
  expect(waiter.give(2)).toBe(true);
  expect(await next).toEqual({ done: false, value: 2 });
});

test("at the end receives fail and iterators are done; nobody has to look at that", async () => {
  for (const iterates of [true, false]) {
    const waiter = new Waiter();
    const first = iterates ? waiter.next() : waiter.receive();
    const second = waiter.receive();
    waiter.end(new Error("over"));
    expect(waiter.waiting).toBe(false);
    // An unhandled rejection would fail the run.
    await new Promise((resolve) => setImmediate(resolve));
    if (iterates) expect(await first).toEqual({ done: true, value: undefined });
    else expect(String(await failure(first))).toContain("over");
    expect(String(await failure(second))).toContain("over");
  }
});
