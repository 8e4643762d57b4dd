import { atoms } from "../term/atom.ts";
import type { Process } from "./process.ts";

/**
 * Processes that have ended, until all who have to do with them are told. The end of one may end
 * others: they come one after the other, so that a chain of links of any length does not grow the
 * stack.
 */
export class ExitQueue {
  #waiting: Process[] = [];
  #finishing = false;

  add(process: Process): void {
    if (this.#finishing) {
      this.#waiting.push(process);
      return;
    }
    this.#finishing = true;
    finish(process);
    for (let i = 0; i < this.#waiting.length; i++) finish(this.#waiting[i] as Process);
    if (this.#waiting.length > 0) this.#waiting = [];
    this.#finishing = false;
  }
}

/** One that fails keeps nobody else from being told. */
function finish(process: Process): void {
  try {
    process.finish();
  } catch (error) {
    process.table.onCrash(process, process.exitReason ?? atoms.normal, error);
  }
}
