import { expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { DEFAULT_NODE_LIMITS } from "../node/limits.ts";
import type { Signal } from "../signal/signal.ts";
import { atom } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { t } from "../term/tuple.ts";
import { Identity } from "./identity.ts";
import { ProcessTable } from "./process-table.ts";
import { KEEP_TOKEN } from "./trace-token.ts";

const THERE = new Pid(atom("b@h"), 1, 0, 5);

function scene(): { processes: ProcessTable; sent: Signal[] } {
  const sent: Signal[] = [];
  const router = {
    route: (_: unknown, signal: Signal): boolean => sent.push(signal) > 0,
    drained: () => Promise.resolve(),
  };
  const clock = new VirtualClock();
  const identity = new Identity(() => 1);
  identity.adopt(atom("a@h"), 7);
  return { processes: new ProcessTable(identity, router, clock, DEFAULT_NODE_LIMITS), sent };
}

test("the token of a message taken goes on with what is sent, and counts", async () => {
  const { processes, sent } = scene();
  const self = processes.spawn({});
  self.deliver("traced", 0, t(1, atom("label"), 5, THERE, 3));
  self.deliver("system", 0, KEEP_TOKEN);
  self.deliver("plain");
  self.send(THERE, 0);
  await self.receive();
  self.send(THERE, 1);
  await self.receive();
  self.send(THERE, 2);
  await self.receive();
  self.send(THERE, 3);
  expect(sent.map((signal) => "token" in signal && signal.token)).toEqual([
    undefined,
    t(1, atom("label"), 6, self.pid, 5),
    t(1, atom("label"), 7, self.pid, 5),
    undefined,
  ]);
});

test("the serial never goes back", async () => {
  const { processes, sent } = scene();
  const self = processes.spawn({});
  self.traceToken = t(1, 1, 10, THERE, 0);
  self.deliver(1, 0, t(1, 2, 4, THERE, 0));
  await self.receive();
  self.send(THERE, 1);
  expect(sent[0]).toMatchObject({ token: t(1, 2, 11, self.pid, 4) });
});

test("a message that somebody waits for brings its token, too; a callback has it when it runs", async () => {
  const { processes } = scene();
  const self = processes.spawn({});
  const waiting = self.receive();
  self.deliver(1, 0, t(1, 2, 4, THERE, 0));
  expect(await waiting).toBe(1);
  expect(self.traceToken?.[1]).toBe(2);
  const labels: unknown[] = [];
  const driven = processes.spawn({ onMessage: (_, me) => void labels.push(me.traceToken?.[1]) });
  driven.deliver(1, 0, t(1, "a", 4, THERE, 0));
  driven.deliver(2);
  await Promise.resolve();
  expect(labels).toEqual(["a", undefined]);
});

test("tokens of any other shape are none", () => {
  const { processes } = scene();
  const self = processes.spawn({});
  for (const token of [t(1, 2), t(1, 2, atom("x"), THERE, 0), t(1, 2, -1, THERE, 0), 5]) {
    self.traceToken = token as never;
    expect(self.traceToken).toBeUndefined();
  }
});
