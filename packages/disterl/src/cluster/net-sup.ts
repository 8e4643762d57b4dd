import type { Listener } from "../carrier/carrier.ts";
import type { Clock } from "../carrier/clock.ts";
import type { Discovery, Registration } from "../epmd/discovery.ts";
import type { Acceptor } from "../node/acceptor.ts";
import type { AllowList } from "../node/allow-list.ts";
import type { Auth } from "../node/auth.ts";
import type { NetKernel } from "../node/net-kernel.ts";
import type { NodeTable } from "../node/node-table.ts";
import type { SpawnRequests } from "../process/spawn-requests.ts";
import type { StatusFeed } from "../node/status.ts";
import type { Identity } from "../process/identity.ts";
import type { Process } from "../process/process.ts";
import type { ProcessTable } from "../process/process-table.ts";
import { atoms } from "../term/atom.ts";

/** The pieces of a running node. */
export interface NodeParts {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly auth: Auth;
  readonly allowList: AllowList;
  readonly processes: ProcessTable;
  readonly nodes: NodeTable;
  readonly netKernel: NetKernel;
  readonly acceptor: Acceptor;
  readonly discovery: Discovery;
  readonly spawnRequests: SpawnRequests;
  readonly status: StatusFeed;
  /** The process in whose name the node's own sends and calls are made. */
  readonly caller: Process;
  listener: Listener | undefined;
  registration: Registration | undefined;
}

/**
 * Ends a node, in the reverse order of its start (`net_sup`): nobody can find it any more, nobody can
 * connect any more, then processes and connections end, so that the peers hear of both. A step that
 * fails does not keep the others from being taken; the first failure is thrown at the end.
 */
export async function stopNode(parts: NodeParts): Promise<void> {
  const { listener, registration, processes, netKernel, acceptor, discovery, status } = parts;
  const steps: (() => Promise<void> | undefined)[] = [
    () => registration?.unregister(),
    () => {
      acceptor.stop();
      return listener?.close();
    },
    () => {
      for (const process of [...processes.processes()]) process.exit(atoms.shutdown);
      return netKernel.stop();
    },
    () => discovery.close?.(),
  ];
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  status.close();
  if (failures.length > 0) throw failures[0];
}
