import type { Clock, Timer } from "../clock.ts";

/** One who is shaking hands. */
interface Entry {
  readonly source: string;
  readonly turnAway: (why: string) => void;
  readonly timer: Timer;
}

/**
 * The TLS handshakes of others that are under way: each has a time, all together a number. Who comes
 * while it is full takes the place of the oldest of the busiest address, so that a crowd from one
 * address keeps nobody else out.
 */
export class TlsDoor<Key extends object> {
  readonly #clock: Clock;
  readonly #timeMs: number;
  readonly #most: number;
  readonly #entries = new Map<Key, Entry>();

  constructor(clock: Clock, timeMs: number, most: number) {
    this.#clock = clock;
    this.#timeMs = timeMs;
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** `turnAway` is called when the time is over, or the place is needed. */
  enter(key: Key, source: string, turnAway: (why: string) => void): void {
    if (this.#entries.size >= this.#most) this.#turnAwayOne();
    const late = `no TLS within ${this.#timeMs} ms`;
    const timer = this.#clock.after(this.#timeMs, () => this.#turnAway(key, late)).unref();
    this.#entries.set(key, { source, turnAway, timer });
  }

  /** It is done, one way or the other. False when it was turned away before. */
  leave(key: Key): boolean {
    this.#entries.get(key)?.timer.cancel();
    return this.#entries.delete(key);
  }

  /** Nobody is waited for any more. */
  close(): void {
    for (const key of [...this.#entries.keys()]) this.#turnAway(key, "the listener was closed");
  }

  #turnAwayOne(): void {
    const counts = new Map<string, number>();
    for (const { source } of this.#entries.values()) {
      counts.set(source, (counts.get(source) ?? 0) + 1);
    }
    const busiest = Math.max(...counts.values());
    for (const [key, { source }] of this.#entries) {
      if (counts.get(source) !== busiest) continue;
      this.#turnAway(key, `more than ${this.#most} were shaking hands`);
      return;
    }
  }

  #turnAway(key: Key, why: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.leave(key);
    entry.turnAway(why);
  }
}
