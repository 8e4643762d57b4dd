/** Something that has work to do and does a limited amount of it at a time. */
export interface Runnable {
  /** Works; true when there is more to do. */
  run(): boolean;
}

/** Calls back when everything that is ready now has been handled. */
type Soon = (callback: () => void) => void;

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
  readonly #soon: Soon;
  readonly #aside: Soon;
  #queue: (Runnable | undefined)[] = [];
  /** Who is next. */
  #next = 0;
  #scheduled = false;
  /** Turns and receives until the next pause. */
  #left = TURNS;
  /** The pause that there is: resolves with its end. */
  #pause: Promise<void> | undefined = undefined;

  /**
   * `soon` is the clock's: used when there is too much to do at once. `aside` is for code that is none
   * of a process: a clock that a test turns must not make the test wait for itself.
   */
  constructor(soon: Soon, aside: Soon = soon) {
    this.#soon = soon;
    this.#aside = aside;
  }

  schedule(runnable: Runnable): void {
    this.#queue.push(runnable);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#run());
  }

  /**
   * Somebody is about to take a message: undefined when he may, or what he has to wait for first.
   * Messages are taken in microtasks, so that two who talk to each other would never let anything else
   * happen. `isBody`: by the body of a process, not by code that only has its handle.
   */
  breathe(isBody: boolean): Promise<void> | undefined {
    if (this.#left > 0) {
      this.#left--;
      return undefined;
    }
    if (isBody) return this.#paused();
    return new Promise((resolve) => this.#aside(() => this.#goOn(resolve)));
  }

  #paused(): Promise<void> {
    this.#pause ??= new Promise((resolve) => {
      this.#soon(() => {
        this.#pause = undefined;
        this.#goOn(resolve);
      });
    });
    return this.#pause;
  }

  #goOn(resolve: () => void): void {
    this.#left = TURNS;
    resolve();
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
