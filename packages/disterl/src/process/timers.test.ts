import { expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { DEFAULT_NODE_LIMITS } from "../node/limits.ts";
import { atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import type { Term } from "../term/term.ts";
import { t } from "../term/tuple.ts";
import { Identity } from "./identity.ts";
import { ProcessTable } from "./process-table.ts";

function scene(): { processes: ProcessTable; clock: VirtualClock } {
  const clock = new VirtualClock();
  const router = { route: (): boolean => true, drained: () => Promise.resolve() };
  const processes = new ProcessTable(new Identity(() => 1), router, clock, DEFAULT_NODE_LIMITS);
  return { processes, clock };
}

test("messages come when it is their time, with the reference if so asked", async () => {
  const { processes, clock } = scene();
  const self = processes.spawn({});
  self.sendAfter(20, self.pid, "later");
  const ref = self.startTimer(10, self.pid, "first");
  await clock.advance(9);
  expect(self.messages()).toEqual([]);
  expect(self.readTimer(ref)).toBe(1);
  await clock.advance(1);
  expect(self.messages()).toEqual([t(atoms.timeout, ref, "first")]);
  expect(self.readTimer(ref)).toBe(false);
  await clock.advance(10);
  expect(self.messages()[1]).toBe("later");
  expect(processes.timers.size).toBe(0);
});

test("a timer that was cancelled tells how much was left, and sends nothing", async () => {
  const { processes, clock } = scene();
  const self = processes.spawn({});
  const ref = self.sendAfter(100, self.pid, 1);
  await clock.advance(30);
  expect(processes.spawn({}).cancelTimer(ref)).toBe(70);
  expect(self.cancelTimer(ref)).toBe(false);
  await clock.advance(100);
  expect(self.messages()).toEqual([]);
});

test("the end of the target takes its timers away, the end of the one who started them does not", async () => {
  const { processes, clock } = scene();
  const self = processes.spawn({});
  const target = processes.spawn({});
  const ended = self.sendAfter(10, target.pid, 1);
  target.exit();
  expect(self.readTimer(ended)).toBe(false);
  expect(self.readTimer(self.sendAfter(10, target.pid, 1))).toBe(false);
  const other = processes.spawn({});
  self.sendAfter(10, other.pid, 2);
  self.exit();
  await clock.advance(10);
  expect(other.messages()).toEqual([2]);
});

test("a name is looked up when the time has come", async () => {
  const { processes, clock } = scene();
  const self = processes.spawn({ name: "moving" });
  self.sendAfter(10, "moving", 1);
  self.sendAfter(10, "nobody", 1);
  processes.names.unregister(atom("moving"));
  const other = processes.spawn({ name: "moving" });
  await clock.advance(10);
  expect([self.messageQueueLength, other.messageQueueLength]).toEqual([0, 1]);
});

test("what cannot be a timer is refused", () => {
  const { processes } = scene();
  const self = processes.spawn({});
  for (const time of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => self.sendAfter(time, self.pid, 1)).toThrow(TypeError);
  }
  expect(() => self.sendAfter(1, new Pid(atom("b@h"), 1, 0, 5), 1)).toThrow(TypeError);
});

test("undefined is no message, now or later", () => {
  const { processes } = scene();
  const self = processes.spawn({});
  const nothing = undefined as unknown as Term;
  const attempts = [
    () => self.send(self.pid, nothing),
    () => self.sendAfter(1, self.pid, nothing),
    () => self.startTimer(1, self.pid, nothing),
    () => self.exitSignal(self.pid, nothing),
  ];
  for (const attempt of attempts) expect(attempt).toThrow(TypeError);
  expect(self.alive).toBe(true);
  expect(self.messageQueueLength).toBe(0);
  expect(processes.timers.size).toBe(0);
});
