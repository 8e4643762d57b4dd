import { Worker } from "node:worker_threads";
import type { Channel } from "../carrier.ts";
import { type CarrierError, noTicksError } from "../errors.ts";
import { tickLoop } from "./tick-loop.ts";
import { TICK_LAYOUT, type TickSlot, TickSlots, type TickTimes } from "./tick-slots.ts";

/**
 * The program of the thread. From the source text of a function, not from a file: it works from any
 * place that the library is built, bundled or run from. `__name` is what some bundlers put around
 * functions to keep their names.
 */
const PROGRAM = `
const { workerData: { words, layout } } = require("node:worker_threads");
const { writeSync } = require("node:fs");
const __name = (fun) => fun;
const zeros = new Uint8Array(4);
(${tickLoop.toString()})(words, layout, {
  now: () => performance.now(),
  wait: (wake, milliseconds) => Atomics.wait(words, layout.wake, wake, milliseconds),
  write: (fd, length) => writeSync(fd, zeros, 0, length),
});`;

/** The one thread of this process, while a node uses it. */
let running: TickThread | undefined;

class TickThread {
  readonly slots = new TickSlots();
  readonly users = new Set<TickWorker>();
  readonly #worker: Worker;
  /** Settles when the thread has ended. */
  readonly ended: Promise<void>;

  constructor() {
    this.#worker = new Worker(PROGRAM, {
      eval: true,
      name: "disterl ticks",
      workerData: { words: this.slots.words, layout: TICK_LAYOUT },
      // Nothing that this process loads in advance belongs into the thread.
      execArgv: [],
      env: {},
    });
    this.#worker.unref();
    let cause: Error | undefined;
    this.#worker.on("error", (error) => {
      cause = error instanceof Error ? error : new Error(String(error));
    });
    this.ended = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#lost(cause);
        resolve();
      });
    });
  }

  #lost(cause: Error | undefined): void {
    if (running === this) running = undefined;
    for (const user of this.users) user.lost(noTicksError("its thread has ended", cause));
    this.users.clear();
  }

  stop(): Promise<void> {
    if (running === this) running = undefined;
    this.#worker.ref();
    this.slots.stop();
    return this.ended;
  }
}

/**
 * Keeps the peers of a node from taking it for dead while its event loop is busy for longer than
 * they wait: a thread that all nodes of a process share writes the ticks then. It wakes four times in
 * a tick interval, and writes only where the event loop has not written for longer than one.
 *
 * See docs/decisions, "Ticks while the event loop is busy".
 */
export class TickWorker {
  #times: TickTimes;
  readonly #onLost: (error: CarrierError) => void;
  #thread: TickThread | undefined;
  readonly #open = new Set<TickSlot>();

  /**
   * Starts the thread when no other node has. `onLost` is called when the thread ends by itself; the
   * event loop ticks alone then.
   * @throws CarrierError `ERR_CARRIER_NO_TICKS` when this process may not have threads.
   */
  constructor(times: TickTimes, onLost: (error: CarrierError) => void) {
    this.#times = times;
    this.#onLost = onLost;
    try {
      this.#thread = running ??= new TickThread();
    } catch (error) {
      throw noTicksError("this process cannot start a thread", error as Error);
    }
    this.#thread.users.add(this);
  }

  /**
   * Ticks on a channel from now on, until it closes. Every {@link Channel.write} has to end where a
   * frame ends.
   * @throws CarrierError `ERR_CARRIER_NO_TICKS` when that is not possible with this channel.
   */
  add(channel: Channel): void {
    if (this.#thread === undefined) throw noTicksError("its thread has ended");
    if (channel.tickFrom === undefined) {
      throw noTicksError("a channel of this carrier can be written to by its own thread only");
    }
    const slot = channel.tickFrom(this.#thread.slots, this.#times, () => {
      if (slot !== undefined) this.#open.delete(slot);
    });
    if (slot !== undefined) this.#open.add(slot);
  }

  /** The tick time was changed. */
  changeTimes(times: TickTimes): void {
    this.#times = times;
    for (const slot of this.#open) slot.changeTimes(times);
  }

  /** The thread has ended. @internal */
  lost(error: CarrierError): void {
    this.#thread = undefined;
    this.#onLost(error);
  }

  /** Lets go of the thread; resolves when it has ended, or another node goes on with it. */
  async stop(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread === undefined || !thread.users.delete(this)) return;
    if (thread.users.size === 0) await thread.stop();
  }
}
