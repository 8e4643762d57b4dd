import type { Clock, Timer } from "../carrier/clock.ts";
import type { Connection } from "./connection.ts";

/** How often in a tick interval the ticker looks whether the event loop runs. */
const LOOKS = 4;

/**
 * The net ticker: one timer for all connections of a node, `intensity` times per tick time. An idle
 * connection sends a tick at each; one that hears nothing for `intensity` of them is given up.
 * Mirrors `net_kernel:ticker_loop/2`.
 *
 * The timer also shows when this node's own event loop stood still. Whoever did not look cannot say
 * that the peers were silent: then the sockets are read first, and what has not come yet is not held
 * against anybody.
 */
export class Ticker {
  readonly #clock: Clock;
  #intervalMs: number;
  readonly #onStalled: (durationMs: number) => void;
  readonly #connections = new Set<Connection>();
  #timer: Timer | undefined;
  /** When the next check is due, and when the event loop was last seen to run. */
  #due = 0;
  #seenAt = 0;

  /**
   * `tickTimeMs` is net_ticktime in milliseconds. `onStalled` is called when the event loop stood
   * still for longer than a tick interval, before anything that arrived meanwhile is read; with the
   * milliseconds since it was last seen to run, which is up to a quarter of an interval too much.
   */
  constructor(
    clock: Clock,
    tickTimeMs: number,
    intensity: number,
    onStalled: (durationMs: number) => void = () => {},
  ) {
    this.#clock = clock;
    this.#intervalMs = tickTimeMs / intensity;
    this.#onStalled = onStalled;
  }

  add(connection: Connection): void {
    this.#connections.add(connection);
    if (this.#timer === undefined) this.#begin();
  }

  remove(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.stop();
  }

  /** From now on the checks come at this distance: net_ticktime was changed. */
  changeInterval(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#begin();
  }

  /** A tick for every connection between the checks, which judges nobody. */
  extraTick(): void {
    for (const connection of this.#connections) connection.extraTick();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #begin(): void {
    this.#seenAt = this.#clock.now();
    this.#due = this.#seenAt + this.#intervalMs;
    this.#arm();
  }

  #arm(): void {
    this.#timer = this.#clock.after(this.#intervalMs / LOOKS, () => this.#look());
  }

  #look(): void {
    const now = this.#clock.now();
    const unseen = now - this.#seenAt;
    this.#seenAt = now;
    this.#arm();
    if (unseen > this.#intervalMs) this.#onStalled(unseen);
    // Timers are not exact: one that is early by less than half a look is not a look too early.
    if (now < this.#due - this.#intervalMs / LOOKS / 2) return;
    this.#due = now + this.#intervalMs;
    const late = unseen > (this.#intervalMs * 3) / 4;
    // First the sockets are read: the peers may have spoken while nobody listened.
    this.#clock.soon(() => {
      for (const connection of [...this.#connections]) connection.tick(late);
    });
  }
}
