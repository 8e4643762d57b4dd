import type { Clock, Timer } from "../carrier/clock.ts";

/** Something that ends when its time is up, unless it is {@link Deadlines.remove}d before. */
export abstract class Expiring {
  /** @internal */ list: DeadlineList | undefined = undefined;
  /** @internal */ dueAt = 0;
  /** @internal */ previous: Expiring | undefined = undefined;
  /** @internal */ next: Expiring | undefined = undefined;

  /** Its time is up. */
  abstract expired(): void;
}

/** @throws TypeError when that is no time to wait: negative, or no number. */
export function assertTimeout(milliseconds: number): void {
  if (typeof milliseconds === "number" && milliseconds >= 0) return;
  throw new TypeError(`a timeout is milliseconds from 0 up, or Infinity, not ${milliseconds}`);
}

/** All that were given the same time: whoever came first is due first. Exists while there are any. */
interface DeadlineList {
  readonly milliseconds: number;
  first: Expiring | undefined;
  last: Expiring | undefined;
  timer: Timer;
}

/**
 * Deadlines of things that are nearly always done before: while many are open, one timer of the clock
 * serves all that have the same time, set for the oldest of them only. Adding and removing is a
 * handful of pointers then.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #lists = new Map<number, DeadlineList>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(entry: Expiring, milliseconds: number): void {
    const list = this.#lists.get(milliseconds) ?? this.#open(milliseconds);
    entry.dueAt = this.#clock.now() + milliseconds;
    entry.list = list;
    entry.previous = list.last;
    if (list.last === undefined) list.first = entry;
    else list.last.next = entry;
    list.last = entry;
  }

  /** Safe to call at any time, also twice. */
  remove(entry: Expiring): void {
    const { list } = entry;
    if (list === undefined) return;
    this.#unlink(entry, list);
    if (list.first === undefined) {
      list.timer.cancel();
      this.#lists.delete(list.milliseconds);
    }
  }

  #open(milliseconds: number): DeadlineList {
    const timer = this.#clock.after(milliseconds, () => this.#fire(list));
    const list: DeadlineList = { milliseconds, first: undefined, last: undefined, timer };
    this.#lists.set(milliseconds, list);
    return list;
  }

  #unlink(entry: Expiring, list: DeadlineList): void {
    const { previous, next } = entry;
    if (previous === undefined) list.first = next;
    else previous.next = next;
    if (next === undefined) list.last = previous;
    else next.previous = previous;
    entry.list = undefined;
    entry.previous = undefined;
    entry.next = undefined;
  }

  #fire(list: DeadlineList): void {
    const now = this.#clock.now();
    const expired: Expiring[] = [];
    while (list.first !== undefined && list.first.dueAt <= now) {
      expired.push(list.first);
      this.#unlink(list.first, list);
    }
    if (list.first === undefined) {
      this.#lists.delete(list.milliseconds);
    } else {
      // A timer may come a little early: never twice at the same moment then.
      const left = Math.max(1, list.first.dueAt - now);
      list.timer = this.#clock.after(left, () => this.#fire(list));
    }
    for (const entry of expired) entry.expired();
  }
}
