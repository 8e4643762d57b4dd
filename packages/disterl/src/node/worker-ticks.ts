import type { Channel } from "../carrier/carrier.ts";
import type { CarrierError } from "../carrier/errors.ts";
import { TickWorker } from "../carrier/ticks/tick-worker.ts";
import type { StatusFeed } from "./status.ts";

/**
 * Ticks by another thread while the event loop stands still (`ticks: "worker"`), as far as they can
 * be had: what cannot be is a `warning`, once, and the event loop ticks alone.
 */
export class WorkerTicks {
  readonly #stallTimeMs: number;
  readonly #status: StatusFeed;
  readonly #worker: TickWorker | undefined;
  readonly #told = new Set<string>();

  /** `intervalMs`: between ticks. `stallTimeMs`: for how long the event loop may stand still. */
  constructor(intervalMs: number, stallTimeMs: number, status: StatusFeed) {
    this.#stallTimeMs = stallTimeMs;
    this.#status = status;
    this.#worker = this.#orWarning(
      () => new TickWorker({ intervalMs, forMs: stallTimeMs }, (error) => this.#warn(error)),
    );
  }

  /** A connection is up. */
  add(channel: Channel): void {
    this.#orWarning(() => this.#worker?.add(channel));
  }

  /** The time between ticks was changed. */
  changeInterval(intervalMs: number): void {
    this.#worker?.changeTimes({ intervalMs, forMs: this.#stallTimeMs });
  }

  /** Resolves when the thread has ended, unless another node of this process goes on with it. */
  async stop(): Promise<void> {
    await this.#worker?.stop();
  }

  #orWarning<Result>(attempt: () => Result): Result | undefined {
    try {
      return attempt();
    } catch (error) {
      this.#warn(error as CarrierError);
      return undefined;
    }
  }

  #warn({ code, message }: CarrierError): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#status.publish({ type: "warning", code, message });
  }
}
