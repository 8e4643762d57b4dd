import type { Process } from "../process/process.ts";
import type { Pid } from "../term/pid.ts";

/** One call of an exposed function: who asked, and the process that runs it. */
export class ExposedCall {
  /**
   * The process that the function runs in: its pid is what `spawn` gave the caller. It receives
   * messages, can be linked and monitored, and ends when the function does. When it is ended from
   * outside, the function runs on, but nobody hears of its result.
   */
  readonly process: Process;
  /**
   * Who asked: the process that spawned or called, which is one of the node that asked. Undefined for
   * `rpc:cast` of old nodes, which do not say, and where a process of another node is named.
   */
  readonly caller: Pid | undefined;
  #controller: AbortController | undefined = undefined;
  #gone = false;

  /** @internal */
  constructor(process: Process, caller: Pid | undefined) {
    this.process = process;
    this.caller = caller;
  }

  /**
   * Fires when nobody waits for the result any more: the caller ended, gave up or lost its
   * connection, or the process was ended by an exit signal. Costs nothing unless it is asked for.
   */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#gone) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Nobody waits any more. @internal */
  abandoned(): void {
    this.#gone = true;
    this.#controller?.abort();
  }
}
