/** Something that has work to do and does a limited amount of it at a time. */
export interface Runnable {
  /** Works; true when there is more to do. */
  run(): boolean;
}

/** Turns taken in one go before sockets and timers get theirs. */
const TURNS = 4096;

/**
 * Runs callback processes soon, but never inside the call that sent them a message: a handler is
 * entered from the top only, so two that talk to each other do not grow the stack. One microtask
 * serves everything that a chunk from a socket set in motion.
 */
export class RunQueue {
  readonly #soon: (callback: () => void) => void;
  #queue: (Runnable | undefined)[] = [];
  /** Who is next. */
  #next = 0;
  #scheduled = false;

  /** `soon` is the clock's: used when there is too much to do at once. */
  constructor(soon: (callback: () => void) => void) {
    this.#soon = soon;
  }

  schedule(runnable: Runnable): void {
    this.#queue.push(runnable);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#run());
  }

  #run(): void {
    const end = this.#next + TURNS;
    while (this.#next < this.#queue.length) {
      if (this.#next === end) {
        this.#forgetPast();
        this.#soon(() => this.#run());
        return;
      }
      const runnable = this.#queue[this.#next] as Runnable;
      this.#queue[this.#next++] = undefined;
      if (runnable.run()) this.#queue.push(runnable);
    }
    this.#queue = [];
    this.#next = 0;
    this.#scheduled = false;
  }

  /** Not at each pause: whoever waits in a long queue is not copied every time. */
  #forgetPast(): void {
    if (this.#next < this.#queue.length / 2) return;
    this.#queue = this.#queue.slice(this.#next);
    this.#next = 0;
  }
}
