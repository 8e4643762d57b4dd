/** Something that has work to do and does a limited amount of it at a time. */
export interface Runnable {
  /** Works; true when there is more to do. */
  run(): boolean;
}

/** Turns and receives before sockets and timers get theirs. */
const TURNS = 4096;

/**
 * Runs callback processes soon, but never inside the call that sent them a message: a handler is
 * entered from the top only, so two that talk to each other do not grow the stack. One microtask
 * serves everything that a chunk from a socket set in motion.
 *
 * Whatever processes do in microtasks, they do not keep the event loop for ever: after so many turns
 * and receives all of them wait until it has come round.
 */
export class RunQueue {
  readonly #soon: (callback: () => void) => void;
  #queue: (Runnable | undefined)[] = [];
  /** Who is next. */
  #next = 0;
  #scheduled = false;
  /** Turns and receives until the next pause. */
  #left = TURNS;
  /** The pause that there is: resolves with its end. */
  #pause: Promise<void> | undefined = undefined;

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

  /**
   * A body is about to take a message: undefined when it may, or what it has to wait for first. A body
   * takes its messages in microtasks, so that two which talk to each other would never let anything
   * else happen.
   */
  breathe(): Promise<void> | undefined {
    if (this.#left > 0) {
      this.#left--;
      return undefined;
    }
    return this.#paused();
  }

  #paused(): Promise<void> {
    this.#pause ??= new Promise((resolve) => {
      this.#soon(() => {
        this.#left = TURNS;
        this.#pause = undefined;
        resolve();
      });
    });
    return this.#pause;
  }

  #run(): void {
    while (this.#next < this.#queue.length) {
      if (this.#left === 0) {
        this.#forgetPast();
        void this.#paused().then(() => this.#run());
        return;
      }
      this.#left--;
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
