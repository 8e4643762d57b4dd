import { expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import type { Connection } from "../connection/connection.ts";
import { Identity } from "../process/identity.ts";
import { ProcessTable } from "../process/process-table.ts";
import type { Down } from "../signal/signal.ts";
import { type Atom, atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { DEFAULT_NODE_LIMITS } from "./limits.ts";
import { NetMessage } from "./net-message.ts";
import { PeerGate } from "./peer-gate.ts";
import { Refusals } from "./refusals.ts";
import { StatusFeed } from "./status.ts";

const B = atom("b@h");
const C = atom("c@h");

const from = (node: Atom): Connection => ({ peer: { node } }) as unknown as Connection;

test("only the node of the target says that it is gone, and only to who watches it", async () => {
  const router = { route: (): boolean => true, drained: () => Promise.resolve() };
  const processes = new ProcessTable(
    new Identity(() => 1),
    router,
    new VirtualClock(),
    DEFAULT_NODE_LIMITS,
  );
  const spawn = { spawnRequest: () => {}, spawnReply: () => {} };
  const refusals = new Refusals(new StatusFeed(() => "a@h"), processes.clock);
  const gate = new PeerGate(undefined, processes, refusals);
  const incoming = new NetMessage(processes, spawn, DEFAULT_NODE_LIMITS, gate);
  const watcher = processes.spawn({});
  const other = processes.spawn({});
  const target = new Pid(B, 1, 0, 5);
  const ref = watcher.monitor(target);
  const down: Down = { type: "down", from: target, to: watcher.pid, ref, reason: atoms.normal };

  incoming.dispatch({ ...down, from: new Pid(C, 1, 0, 5) }, from(C));
  incoming.dispatch({ ...down, to: other.pid }, from(B));
  expect(watcher.messageQueueLength).toBe(0);
  incoming.dispatch(down, from(B));
  incoming.dispatch(down, from(B));
  expect(watcher.messageQueueLength).toBe(1);
});
