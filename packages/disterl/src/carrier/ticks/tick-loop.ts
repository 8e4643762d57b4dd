import type { TickLayout } from "./tick-slots.ts";

/** What the loop needs of the world. */
export interface TickLoopIo {
  /** Milliseconds since some fixed moment. */
  now(): number;
  /** Returns when the word `wake` is not this one any more, or after so many milliseconds. */
  wait(wake: number, milliseconds: number): void;
  /** Writes so many zero bytes without blocking; returns how many, or throws the system's error. */
  write(fd: number, length: number): number;
}

/**
 * What the tick worker does: looks at each connection four times in an interval, and where nobody
 * has written for an interval and a quarter, and it can have the lock, it writes a tick, and one
 * more after each interval. It does not ask why nobody has written, and judges no peer.
 *
 * Runs in another thread from its own source text: it may use its parameters and what the language
 * has, and nothing else of this file or any other.
 */
export function tickLoop(words: Int32Array, layout: TickLayout, io: TickLoopIo): void {
  const watched: { turn: number; spokeAt: number; dueAt: number; isBroken: boolean }[] = [];

  function look(at: number, index: number, intervalMs: number): void {
    const now = io.now();
    const word = Atomics.load(words, at);
    const turn = word & ~(layout.stateMask | layout.owedMask);
    const seen = (watched[index] ??= { turn: turn - 1, spokeAt: 0, dueAt: 0, isBroken: false });
    if (seen.turn !== turn) {
      seen.turn = turn;
      seen.spokeAt = now;
      seen.dueAt = now + intervalMs * 1.25;
      seen.isBroken = false;
    }
    if ((word & layout.stateMask) !== layout.idle || seen.isBroken) return;
    const owed = (word & layout.owedMask) >> layout.owedShift;
    const isOver = now - seen.spokeAt > Atomics.load(words, at + layout.forMs);
    if (owed === 0 && (isOver || now < seen.dueAt)) return;
    if (Atomics.compareExchange(words, at, word, word | layout.ticking) !== word) return;
    // Only now: the descriptor cannot be closed, nor be another's, until the word is idle again.
    let left = owed === 0 ? 4 : owed;
    try {
      left -= io.write(Atomics.load(words, at + layout.fd), left);
      if (left === 0) Atomics.add(words, at + layout.ticks, 1);
      if (left === 0) seen.dueAt = now + intervalMs;
    } catch (error) {
      // A full kernel takes a tick later. Of all else the event loop hears itself.
      seen.isBroken = (error as { code?: unknown }).code !== "EAGAIN";
    } finally {
      Atomics.store(words, at, turn | ((left === 4 ? 0 : left) << layout.owedShift));
      Atomics.notify(words, at);
    }
  }

  for (;;) {
    const wake = Atomics.load(words, layout.wake);
    if (Atomics.load(words, layout.stop) !== 0) return;
    let pauseMs = Infinity;
    const used = Atomics.load(words, layout.used);
    for (let index = 0; index < used; index++) {
      const at = layout.firstSlot + index * layout.slotWords;
      if ((Atomics.load(words, at) & layout.stateMask) === layout.closed) continue;
      const intervalMs = Atomics.load(words, at + layout.intervalMs);
      pauseMs = Math.min(pauseMs, intervalMs / 4);
      look(at, index, intervalMs);
    }
    io.wait(wake, pauseMs);
  }
}
