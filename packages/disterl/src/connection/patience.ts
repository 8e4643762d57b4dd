import type { Clock, Timer } from "../carrier/clock.ts";

/** How often a peer that is slow is looked at. */
const BEAT_MS = 250;
/** Looks at which nothing has moved: so many lie a second apart, or more. */
const BEATS = 5;

/**
 * How long a busy peer has taken nothing, in time that counts: the event loop ran, so that it could
 * have. What a program spends computing is not held against the peer.
 */
export class Patience {
  readonly #clock: Clock;
  readonly #onBeat: () => void;
  #timer: Timer | undefined;
  #quietBeats = 0;
  /** Raised by each watch, so that a look that is under way when it ends is dropped. */
  #watch = 0;

  /** `onBeat` is called at each look, while {@link begin} holds. */
  constructor(clock: Clock, onBeat: () => void) {
    this.#clock = clock;
    this.#onBeat = onBeat;
  }

  /** Nothing has moved for a second, or a quarter more. */
  get isExhausted(): boolean {
    return this.#quietBeats >= BEATS;
  }

  begin(): void {
    this.end();
    this.#arm();
  }

  /** Something of what waits has left. */
  progress(): void {
    this.#quietBeats = 0;
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#quietBeats = 0;
    this.#watch++;
  }

  #arm(): void {
    const watch = this.#watch;
    this.#timer = this.#clock
      .after(BEAT_MS, () => {
        // After a block of ours the sockets come first: what they take now, they would have taken.
        this.#clock.soon(() => {
          if (watch !== this.#watch) return;
          this.#quietBeats++;
          this.#onBeat();
          if (watch === this.#watch) this.#arm();
        });
      })
      .unref();
  }
}
