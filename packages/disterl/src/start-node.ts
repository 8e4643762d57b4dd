import { systemClock } from "./carrier/clock.ts";
import {
  type DistributionOptions,
  distributionOptionNames,
} from "./cluster/distribution-options.ts";
import { checkNone, NO_CARRIER } from "./cluster/carrier-settings.ts";
import { ExposedFunctions } from "./cluster/exposed-functions.ts";
import { FunctionProcesses } from "./cluster/function-processes.ts";
import { startGlobal } from "./cluster/global/start-global.ts";
import { NetSup, type NodeParts, stopNode } from "./cluster/net-sup.ts";
import type { FunctionServices } from "./cluster/run-for.ts";
import { startServices } from "./cluster/services.ts";
import { SpawnServer } from "./cluster/spawn-server.ts";
import { TermDecoder } from "./etf/index.ts";
import { randomChallenge } from "./handshake/digest.ts";
import { Node } from "./node.ts";
import { AllowList } from "./node/allow-list.ts";
import { Auth } from "./node/auth.ts";
import { Dsig } from "./node/dsig.ts";
import { KeptConnections, type KeptConnectionsParts } from "./node/kept-connections.ts";
import { nodeLimits } from "./node/limits.ts";
import { NetKernel, type NetKernelOptions } from "./node/net-kernel.ts";
import { NetMessage } from "./node/net-message.ts";
import { PeerGate } from "./node/peer-gate.ts";
import { Policy } from "./node/policy.ts";
import { reachNode } from "./node/reach-node.ts";
import { Refusals } from "./node/refusals.ts";
import { NodeSubscriptions } from "./node/node-subscriptions.ts";
import { NodeTable } from "./node/node-table.ts";
import { StatusFeed } from "./node/status.ts";
import { nodeAtom } from "./process/destination.ts";
import { Identity } from "./process/identity.ts";
import { ProcessTable } from "./process/process-table.ts";
import { checkOptionNames, type StartNodeOptions, type WantedPeer } from "./start-options.ts";

/**
 * Starts a node: listens, registers with epmd, and can be reached when the promise resolves.
 *
 *     await using node = await startNode({ name: "app", cookie: process.env.COOKIE });
 *
 * @throws NodeNameError, CookieError, CarrierError (the port), EpmdError (the name is taken, or there
 *   is no epmd), TypeError (options).
 */
export async function startNode(options: StartNodeOptions = {}): Promise<Node> {
  checkOptionNames(options);
  if (options.carrier === "none") checkNone(options);
  const parts = build(options);
  try {
    for (const peer of options.peers ?? []) keep(parts, peer);
    if (options.distribution !== false && options.carrier !== "none") {
      await parts.netSup.start(options.name, {}, "static");
    }
  } catch (error) {
    // Why the start failed is told, not what else went wrong after that.
    await stopNode(parts).catch(() => {});
    throw error;
  }
  return new Node(parts);
}

/** All of a node that lasts, however often distribution is started and stopped. */
function build(options: StartNodeOptions): NodeParts {
  const { clock = systemClock, random = randomChallenge } = options;
  const identity = new Identity(random);
  const status = new StatusFeed(() => identity.node.text);
  const limits = nodeLimits(options.limits);
  const nodes = new NodeTable();
  const auth = new Auth(options.cookie, options.cookies, () => identity.node.text);
  const allowList = new AllowList(options.allow);
  const dsig = new Dsig(nodes, limits);
  const processes = new ProcessTable(identity, dsig, clock, limits);
  processes.onCrash = (process, reason, error) => {
    status.publish({ type: "crash", process: process.pid.toString(), reason, error });
  };
  const { spawnRequests } = processes;
  const services = functionServices(options, processes, status, limits.spawnsPerConn);
  const spawnServer = new SpawnServer(services);
  const local = new NetMessage(
    processes,
    {
      spawnRequest: (request) => spawnServer.answer(request),
      spawnReply: (reply, from) => spawnRequests.reply(reply, from),
    },
    limits,
    new PeerGate(services.policy, processes, services.refusals),
  );
  const reader = readerOptions(options);
  const netKernel = new NetKernel(
    {
      ...{ clock, random, auth, allowList, limits, reader },
      notStarted: options.carrier === "none" ? NO_CARRIER : undefined,
    },
    { nodes, processes, dsig, local, status },
  );
  dsig.attach(processes, local, netKernel);
  processes.reachNode = reachNode(netKernel, nodes, clock);
  const lasting = { identity, clock, random, env: options.env, limits, auth, allowList, status };
  const watching = watchers(netKernel, nodes, identity, { clock, random, status });
  const { functions, refusals } = services;
  const most = {
    ...lasting,
    ...watching,
    processes,
    nodes,
    netKernel,
    spawnRequests,
    functions,
    refusals,
  };
  const netSup = new NetSup(most, {
    defaults: distributionDefaults(options),
    warn: warn(status, options),
  });
  const caller = processes.spawn({ system: true, onMessage: () => {} });
  const global = startGlobal({ ...most, caller }, local, { ...options, limits, random });
  const parts = { ...most, netSup, caller, global };
  const write = options.output ?? ((text: string) => void process.stdout.write(text));
  startServices(parts, local, services, write);
  return parts;
}

function functionServices(
  { policy }: StartNodeOptions,
  processes: ProcessTable,
  status: StatusFeed,
  limit: number,
): FunctionServices {
  const functions = new ExposedFunctions();
  return {
    processes,
    functions,
    running: new FunctionProcesses(processes, functions, limit),
    policy: policy === undefined ? undefined : new Policy(policy),
    refusals: new Refusals(status, processes.clock),
  };
}

/** Who hears of nodes that come and go, in this order. */
function watchers(
  netKernel: NetKernel,
  nodes: NodeTable,
  identity: Identity,
  outside: Pick<KeptConnectionsParts, "clock" | "random" | "status">,
): Pick<NodeParts, "nodeSubscriptions" | "kept"> {
  const nodeSubscriptions = new NodeSubscriptions();
  const kept = new KeptConnections({
    ...outside,
    connect: (node) => netKernel.connect(node),
    // One list of peers does for all nodes of a cluster.
    isConnected: (node) => node === identity.node || nodes.connection(node) !== undefined,
    canDial: () => netKernel.tickTime !== undefined,
  });
  netKernel.watchers.push(nodeSubscriptions, kept);
  return { nodeSubscriptions, kept };
}

function keep({ kept }: NodeParts, peer: string | WantedPeer): void {
  if (typeof peer === "string") {
    kept.keep(nodeAtom(peer));
  } else {
    const { name, ...policy } = peer;
    kept.keep(nodeAtom(name), policy);
  }
}

function distributionDefaults(options: StartNodeOptions): DistributionOptions {
  const defaults: Record<string, unknown> = {};
  for (const name of distributionOptionNames) {
    if (options[name] !== undefined) defaults[name] = options[name];
  }
  return defaults;
}

function warn(
  status: StatusFeed,
  { onWarning }: StartNodeOptions,
): (message: string, code: string) => void {
  const tell =
    onWarning ??
    ((message: string, code: string) =>
      process.emitWarning(message, { type: "DisterlWarning", code }));
  return (message, code) => {
    status.publish({ type: "warning", code, message });
    tell(message, code);
  };
}

function readerOptions({ limits, decode }: StartNodeOptions): NetKernelOptions["reader"] {
  // Its limits are looked at now, not with the first peer.
  if (decode !== undefined) void new TermDecoder(decode);
  return {
    ...(limits === undefined ? {} : { limits }),
    ...(decode === undefined ? {} : { decode }),
  };
}
