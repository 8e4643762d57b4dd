import { expect, test } from "vitest";
import { tickLoop } from "./tick-loop.ts";
import { TICK_LAYOUT, type TickSlot, TickSlots } from "./tick-slots.ts";

// The loop of the worker, run by hand in this thread: each wait is one step of a script.

interface Write {
  readonly at: number;
  readonly fd: number;
  readonly length: number;
}

class Rig {
  readonly slots = new TickSlots();
  readonly writes: Write[] = [];
  readonly pauses: number[] = [];
  now = 1000;
  /** What the kernel takes of the next writes; an error is thrown. */
  readonly kernel: (number | Error)[] = [];
  /** Called within the write. */
  during: () => void = () => {};

  open(fd = 7, intervalMs = 1000, forMs = 1e9): TickSlot {
    const slot = this.slots.open(fd, { intervalMs, forMs });
    if (slot === undefined) throw new Error("no slot left");
    slot.unlock();
    return slot;
  }

  /** Runs the loop; time passes as it asks to. `steps` has what happens at which of its waits. */
  run(waits: number, steps: Readonly<Record<number, () => void>> = {}): void {
    let count = 0;
    tickLoop(this.slots.words, TICK_LAYOUT, {
      now: () => this.now,
      wait: (_wake, milliseconds) => {
        this.pauses.push(milliseconds);
        this.now += Math.min(milliseconds, 1e6);
        count++;
        steps[count]?.();
        if (count === waits) this.slots.stop();
      },
      write: (fd, length) => {
        this.writes.push({ at: this.now, fd, length });
        this.during();
        const taken = this.kernel.shift() ?? length;
        if (typeof taken === "object") throw taken;
        return taken;
      },
    });
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

test("a connection nobody writes to is ticked after an interval and a quarter, then each interval", () => {
  const rig = new Rig();
  const slot = rig.open();
  rig.run(14);
  expect(rig.writes).toEqual([
    { at: 2250, fd: 7, length: 4 },
    { at: 3250, fd: 7, length: 4 },
    { at: 4250, fd: 7, length: 4 },
  ]);
  expect(slot.ticks).toBe(3);
});

test("a connection that is written to is left alone", () => {
  const rig = new Rig();
  const slot = rig.open();
  const write = (): void => {
    slot.lock();
    slot.unlock();
  };
  rig.run(14, { 4: write, 8: write, 12: write });
  expect(rig.writes).toEqual([]);
});

test("with no connection the worker sleeps until it is woken; the shortest interval sets its pace", () => {
  const rig = new Rig();
  rig.run(3, { 1: () => void rig.open(7, 4000), 2: () => void rig.open(8, 400) });
  expect(rig.pauses).toEqual([Infinity, 1000, 100]);
});

test("while bytes wait for room in the kernel there is no tick", () => {
  const rig = new Rig();
  const slot = rig.open();
  slot.lock();
  rig.run(20);
  expect(rig.writes).toEqual([]);
});

test("after the limit the worker gives up, too, until the event loop writes again", () => {
  const rig = new Rig();
  const slot = rig.open(7, 1000, 3000);
  const write = (): void => {
    slot.lock();
    slot.unlock();
  };
  rig.run(30, { 20: write });
  expect(rig.writes.map(({ at }) => at)).toEqual([2250, 3250, 7250, 8250]);
});

test("a kernel without room: nothing was written, and it is tried again", () => {
  const rig = new Rig();
  const slot = rig.open();
  rig.kernel.push(systemError("EAGAIN"), systemError("EAGAIN"));
  rig.run(8);
  expect(rig.writes.map(({ at, length }) => [at, length])).toEqual([
    [2250, 4],
    [2500, 4],
    [2750, 4],
  ]);
  expect(slot.ticks).toBe(1);
});

test("a connection that is broken is left alone, and others are not", () => {
  const rig = new Rig();
  rig.open(7);
  rig.open(8);
  rig.kernel.push(systemError("EPIPE"));
  rig.run(10);
  expect(rig.writes.map(({ fd }) => fd)).toEqual([7, 8, 8]);
});

test("a tick that went in part is completed by the worker", () => {
  const rig = new Rig();
  const slot = rig.open();
  rig.kernel.push(1, systemError("EAGAIN"), 2);
  rig.run(9);
  expect(rig.writes.map(({ length }) => length)).toEqual([4, 3, 3, 1]);
  expect(slot.ticks).toBe(1);
});

test("or by the event loop, when that is faster", () => {
  const rig = new Rig();
  const slot = rig.open();
  rig.kernel.push(1);
  const owed: number[] = [];
  const write = (): void => {
    owed.push(slot.lock());
    slot.unlock();
  };
  rig.run(7, {
    5: () => {},
    6: () => {
      write();
      write();
    },
  });
  expect(rig.writes.map(({ length }) => length)).toEqual([4]);
  expect(owed).toEqual([3, 0]);
});

test("during the write the slot is neither idle nor closed", () => {
  const rig = new Rig();
  rig.open();
  const states: number[] = [];
  rig.during = () => states.push((rig.slots.words[TICK_LAYOUT.firstSlot] ?? 0) & 3);
  rig.run(6);
  expect(states).toEqual([TICK_LAYOUT.ticking]);
});

test("a closed slot is never written to, and who gets it next has a time of his own", () => {
  const rig = new Rig();
  const first = rig.open(7);
  rig.run(6, {
    4: () => {
      first.close();
      rig.open(9);
    },
  });
  expect(rig.writes).toEqual([]);
  rig.slots.words[TICK_LAYOUT.stop] = 0;
  rig.run(6);
  expect(rig.writes.map(({ fd }) => fd)).toEqual([9]);
});

test("other times count at once", () => {
  const rig = new Rig();
  const slot = rig.open(7, 60_000);
  rig.run(3, { 1: () => slot.changeTimes({ intervalMs: 100, forMs: 1e9 }) });
  expect(rig.pauses).toEqual([15_000, 25, 25]);
});

test("when the turns have gone around, nothing changes", () => {
  const rig = new Rig();
  rig.slots.words[TICK_LAYOUT.firstSlot] = 0x7fff_ffe0;
  const slot = rig.open();
  const write = (): void => {
    expect(slot.lock()).toBe(0);
    slot.unlock();
  };
  rig.run(10, { 2: write, 3: write });
  expect(rig.writes.map(({ at }) => at)).toEqual([3000]);
  expect(rig.slots.words[TICK_LAYOUT.firstSlot]).toBeLessThan(0);
});
