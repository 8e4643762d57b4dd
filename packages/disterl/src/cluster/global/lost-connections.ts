import type { Clock } from "../../carrier/clock.ts";
import type { Atom } from "../../term/atom.ts";

const HOUR_MS = 60 * 60 * 1000;

/** The loss of a connection, as the node that lost it tells it. */
export interface LostConnection {
  readonly node: Atom;
  /** Tells runs of that node apart. */
  readonly creation: number | bigint;
  /** Grows with each loss. */
  readonly operation: number | bigint;
  readonly lost: Atom;
}

interface Seen {
  readonly creation: number | bigint;
  readonly operation: number | bigint;
  readonly at: number;
}

/** Which losses have been seen, so that each is told on once only. Remembered for an hour. */
export class LostConnections {
  readonly #clock: Clock;
  readonly #most: number;
  /** Oldest first. */
  readonly #seen = new Map<string, Seen>();

  /** `most` are remembered. */
  constructor(clock: Clock, most = 10_000) {
    this.#clock = clock;
    this.#most = most;
  }

  get size(): number {
    return this.#seen.size;
  }

  /** False when this loss, or a later one of the same two nodes, was seen already. */
  add({ node, creation, operation, lost }: LostConnection): boolean {
    const now = this.#clock.now();
    this.#forget(now - HOUR_MS);
    const key = `${node.text}\u0000${lost.text}`;
    const seen = this.#seen.get(key);
    if (seen !== undefined && seen.creation === creation && operation <= seen.operation) {
      return false;
    }
    this.#seen.delete(key);
    this.#seen.set(key, { creation, operation, at: now });
    return true;
  }

  #forget(before: number): void {
    for (const [key, { at }] of this.#seen) {
      if (at > before && this.#seen.size < this.#most) return;
      this.#seen.delete(key);
    }
  }
}
