/**
 * The memory that the event loop shares with the tick worker: 32-bit words, a head, then one slot for
 * each connection. Who may write to a connection's descriptor is decided by the slot's first word.
 *
 *     head   | wake | stop | used | ...        bumped to wake the worker; ends it; slots ever used
 *     slot   | word | fd | intervalMs | forMs | ticks | 3 free
 *     word   | turn:28 | owed:2 | state:2 |
 *
 * - `idle`: all that was written has reached the kernel, and the stream is between two frames.
 * - `writing`: the event loop writes, or bytes of it wait for room in the kernel.
 * - `ticking`: the worker writes; it takes microseconds.
 * - `closed`: the descriptor may be gone, and may be another's.
 *
 * `turn` is one higher after each write of the event loop. `owed`: bytes of a tick that the kernel
 * had no room for; who writes next writes them first.
 */
export const TICK_LAYOUT = {
  wake: 0,
  stop: 1,
  used: 2,
  firstSlot: 16,
  slotWords: 8,
  fd: 1,
  intervalMs: 2,
  forMs: 3,
  ticks: 4,
  idle: 0,
  writing: 1,
  ticking: 2,
  closed: 3,
  stateMask: 3,
  owedShift: 2,
  owedMask: 12,
  turn: 16,
} as const;

export type TickLayout = typeof TICK_LAYOUT;

const L = TICK_LAYOUT;
/** 512 KB of addresses; the system gives memory to those that are used. */
const SLOTS = 16_384;
const LONGEST_MS = 2 ** 31 - 1;

/** When the worker writes on a connection. */
export interface TickTimes {
  /** Milliseconds between ticks: a quarter of net_ticktime, by default. */
  readonly intervalMs: number;
  /** After so many milliseconds without a write of the event loop the worker gives up, too. */
  readonly forMs: number;
}

/** All connections that one worker looks after. */
export class TickSlots {
  /** @internal */
  readonly words = new Int32Array(new SharedArrayBuffer(4 * (L.firstSlot + SLOTS * L.slotWords)));
  readonly #free: number[] = [];
  #used = 0;

  /**
   * A slot for an open descriptor. It is in state `writing`: the worker begins after
   * {@link TickSlot.unlock}. `undefined` when all are taken.
   */
  open(fd: number, times: TickTimes): TickSlot | undefined {
    const index = this.#free.pop() ?? this.#used;
    if (index === SLOTS) return undefined;
    const slot = new TickSlot(this, index, fd, times);
    if (index === this.#used) Atomics.store(this.words, L.used, ++this.#used);
    this.wake();
    return slot;
  }

  /** A slot was closed. @internal */
  release(index: number): void {
    this.#free.push(index);
  }

  /** Lets the worker look again at when it has to do something. */
  wake(): void {
    Atomics.add(this.words, L.wake, 1);
    Atomics.notify(this.words, L.wake);
  }

  /** Ends the worker. */
  stop(): void {
    Atomics.store(this.words, L.stop, 1);
    this.wake();
  }
}

/** What the event loop and the tick worker agree on about one connection: who writes to it. */
export class TickSlot {
  readonly #slots: TickSlots;
  readonly #words: Int32Array;
  readonly #index: number;
  readonly #at: number;
  /** The word while the slot is idle, and nothing is owed. */
  #idle: number;
  #isLocked = true;
  #isClosed = false;

  /** @internal */
  constructor(slots: TickSlots, index: number, fd: number, times: TickTimes) {
    this.#slots = slots;
    this.#words = slots.words;
    this.#index = index;
    this.#at = L.firstSlot + index * L.slotWords;
    Atomics.store(this.#words, this.#at + L.fd, fd);
    Atomics.store(this.#words, this.#at + L.ticks, 0);
    this.#setTimes(times);
    // The turns go on where the slot's last user ended: nothing of his is taken for ours.
    this.#idle = nextTurn(Atomics.load(this.#words, this.#at));
    Atomics.store(this.#words, this.#at, this.#idle | L.writing);
  }

  /** Ticks that the worker has written on this connection. */
  get ticks(): number {
    return Atomics.load(this.#words, this.#at + L.ticks);
  }

  /** From now on the worker ticks at these times. */
  changeTimes(times: TickTimes): void {
    if (this.#isClosed) return;
    this.#setTimes(times);
    this.#slots.wake();
  }

  #setTimes({ intervalMs, forMs }: TickTimes): void {
    Atomics.store(this.#words, this.#at + L.intervalMs, Math.min(intervalMs, LONGEST_MS));
    Atomics.store(this.#words, this.#at + L.forMs, Math.min(forMs, LONGEST_MS));
  }

  /**
   * Keeps the worker out; waits when it is writing at this moment. Nothing happens when the slot is
   * locked or closed.
   * @returns how many zero bytes the caller has to write before anything else.
   */
  lock(): number {
    if (this.#isLocked) return 0;
    this.#isLocked = true;
    const idle = this.#idle;
    const found = Atomics.compareExchange(this.#words, this.#at, idle, idle | L.writing);
    return found === idle ? 0 : this.#lockFrom(found);
  }

  #lockFrom(first: number): number {
    const wanted = this.#idle | L.writing;
    for (let found = first; ; ) {
      // No time limit: the worker holds it for one system call that cannot block.
      if ((found & L.stateMask) === L.ticking) Atomics.wait(this.#words, this.#at, found);
      const idle = found & ~L.stateMask;
      found = Atomics.compareExchange(this.#words, this.#at, idle, wanted);
      if (found === idle) return (idle & L.owedMask) >> L.owedShift;
    }
  }

  /** All that was written has reached the kernel. */
  unlock(): void {
    if (!this.#isLocked || this.#isClosed) return;
    this.#isLocked = false;
    this.#idle = nextTurn(this.#idle);
    Atomics.store(this.#words, this.#at, this.#idle);
  }

  /** From now on the worker never touches the descriptor. */
  close(): void {
    if (this.#isClosed) return;
    this.lock();
    this.#isClosed = true;
    Atomics.store(this.#words, this.#at, nextTurn(this.#idle) | L.closed);
    this.#slots.release(this.#index);
  }
}

/** The idle word after this one; 28 bits, then from the start. */
function nextTurn(word: number): number {
  return ((word & ~(L.stateMask | L.owedMask)) + L.turn) | 0;
}
