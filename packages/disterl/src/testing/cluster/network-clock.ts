import type { Clock, Timer, VirtualClock } from "disterl/carrier";

/** The clock of the network: knows whether something is under way. */
export class NetworkClock implements Clock {
  readonly #cluster: VirtualClock;
  #underWay = 0;

  constructor(cluster: VirtualClock) {
    this.#cluster = cluster;
  }

  /** How much will happen in the network without anybody doing anything. */
  get underWay(): number {
    return this.#underWay;
  }

  now(): number {
    return this.#cluster.now();
  }

  after(milliseconds: number, callback: () => void): Timer {
    let pending = true;
    this.#underWay++;
    const done = (): void => {
      if (pending) this.#underWay--;
      pending = false;
    };
    const inner = this.#cluster.after(milliseconds, () => {
      done();
      callback();
    });
    const timer: Timer = {
      cancel: () => {
        done();
        inner.cancel();
      },
      unref: () => timer,
    };
    return timer;
  }

  soon(callback: () => void): void {
    this.#underWay++;
    this.#cluster.soon(() => {
      this.#underWay--;
      callback();
    });
  }
}
