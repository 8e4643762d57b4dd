import type { Clock } from "../../carrier/clock.ts";
import type { Atom } from "../../term/atom.ts";

/** How long a connection may take to be set up, unless told otherwise. */
const SETUP_MS = 7000;

/** Waits for nodes to connect that this one may not connect to. */
export class Arrivals {
  readonly #clock: Clock;
  readonly #waiting = new Map<Atom, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  arrived(node: Atom): void {
    for (const arrive of this.#waiting.get(node) ?? []) arrive();
    this.#waiting.delete(node);
  }

  /** Rejects when the node does not connect for as long as a connection may take. */
  wait(node: Atom): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(node) ?? new Set();
      this.#waiting.set(node, waiting);
      const timer = this.#clock
        .after(SETUP_MS, () => {
          waiting.delete(arrive);
          if (waiting.size === 0) this.#waiting.delete(node);
          reject(new Error(`${node.text} did not connect`));
        })
        .unref();
      const arrive = (): void => {
        timer.cancel();
        resolve();
      };
      waiting.add(arrive);
    });
  }
}
