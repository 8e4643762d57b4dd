import type { Clock, Timer } from "./clock.ts";

interface Entry {
  readonly at: number;
  /** Ties run in the order they were made. */
  readonly number: number;
  readonly callback: () => void;
}

/**
 * A clock that a test turns by hand. Whatever waits on it runs in order of time, ties in the order
 * they were made, and all promises settle between two steps: the same program takes the same course
 * every time, and an hour takes no time at all.
 *
 *     const clock = new VirtualClock();
 *     const answer = await clock.runUntil(somethingThatTakesAnHour(clock));
 */
export class VirtualClock implements Clock {
  #now = 0;
  #number = 0;
  /** A binary heap, earliest first. */
  readonly #heap: Entry[] = [];
  readonly #cancelled = new WeakSet<Entry>();

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): Timer {
    const entry = this.#add(this.#now + Math.max(0, milliseconds), callback);
    const timer: Timer = {
      cancel: () => {
        this.#cancelled.add(entry);
      },
      unref: () => timer,
    };
    return timer;
  }

  soon(callback: () => void): void {
    this.#add(this.#now, callback);
  }

  /** When the next of what waits is due; undefined when nothing waits. */
  nextAt(): number | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (!this.#cancelled.has(first)) return first.at;
      this.#removeFirst();
    }
    return undefined;
  }

  /** Lets time pass: everything due within it runs, and what that makes due within it. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settle();
    while (this.#next(end)) await settle();
    // Another one that runs meanwhile may have got further.
    this.#now = Math.max(this.#now, end);
  }

  /**
   * Lets time pass until the promise has settled, and gives its value.
   * @throws Error when nothing is left to wait for, or a day has passed.
   */
  async runUntil<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    const end = this.#now + 24 * 60 * 60 * 1000;
    await settle();
    while (!settled) {
      if (!this.#next(end)) throw new Error("virtual clock: nothing will ever settle this promise");
      await settle();
    }
    return promise;
  }

  /** Runs the next callback that is due by `end`; false when there is none. */
  #next(end: number): boolean {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.at > end) return false;
      this.#removeFirst();
      if (this.#cancelled.has(first)) continue;
      this.#now = first.at;
      first.callback();
      return true;
    }
  }

  #add(at: number, callback: () => void): Entry {
    const entry = { at, number: this.#number++, callback };
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, entry)) break;
      heap[index] = above;
      heap[parent] = entry;
      index = parent;
    }
    return entry;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      if (left === undefined) break;
      const useRight = right !== undefined && isBefore(right, left);
      const child = useRight ? right : left;
      if (isBefore(last, child)) break;
      heap[index] = child;
      index = 2 * index + (useRight ? 2 : 1);
    }
    heap[index] = last;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.number < other.number);
}

/** Everything that promises have made ready runs first. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
