import type { NodedownReason } from "../connection/errors.ts";
import type { Term } from "../term/term.ts";

/** What happens to a node and its connections, as it happens. */
export type NodeStatus =
  /** A connection is up; before anything that arrives over it. */
  | {
      readonly type: "nodeup";
      readonly node: string;
      readonly hidden: boolean;
      readonly dialled: boolean;
    }
  /** A connection is gone; after the last thing that arrived over it. */
  | {
      readonly type: "nodedown";
      readonly node: string;
      readonly hidden: boolean;
      readonly reason: NodedownReason;
      readonly error: Error | undefined;
    }
  /** A dial of ours failed. */
  | { readonly type: "connect_failed"; readonly node: string; readonly error: Error }
  /** A connection that somebody opened to us did not get through its handshake. */
  | { readonly type: "refused"; readonly address: string; readonly error: Error }
  /** A process ended because its code threw, or because it was killed for its mailbox. */
  | {
      readonly type: "crash";
      readonly process: string;
      readonly reason: Term;
      readonly error: unknown;
    }
  /** Our place at epmd: lost, taken by another, or got back. */
  | { readonly type: "epmd"; readonly event: string; readonly error: Error | undefined };

/** Events that a slow reader may be behind before the oldest are dropped. */
const KEPT = 1024;

/** Hands each event to every reader; costs nothing while there is none. */
export class StatusFeed {
  readonly #readers = new Set<(event: NodeStatus | undefined) => void>();
  #closed = false;

  publish(event: NodeStatus): void {
    for (const reader of this.#readers) reader(event);
  }

  /** Ends every iteration. */
  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader(undefined);
    this.#readers.clear();
  }

  /** The events from this call on, until the node stops. */
  events(): AsyncIterableIterator<NodeStatus> {
    const waiting: NodeStatus[] = [];
    // Several may wait at once: all look again, the first in line finds the event.
    let wakes: (() => void)[] = [];
    const wake = (): void => {
      const waking = wakes;
      wakes = [];
      for (const call of waking) call();
    };
    let done = this.#closed;
    const reader = (event: NodeStatus | undefined): void => {
      if (event === undefined) done = true;
      else if (waiting.push(event) > KEPT) waiting.shift();
      wake();
    };
    if (!done) this.#readers.add(reader);
    const stop = (): void => {
      done = true;
      this.#readers.delete(reader);
      wake();
    };
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next() {
        while (waiting.length === 0 && !done) {
          await new Promise<void>((resolve) => {
            wakes.push(resolve);
          });
        }
        const value = waiting.shift();
        return value === undefined ? { value, done: true } : { value, done: false };
      },
      return() {
        stop();
        waiting.length = 0;
        return Promise.resolve({ value: undefined, done: true });
      },
    };
  }
}
