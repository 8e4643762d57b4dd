import type { Clock, Timer, VirtualClock } from "disterl/carrier";

/**
 * The clock of one node of a cluster: that of the cluster, as long as the node runs. What is due while
 * the node is frozen happens when it is thawed, in order; once it was killed nothing happens any more.
 * The hands go on meanwhile, as those of a machine do whose process was stopped.
 */
export class NodeClock implements Clock {
  readonly #cluster: VirtualClock;
  #state: "running" | "frozen" | "dead" = "running";
  /** What happened to the node while it could not run. */
  readonly #held: (() => void)[] = [];
  #pendingTimers = 0;

  constructor(cluster: VirtualClock) {
    this.#cluster = cluster;
  }

  get frozen(): boolean {
    return this.#state === "frozen";
  }

  get dead(): boolean {
    return this.#state === "dead";
  }

  /** Timers that are neither due nor cancelled. */
  get pendingTimers(): number {
    return this.#pendingTimers;
  }

  now(): number {
    return this.#cluster.now();
  }

  after(milliseconds: number, callback: () => void): Timer {
    let pending = true;
    this.#pendingTimers++;
    const done = (): boolean => {
      if (!pending) return false;
      pending = false;
      this.#pendingTimers--;
      return true;
    };
    const inner = this.#cluster.after(milliseconds, () => {
      this.happen(() => {
        if (done()) callback();
      });
    });
    const timer: Timer = {
      cancel: () => {
        if (done()) inner.cancel();
      },
      unref: () => timer,
    };
    return timer;
  }

  soon(callback: () => void): void {
    this.#cluster.soon(() => this.happen(callback));
  }

  /** Something happens to the node: now, or when it runs again, or never. */
  happen(event: () => void): void {
    if (this.#state === "dead") return;
    if (this.#state === "running" && this.#held.length === 0) event();
    else this.#held.push(event);
  }

  freeze(): void {
    if (this.#state === "running") this.#state = "frozen";
  }

  thaw(): void {
    if (this.#state !== "frozen") return;
    this.#state = "running";
    if (this.#held.length > 0) this.#cluster.soon(this.#catchUp);
  }

  die(): void {
    this.#state = "dead";
    this.#held.length = 0;
  }

  /** One event a step: what promises make of it comes before the next. */
  readonly #catchUp = (): void => {
    if (this.#state !== "running") return;
    this.#held.shift()?.();
    if (this.#held.length > 0) this.#cluster.soon(this.#catchUp);
  };
}
