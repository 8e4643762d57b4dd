/** Something that {@link Clock} will do later. */
export interface Timer {
  /** Safe to call at any time, also twice. */
  cancel(): void;
  /** Lets the program end although this timer is pending. Returns itself. */
  unref(): this;
}

/**
 * Time, from outside: the real one, or one that a test turns by hand so that a whole cluster runs
 * deterministically. Monotonic: steps of the wall clock do not show.
 */
export interface Clock {
  /** Milliseconds since some fixed moment, with fractions. */
  now(): number;
  /** Calls back once, after `milliseconds`. */
  after(milliseconds: number, callback: () => void): Timer;
  /** Calls back once, when everything that is ready now has been handled (`setImmediate`). */
  soon(callback: () => void): void;
}

/** Node.js takes 32 bits: 24.8 days. What is longer comes then; it would come at once. */
const LONGEST_MS = 2 ** 31 - 1;

class SystemTimer implements Timer {
  readonly #handle: NodeJS.Timeout;

  constructor(milliseconds: number, callback: () => void) {
    this.#handle = setTimeout(callback, Math.min(milliseconds, LONGEST_MS));
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }

  unref(): this {
    this.#handle.unref();
    return this;
  }
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (milliseconds, callback) => new SystemTimer(milliseconds, callback),
  soon: (callback) => {
    setImmediate(callback);
  },
};
