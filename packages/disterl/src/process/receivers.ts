import type { Clock, Timer } from "../carrier/clock.ts";
import { matches, type Pattern } from "../term/match.ts";
import type { Term } from "../term/term.ts";
import { ProcessError } from "./errors.ts";

/** How long to wait for a message. */
export interface ReceiveOptions {
  /** Milliseconds; default: for ever. 0 looks at what is there and does not wait. */
  readonly timeout?: number | undefined;
  /** Stops waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** A receive that waits. */
class Receiver {
  readonly pattern: Pattern | undefined;
  readonly resolve: (message: Term) => void;
  readonly reject: (error: unknown) => void;
  previous: Receiver | undefined = undefined;
  next: Receiver | undefined = undefined;
  timer: Timer | undefined = undefined;
  signal: AbortSignal | undefined = undefined;
  abort: (() => void) | undefined = undefined;

  constructor(
    pattern: Pattern | undefined,
    resolve: (message: Term) => void,
    reject: (error: unknown) => void,
  ) {
    this.pattern = pattern;
    this.resolve = resolve;
    this.reject = reject;
  }

  settle(): void {
    this.timer?.cancel();
    if (this.abort !== undefined) this.signal?.removeEventListener("abort", this.abort);
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
      if (pattern === undefined || this.#test(receiver, message, pattern)) {
        this.#remove(receiver);
        receiver.resolve(message);
        return true;
      }
      receiver = next;
    }
    return false;
  }

  #test(receiver: Receiver, message: Term, pattern: Pattern): boolean {
    try {
      return matches(message, pattern);
    } catch (error) {
      this.#fail(receiver, error);
      return false;
    }
  }

  /** Waits for a message that was not in the mailbox. */
  wait(
    pattern: Pattern | undefined,
    { timeout, signal }: ReceiveOptions,
    clock: Clock,
  ): Promise<Term> {
    return new Promise<Term>((resolve, reject) => {
      const receiver = new Receiver(pattern, resolve, reject);
      this.#add(receiver);
      if (signal !== undefined) {
        receiver.signal = signal;
        receiver.abort = () => this.#fail(receiver, signal.reason);
        signal.addEventListener("abort", receiver.abort, { once: true });
      }
      if (timeout !== undefined && timeout !== Number.POSITIVE_INFINITY) {
        receiver.timer = clock.after(timeout, () => this.#fail(receiver, timedOut(timeout)));
      }
    });
  }

  get waiting(): boolean {
    return this.#first !== undefined;
  }

  /** The process ended: every receive fails. */
  fail(error: Error): void {
    while (this.#first !== undefined) this.#fail(this.#first, error);
  }

  #fail(receiver: Receiver, error: unknown): void {
    this.#remove(receiver);
    receiver.reject(error);
  }

  #add(receiver: Receiver): void {
    receiver.previous = this.#last;
    if (this.#last === undefined) this.#first = receiver;
    else this.#last.next = receiver;
    this.#last = receiver;
  }

  #remove(receiver: Receiver): void {
    receiver.settle();
    const { previous, next } = receiver;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
  }
}

/** The failure of a receive for which nothing came. */
export function timedOut(timeout: number): ProcessError {
  return new ProcessError("ERR_RECEIVE_TIMEOUT", `no message that matches within ${timeout} ms`);
}
