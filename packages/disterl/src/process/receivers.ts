import type { Clock, Timer } from "../carrier/clock.ts";
import { matches, type Pattern } from "../term/match.ts";
import type { Term } from "../term/term.ts";
import { ProcessError } from "./errors.ts";
import { markHandled } from "./mark-handled.ts";

/** How long to wait for a message. */
export interface ReceiveOptions {
  /** Milliseconds; default: for ever. 0 looks at what is there and does not wait. */
  readonly timeout?: number | undefined;
  /** Stops waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** What ends a receive besides a message. */
interface ReceiveEnd {
  readonly timer: Timer | undefined;
  readonly signal: AbortSignal | undefined;
  readonly abort: () => void;
}

/** A receive that waits. As small as it can be: a process that does nothing usually waits in one. */
class Receiver {
  readonly pattern: Pattern | undefined;
  /** Of its promise; a rejected promise rejects it. */
  readonly resolve: (result: unknown) => void;
  /** For an iterator, whose results are wrapped, and which ends with the process. */
  readonly iterates: boolean;
  /** Its promise. */
  promise: Promise<unknown> | undefined = undefined;
  previous: Receiver | undefined = undefined;
  next: Receiver | undefined = undefined;
  end: ReceiveEnd | undefined = undefined;

  constructor(pattern: Pattern | undefined, resolve: (result: unknown) => void, iterates: boolean) {
    this.pattern = pattern;
    this.resolve = resolve;
    this.iterates = iterates;
  }

  settle(): void {
    if (this.end === undefined) return;
    const { timer, signal, abort } = this.end;
    timer?.cancel();
    signal?.removeEventListener("abort", abort);
  }
}

/**
 * The receives of one process that wait for a message, oldest first. A receive looks at what is in
 * the mailbox once; after that each message is tested when it comes, and never again: where the
 * emulator keeps a *save pointer*.
 */
export class Receivers {
  #first: Receiver | undefined = undefined;
  #last: Receiver | undefined = undefined;

  /** Gives a message that just arrived to who waits for it; false when nobody does. */
  offer(message: Term): boolean {
    let receiver = this.#first;
    while (receiver !== undefined) {
      // A pattern that throws takes its receive out of the list.
      const { next, pattern } = receiver;
      if (
        this.#waits(receiver) &&
        (pattern === undefined || this.#test(receiver, message, pattern))
      ) {
        this.#remove(receiver);
        receiver.resolve(receiver.iterates ? { done: false, value: message } : message);
        return true;
      }
      receiver = next;
    }
    return false;
  }

  #test(receiver: Receiver, message: Term, pattern: Pattern): boolean {
    try {
      // What the pattern's own function does may have ended the receive.
      return matches(message, pattern) && this.#waits(receiver);
    } catch (error) {
      this.#fail(receiver, error);
      return false;
    }
  }

  /** Functions in patterns may do anything: what one did may have ended others. */
  #waits(receiver: Receiver): boolean {
    return receiver === this.#first || receiver.previous?.next === receiver;
  }

  /** Waits for a message that was not in the mailbox. */
  wait(pattern: Pattern | undefined, options: ReceiveOptions, clock: Clock): Promise<Term> {
    return this.#promise<Term>(pattern, false, options, clock);
  }

  /** As {@link wait}, for whatever comes, in the form of an iterator. */
  next(clock: Clock): Promise<IteratorResult<Term, undefined>> {
    return this.#promise<IteratorResult<Term, undefined>>(undefined, true, {}, clock);
  }

  #promise<Result>(
    pattern: Pattern | undefined,
    iterates: boolean,
    options: ReceiveOptions,
    clock: Clock,
  ): Promise<Result> {
    let receiver: Receiver | undefined;
    const promise = new Promise<Result>((resolve) => {
      receiver = new Receiver(pattern, resolve as (result: unknown) => void, iterates);
      this.#add(receiver, options, clock);
    });
    (receiver as unknown as Receiver).promise = promise;
    return promise;
  }

  get waiting(): boolean {
    return this.#first !== undefined;
  }

  /** The process ended: every receive fails. */
  fail(error: Error): void {
    while (this.#first !== undefined) {
      if (this.#first.promise !== undefined) void markHandled(this.#first.promise);
      this.#fail(this.#first, error);
    }
  }

  #fail(receiver: Receiver, error: unknown): void {
    this.#remove(receiver);
    if (receiver.iterates) receiver.resolve({ done: true, value: undefined });
    else receiver.resolve(Promise.reject(error));
  }

  #add(receiver: Receiver, { timeout, signal }: ReceiveOptions, clock: Clock): void {
    receiver.previous = this.#last;
    if (this.#last === undefined) this.#first = receiver;
    else this.#last.next = receiver;
    this.#last = receiver;
    const isTimed = timeout !== undefined && timeout !== Number.POSITIVE_INFINITY;
    if (signal === undefined && !isTimed) return;
    const abort = (): void => this.#fail(receiver, signal?.reason);
    const timer = isTimed
      ? clock.after(timeout, () => this.#fail(receiver, timedOut(timeout)))
      : undefined;
    signal?.addEventListener("abort", abort, { once: true });
    receiver.end = { timer, signal, abort };
  }

  #remove(receiver: Receiver): void {
    receiver.settle();
    const { previous, next } = receiver;
    receiver.previous = undefined;
    receiver.next = undefined;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
  }
}

/** Patterns are terms, matchers and functions: a plain object is none of them. */
export function isReceiveOptions(value: Pattern | ReceiveOptions): value is ReceiveOptions {
  return typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;
}

/** The failure of a receive for which nothing came. */
export function timedOut(timeout: number): ProcessError {
  return new ProcessError("ERR_RECEIVE_TIMEOUT", `no message that matches within ${timeout} ms`);
}
