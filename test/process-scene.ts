// One node without a network, for tests of processes.
import { VirtualClock } from "../packages/disterl/src/carrier/virtual-clock.ts";
import { DEFAULT_NODE_LIMITS } from "../packages/disterl/src/node/limits.ts";
import { NetMessage } from "../packages/disterl/src/node/net-message.ts";
import { PeerGate } from "../packages/disterl/src/node/peer-gate.ts";
import { Refusals } from "../packages/disterl/src/node/refusals.ts";
import { StatusFeed } from "../packages/disterl/src/node/status.ts";
import { Identity } from "../packages/disterl/src/process/identity.ts";
import { ProcessTable } from "../packages/disterl/src/process/process-table.ts";
import type { Signal } from "../packages/disterl/src/signal/signal.ts";
import { type Atom, atom } from "../packages/disterl/src/term/atom.ts";
import { Pid } from "../packages/disterl/src/term/pid.ts";
import type { Term } from "../packages/disterl/src/term/term.ts";

export const FAR = atom("b@h");
export const THERE = new Pid(FAR, 1, 0, 5);

export interface Scene {
  readonly processes: ProcessTable;
  readonly clock: VirtualClock;
  /** What went to other nodes. */
  readonly sent: Signal[];
  readonly incoming: NetMessage;
  readonly crashes: Term[];
}

/** One node; signals for others are kept. */
export function scene(): Scene {
  const sent: Signal[] = [];
  const crashes: Term[] = [];
  const clock = new VirtualClock();
  const identity = new Identity(() => 1);
  identity.adopt(atom("a@h"), 7);
  const router = {
    route(node: Atom, signal: Signal): boolean {
      if (node === identity.node) incoming.dispatch(signal);
      else sent.push(signal);
      return true;
    },
    drained: () => Promise.resolve(),
  };
  const limits = { ...DEFAULT_NODE_LIMITS, mailboxMessages: 1000 };
  const processes = new ProcessTable(identity, router, clock, limits);
  processes.onCrash = (_, reason) => crashes.push(reason);
  const refusals = new Refusals(new StatusFeed(() => "a@h"), clock);
  const incoming: NetMessage = new NetMessage(
    processes,
    {
      spawnRequest: () => {},
      spawnReply: (reply, from) => processes.spawnRequests.reply(reply, from),
    },
    limits,
    new PeerGate(undefined, processes, refusals),
  );
  return { processes, clock, sent, incoming, crashes };
}
