import type { Clock, Timer } from "../carrier/clock.ts";
import type { Connection } from "./connection.ts";

/**
 * The net ticker: one timer for all connections of a node, `intensity` times per tick time. An idle
 * connection sends a tick at each; one that hears nothing for `intensity` of them is given up.
 * Mirrors `net_kernel:ticker_loop/2`.
 */
export class Ticker {
  readonly #clock: Clock;
  #intervalMs: number;
  readonly #connections = new Set<Connection>();
  #timer: Timer | undefined;
  #due = 0;

  /** `tickTimeMs` is net_ticktime in milliseconds. */
  constructor(clock: Clock, tickTimeMs: number, intensity: number) {
    this.#clock = clock;
    this.#intervalMs = tickTimeMs / intensity;
  }

  add(connection: Connection): void {
    this.#connections.add(connection);
    if (this.#timer === undefined) this.#arm();
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
    this.#arm();
  }

  /** A tick for every connection between the checks, which judges nobody. */
  extraTick(): void {
    for (const connection of this.#connections) connection.extraTick();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#due = this.#clock.now() + this.#intervalMs;
    this.#timer = this.#clock.after(this.#intervalMs, () => this.#fire());
  }

  #fire(): void {
    // After a stall of our own the sockets are read first: the peers may have spoken all along.
    const late = this.#clock.now() - this.#due > this.#intervalMs / 2;
    if (late) this.#clock.soon(() => this.#check(true));
    else this.#check(false);
    this.#arm();
  }

  #check(late: boolean): void {
    for (const connection of [...this.#connections]) connection.tick(late);
  }
}
