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
    try {
      process.finish();
      for (let i = 0; i < this.#waiting.length; i++) (this.#waiting[i] as Process).finish();
    } finally {
      if (this.#waiting.length > 0) this.#waiting = [];
      this.#finishing = false;
    }
  }
}
