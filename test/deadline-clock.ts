import { setTimeout as sleep } from "node:timers/promises";
import { systemClock, VirtualClock } from "disterl/carrier";

/** Deadlines pass by hand; what is due at once goes on by itself, for sockets wait for nobody. */
export class DeadlineClock extends VirtualClock {
  override soon(callback: () => void): void {
    systemClock.soon(callback);
  }

  /** Lets time pass, twice as fast as it does, until the promise has settled: others are real. */
  async passUntil<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = (): void => void (settled = true);
    promise.then(mark, mark);
    while (!settled) {
      await this.advance(100);
      await sleep(50);
    }
    return promise;
  }
}
