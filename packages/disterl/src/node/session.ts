import { Ticker } from "../connection/ticker.ts";
import type { OutstandingChallenges } from "../handshake/digest.ts";
import type { Identity } from "../process/identity.ts";
import { Dialer, type DialerOptions } from "./dialer.ts";
import type { StatusFeed } from "./status.ts";
import { TickTime } from "./tick-time.ts";
import { WorkerTicks } from "./worker-ticks.ts";

/** What distribution is started with. */
export interface SessionOptions extends DialerOptions {
  readonly autoConnect: "always" | "once" | "never";
  /** Seconds. */
  readonly tickTime: number;
  readonly tickIntensity: number;
  /** Milliseconds for which a thread ticks while the event loop stands still; undefined: none does. */
  readonly stallTimeMs: number | undefined;
}

/** Distribution, while it runs: from one start to the next stop. */
export class Session {
  readonly options: SessionOptions;
  readonly dialer: Dialer;
  readonly ticker: Ticker;
  readonly tickTime: TickTime;
  readonly workerTicks: WorkerTicks | undefined;

  constructor(
    options: SessionOptions,
    identity: Identity,
    outstanding: OutstandingChallenges,
    status: StatusFeed,
  ) {
    const { clock, tickTime: seconds, tickIntensity, stallTimeMs } = options;
    this.options = options;
    this.dialer = new Dialer(options, identity, outstanding);
    this.ticker = new Ticker(clock, 1000 * seconds, tickIntensity, (durationMs) => {
      status.publish({ type: "self_stalled", durationMs });
    });
    const intervalMs = (1000 * seconds) / tickIntensity;
    this.workerTicks =
      stallTimeMs === undefined ? undefined : new WorkerTicks(intervalMs, stallTimeMs, status);
    this.tickTime = new TickTime(clock, this.ticker, seconds, tickIntensity, (rateMs) => {
      this.workerTicks?.changeInterval(rateMs);
    });
  }
}
