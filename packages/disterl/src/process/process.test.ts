import { expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import type { Signal } from "../signal/signal.ts";
import { atom } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { Identity } from "./identity.ts";
import { ProcessTable } from "./process-table.ts";

const THERE = new Pid(atom("b@h"), 1, 0, 5);

function table(): { processes: ProcessTable; sent: Signal[] } {
  const sent: Signal[] = [];
  const router = {
    route: (_: unknown, signal: Signal): boolean => sent.push(signal) > 0,
    drained: () => Promise.resolve(),
  };
  const limits = { mailboxBytes: 1e6, mailboxMessages: 1000 };
  const processes = new ProcessTable(new Identity(() => 1), router, new VirtualClock(), limits);
  return { processes, sent };
}

test("a process that has ended makes no relations that nobody would end", () => {
  const { processes, sent } = table();
  const dead = processes.spawn({});
  dead.exit();
  dead.link(THERE);
  dead.monitor(THERE);
  dead.alias();
  expect(sent).toEqual([]);
  expect(processes.monitors.size).toBe(0);
  expect(processes.aliases.size).toBe(0);
  expect(processes.linkCounts.of(THERE.node)).toBe(0);
});

test("an alias for one reply is forgotten with the reply", async () => {
  const { processes } = table();
  const process = processes.spawn({});
  const ref = process.alias({ reply: true });
  processes.aliases.deliver(ref, 1, 0);
  processes.aliases.deliver(ref, 2, 0);
  expect(process.messageQueueLength).toBe(1);
  expect(process.unalias(ref)).toBe(false);
});

test("what a callback returns that is no promise does not matter", async () => {
  const { processes } = table();
  const seen: unknown[] = [];
  const onMessage = ((message: unknown) => seen.push(message)) as unknown as () => void;
  const process = processes.spawn({ onMessage });
  process.deliver(1);
  process.deliver(2);
  await Promise.resolve();
  expect(seen).toEqual([1, 2]);
  expect(process.alive).toBe(true);
});
