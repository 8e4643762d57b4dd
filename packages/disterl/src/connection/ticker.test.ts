import { expect, test } from "vitest";
import type { Clock, Timer } from "../carrier/clock.ts";
import type { Connection } from "./connection.ts";
import { Ticker } from "./ticker.ts";

/** A clock on which time can pass without anything running: as when a program computes. */
class BlockableClock implements Clock {
  #now = 0;
  #waiting: { readonly at: number; readonly callback: () => void }[] = [];
  readonly #soon: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): Timer {
    const entry = { at: this.#now + milliseconds, callback };
    this.#waiting.push(entry);
    const timer: Timer = {
      cancel: () => {
        this.#waiting = this.#waiting.filter((other) => other !== entry);
      },
      unref: () => timer,
    };
    return timer;
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  /** The program computes for so long. */
  block(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** One turn of the event loop: timers, then what was to come soon. `between` is the sockets. */
  turn(between: () => void = () => {}): void {
    const due = this.#waiting.filter(({ at }) => at <= this.#now);
    this.#waiting = this.#waiting.filter(({ at }) => at > this.#now);
    for (const { callback } of due) callback();
    between();
    for (const callback of this.#soon.splice(0)) callback();
  }

  /** The event loop runs for so long, and has nothing to do. */
  idle(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = Math.min(...this.#waiting.map(({ at }) => at));
      if (next > end) break;
      this.#now = Math.max(this.#now, next);
      this.turn();
    }
    this.#now = end;
  }
}

/** A ticker with an interval of two seconds, and what it does in order. */
function ticking(): { clock: BlockableClock; ticker: Ticker; seen: string[] } {
  const clock = new BlockableClock();
  const seen: string[] = [];
  const ticker = new Ticker(clock, 8000, 4, (ms) => seen.push(`stalled ${ms}`));
  const connection = {
    tick: (late: boolean) => seen.push(`${late ? "late " : ""}tick at ${clock.now()}`),
    extraTick: () => {},
  };
  ticker.add(connection as unknown as Connection);
  return { clock, ticker, seen };
}

test("ticks come once an interval", () => {
  const { clock, ticker, seen } = ticking();
  clock.idle(6500);
  ticker.stop();
  clock.idle(6500);
  expect(seen).toEqual(["tick at 2000", "tick at 4000", "tick at 6000"]);
});

test("a block that is longer than an interval is told first, then the sockets are read, then peers are judged", () => {
  const { clock, seen } = ticking();
  clock.idle(2100);
  seen.length = 0;
  clock.block(5000);
  clock.turn(() => seen.push("read"));
  // It was last seen to run at 2000.
  expect(seen).toEqual(["stalled 5100", "read", "late tick at 7100"]);
  seen.length = 0;
  clock.idle(2500);
  expect(seen).toEqual(["tick at 9100"]);
});

test("a block that is shorter is no stall, and the interval is kept", () => {
  const { clock, seen } = ticking();
  clock.block(900);
  clock.turn();
  clock.idle(1200);
  expect(seen).toEqual(["tick at 1900"]);
});

test("a new interval holds from now on, and is no stall", () => {
  const { clock, ticker, seen } = ticking();
  clock.idle(500);
  ticker.changeInterval(10_000);
  clock.idle(10_600);
  ticker.changeInterval(1000);
  clock.idle(1100);
  expect(seen).toEqual(["tick at 10500", "tick at 12100"]);
});
