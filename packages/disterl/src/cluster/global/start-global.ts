import type { NetKernel } from "../../node/net-kernel.ts";
import type { NetMessage } from "../../node/net-message.ts";
import type { NodeTable } from "../../node/node-table.ts";
import type { SpawnRequests } from "../../process/spawn-requests.ts";
import type { StatusFeed } from "../../node/status.ts";
import type { Process } from "../../process/process.ts";
import type { ProcessTable } from "../../process/process-table.ts";
import { type Atom, atom } from "../../term/atom.ts";
import { erpcCall } from "../erpc.ts";
import type { ExposedFunctions } from "../exposed-functions.ts";
import { Arrivals } from "./arrivals.ts";
import { Global } from "./global.ts";
import type { GlobalHost, GlobalOptions } from "./host.ts";
import { GlobalNameServer } from "./name-server.ts";

/** As {@link GlobalOptions}, both kernel parameters true by default. */
export interface GlobalStartOptions extends Pick<GlobalOptions, "limits" | "random"> {
  readonly connectAll?: boolean | undefined;
  readonly preventOverlappingPartitions?: boolean | undefined;
}

const UNDEFINED = atom("undefined");

/** The parts of a node that `global` is built on. */
export interface GlobalNode {
  readonly processes: ProcessTable;
  readonly nodes: NodeTable;
  readonly netKernel: NetKernel;
  readonly status: StatusFeed;
  readonly spawnRequests: SpawnRequests;
  readonly functions: ExposedFunctions;
  /** In whose name the node's own locks are taken. */
  readonly caller: Process;
}

/**
 * Starts `global_name_server` and its helpers; they end with the node's processes. Nodes that merge
 * ask `global:resolve_it/4` here.
 */
export function startGlobal(
  node: GlobalNode,
  local: NetMessage,
  given: GlobalStartOptions,
): Global {
  const { connectAll = true, preventOverlappingPartitions = true, limits, random } = given;
  const options = { connectAll, preventOverlappingPartitions, limits, random };
  const arrivals = new Arrivals(node.processes.clock);
  const server = new GlobalNameServer(hostOf(node, arrivals), options);
  const { conflicts, locker } = server.parts;
  local.serve(server.parts.server, (message, peer) => server.receive(message, peer));
  local.serve(locker, (message, peer) => server.receiveForLocker(message, peer));
  node.functions.expose("global", {
    "resolve_it/4": (...args) => conflicts.resolveIt(args),
    "registered_names/0": () => server.parts.names.all().map(({ name }) => name),
    "whereis_name/1": (name) =>
      (name === undefined ? undefined : server.whereis(name)) ?? UNDEFINED,
  });
  node.netKernel.watchers.push({
    nodeUp: ({ node: name, hidden, connectionId }) => {
      arrivals.arrived(name);
      if (connectionId === undefined) server.renamed();
      else if (!hidden) server.nodeup(name);
    },
    nodeDown: ({ node: name, hidden, connectionId }) => {
      if (connectionId === undefined) server.renamed();
      else if (!hidden) server.nodedown(name);
    },
  });
  return new Global(server, node.caller);
}

function hostOf(node: GlobalNode, arrivals: Arrivals): GlobalHost {
  const { processes, nodes, netKernel, status, spawnRequests } = node;
  const isWithin = (name: Atom): boolean =>
    name === processes.identity.node ||
    nodes.connection(name) !== undefined ||
    nodes.pending(name) !== undefined;
  return {
    processes,
    clock: processes.clock,
    isConnected: (node) => nodes.connection(node) !== undefined,
    isWithin,
    present: (pid) => (processes.identity.isFormer(pid) ? (processes.find(pid)?.pid ?? pid) : pid),
    visibleNodes: () => {
      const visible: Atom[] = [];
      for (const { peer } of nodes.connections()) if (!peer.hidden) visible.push(peer.node);
      return visible;
    },
    reach: (name) => {
      const mayConnect = isWithin(name) || netKernel.autoConnect(name);
      return mayConnect ? netKernel.connect(name) : arrivals.wait(name);
    },
    disconnect: (name) => netKernel.disconnect(name),
    call: (process, name, module, fun, args, signal) =>
      erpcCall({ process, spawnRequests }, name, module, fun, args, { signal }),
    gaveUp: (name, action) =>
      status.publish({ type: "overlapping_partition", node: name.text, action }),
  };
}
