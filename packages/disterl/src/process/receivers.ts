import type { Clock, Timer } from "../carrier/clock.ts";
import type { Term } from "../term/term.ts";
import { ProcessError } from "./errors.ts";
import type { Mailbox } from "./mailbox.ts";

/** Which message to take, and how long to wait for it. */
export interface ReceiveOptions {
  /** Takes only a message for which this holds. What it throws fails the receive. */
  readonly matches?: (message: Term) => boolean;
  /** Milliseconds; default: for ever. 0 looks at what is there and does not wait. */
  readonly timeout?: number;
  /** Stops waiting. */
  readonly signal?: AbortSignal;
}

interface Receiver {
  readonly matches: ((message: Term) => boolean) | undefined;
  readonly resolve: (message: Term) => void;
  readonly reject: (error: unknown) => void;
}

/** The receives of one process that wait for a message, oldest first. */
export class Receivers {
  readonly #mailbox: Mailbox;
  readonly #clock: Clock;
  readonly #waiting = new Set<Receiver>();

  constructor(mailbox: Mailbox, clock: Clock) {
    this.#mailbox = mailbox;
    this.#clock = clock;
  }

  /** Gives a message that just arrived to who waits for it; false when nobody does. */
  offer(message: Term): boolean {
    for (const receiver of this.#waiting) {
      try {
        if (receiver.matches !== undefined && !receiver.matches(message)) continue;
      } catch (error) {
        receiver.reject(error);
        continue;
      }
      receiver.resolve(message);
      return true;
    }
    return false;
  }

  receive({ matches, timeout, signal }: ReceiveOptions): Promise<Term> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    let found: Term | undefined;
    try {
      found = matches === undefined ? this.#mailbox.shift() : this.#mailbox.take(matches);
    } catch (error) {
      return Promise.reject(error);
    }
    if (found !== undefined) return Promise.resolve(found);
    if (timeout === 0) return Promise.reject(timedOut(0));
    return new Promise<Term>((resolve, reject) => {
      let timer: Timer | undefined;
      const abort = (): void => receiver.reject(signal?.reason);
      const settle = (): void => {
        this.#waiting.delete(receiver);
        timer?.cancel();
        signal?.removeEventListener("abort", abort);
      };
      const receiver: Receiver = {
        matches,
        resolve: (message) => {
          settle();
          resolve(message);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      this.#waiting.add(receiver);
      signal?.addEventListener("abort", abort, { once: true });
      if (timeout !== undefined && timeout !== Number.POSITIVE_INFINITY) {
        timer = this.#clock.after(timeout, () => receiver.reject(timedOut(timeout)));
      }
    });
  }

  /** The process ended: every receive fails. */
  fail(error: Error): void {
    for (const receiver of [...this.#waiting]) receiver.reject(error);
  }
}

function timedOut(timeout: number): ProcessError {
  return new ProcessError("ERR_RECEIVE_TIMEOUT", `no message that matches within ${timeout} ms`);
}
