import type { Clock, Timer } from "../../carrier/clock.ts";

/**
 * What one part of `global` has to tell another that is busy: taken in order, or the oldest that is
 * fit; the rest stays. The mailbox of a process, for values that are no terms.
 */
export class Inbox<Message> {
  readonly #clock: Clock;
  #messages: Message[] = [];
  #wake: (() => void) | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Messages that wait. */
  get size(): number {
    return this.#messages.length;
  }

  /** Those that a message makes void are not kept: `voids` says which. */
  post(message: Message, voids?: (waiting: Message) => boolean): void {
    if (this.#closed) return;
    if (voids !== undefined) this.#messages = this.#messages.filter((one) => !voids(one));
    this.#messages.push(message);
    this.#wake?.();
  }

  /** Nobody waits any more, nothing is kept. A wait under way is not settled. */
  close(): void {
    this.#closed = true;
    this.#messages = [];
    this.#wake = undefined;
    this.#timer?.cancel();
  }

  /** The oldest message that fits and is there already. */
  take(fits: (message: Message) => boolean = () => true): Message | undefined {
    const at = this.#messages.findIndex(fits);
    return at === -1 ? undefined : this.#messages.splice(at, 1)[0];
  }

  /** The oldest message that fits; waits for one, without a timeout for ever. One caller at a time. */
  async receive(
    fits: (message: Message) => boolean = () => true,
    timeoutMs?: number,
  ): Promise<Message | undefined> {
    let isLate = timeoutMs === 0;
    this.#timer =
      timeoutMs === undefined || isLate || this.#closed
        ? undefined
        : this.#clock
            .after(timeoutMs, () => {
              isLate = true;
              this.#wake?.();
            })
            .unref();
    for (;;) {
      const message = this.take(fits);
      if (message !== undefined || isLate) {
        this.#wake = undefined;
        this.#timer?.cancel();
        return message;
      }
      await new Promise<void>((resolve) => {
        if (!this.#closed) this.#wake = resolve;
      });
    }
  }
}
