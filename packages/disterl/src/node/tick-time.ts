import type { Clock, Timer } from "../carrier/clock.ts";
import type { Ticker } from "../connection/ticker.ts";

/** The tick time in seconds, or what it is being changed to (`net_kernel:get_net_ticktime/0`). */
export type NetTickTime = number | { readonly ongoingChangeTo: number };

/** The outcome of a change (`net_kernel:set_net_ticktime/2`). */
export type NetTickTimeChange =
  | "unchanged"
  | "change_initiated"
  /** Another change is under way; this one was not begun. */
  | { readonly ongoingChangeTo: number };

/**
 * The tick time of a running distribution, and its changes. While one is under way ticks go out at the
 * faster of both rates, and silence is judged by the longer time: nobody is given up as long as all
 * nodes are changed within the transition. Mirrors `new_ticktime` of `net_kernel.erl`.
 */
export class TickTime {
  readonly #clock: Clock;
  readonly #ticker: Ticker;
  readonly #intensity: number;
  readonly #onRate: (intervalMs: number) => void;
  #seconds: number;
  #changing = false;
  #timer: Timer | undefined;

  /** `onRate` is told the milliseconds between ticks each time they change. */
  constructor(
    clock: Clock,
    ticker: Ticker,
    seconds: number,
    intensity: number,
    onRate: (intervalMs: number) => void = () => {},
  ) {
    this.#clock = clock;
    this.#ticker = ticker;
    this.#seconds = seconds;
    this.#intensity = intensity;
    this.#onRate = onRate;
  }

  /** The time that counts, or will when the change is over, in seconds. */
  get seconds(): number {
    return this.#seconds;
  }

  get(): NetTickTime {
    return this.#changing ? { ongoingChangeTo: this.#seconds } : this.#seconds;
  }

  set(seconds: number, transitionSeconds: number): NetTickTimeChange {
    if (this.#changing) return { ongoingChangeTo: this.#seconds };
    if (seconds === this.#seconds) return "unchanged";
    const before = this.#seconds;
    this.#seconds = seconds;
    this.#changing = true;
    const after = (1000 * seconds) / this.#intensity;
    const faster = Math.min(after, (1000 * before) / this.#intensity);
    if (seconds > before) this.#ticker.changeInterval(after);
    this.#onRate(faster);
    const last = 1 + Math.ceil((1000 * transitionSeconds) / faster);
    this.#beat(1, last, faster, () => {
      this.#changing = false;
      if (seconds < before) this.#ticker.changeInterval(after);
      this.#onRate(after);
    });
    return "change_initiated";
  }

  #beat(beat: number, last: number, intervalMs: number, done: () => void): void {
    this.#ticker.extraTick();
    if (beat >= last) {
      this.#timer = undefined;
      done();
      return;
    }
    this.#timer = this.#clock.after(intervalMs, () => {
      this.#beat(beat + 1, last, intervalMs, done);
    });
  }

  /** The distribution ends. */
  stop(): void {
    this.#timer?.cancel();
  }
}
