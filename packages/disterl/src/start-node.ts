import type { Listener } from "./carrier/carrier.ts";
import { systemClock } from "./carrier/clock.ts";
import { inetTcp } from "./carrier/tcp.ts";
import { erpcCall } from "./cluster/erpc.ts";
import { ioServer } from "./cluster/io-server.ts";
import { netKernelServer } from "./cluster/net-kernel-server.ts";
import { type NodeParts, stopNode } from "./cluster/net-sup.ts";
import { rexServer } from "./cluster/rex.ts";
import { answerSpawnRequest } from "./cluster/spawn-server.ts";
import { TermDecoder } from "./etf/index.ts";
import { EpmdClient } from "./epmd/client.ts";
import type { Discovery } from "./epmd/discovery.ts";
import { randomChallenge } from "./handshake/digest.ts";
import { randomCreation } from "./handshake/dynamic-names.ts";
import type { PendingHandshakesOptions } from "./handshake/pending-handshakes.ts";
import { Node } from "./node.ts";
import { Acceptor } from "./node/acceptor.ts";
import { AllowList } from "./node/allow-list.ts";
import { Auth } from "./node/auth.ts";
import { Dsig } from "./node/dsig.ts";
import { findCookie } from "./node/find-cookie.ts";
import { type NodeLimits, nodeLimits } from "./node/limits.ts";
import { NetKernel, type NetKernelOptions } from "./node/net-kernel.ts";
import { NetMessage } from "./node/net-message.ts";
import {
  completeNodeName,
  DYNAMIC_NAME,
  nameDomainOf,
  type NameDomain,
  type NodeName,
} from "./node/node-name.ts";
import { NodeTable } from "./node/node-table.ts";
import { StatusFeed } from "./node/status.ts";
import { Identity } from "./process/identity.ts";
import { ProcessTable } from "./process/process-table.ts";
import { checkOptionNames, type StartNodeOptions } from "./start-options.ts";
import { atom } from "./term/atom.ts";
import { defaultFlags } from "./wire/flags.ts";

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
  const { name, domain } = ownName(options);
  const parts = build(options, name, domain);
  try {
    await goAlive(parts, options, name);
  } catch (error) {
    // Why the start failed is told, not what else went wrong after that.
    await stopNode(parts).catch(() => {});
    throw error;
  }
  return new Node(parts);
}

/** A dynamic name keeps its host: the peer puts it behind the name it gives. */
function ownName(options: StartNodeOptions): { name: NodeName; domain: NameDomain } {
  const given = options.name ?? DYNAMIC_NAME;
  const at = given.indexOf("@");
  const host = at === -1 ? "" : given.slice(at + 1);
  const domain = options.nameDomain ?? (host === "" ? "shortnames" : nameDomainOf(host));
  return { name: completeNodeName(given, domain), domain };
}

function isDynamic(name: NodeName): boolean {
  return name.name === DYNAMIC_NAME;
}

function build(options: StartNodeOptions, name: NodeName, nameDomain: NameDomain): NodeParts {
  const clock = options.clock ?? systemClock;
  const carrier = options.carrier ?? inetTcp;
  const random = options.random ?? randomChallenge;
  const identity = new Identity(random);
  const status = new StatusFeed();
  const limits = nodeLimits(options.limits);
  const nodes = new NodeTable();
  const auth = new Auth(options.cookie ?? findCookie().cookie, options.cookies, () => name.full);
  const allowList = new AllowList(options.allow);
  const discovery = options.discovery ?? epmdDiscovery(options, status);
  const dsig = new Dsig(nodes, limits);
  const processes = new ProcessTable(identity, dsig, clock, limits);
  processes.onCrash = (process, reason, error) => {
    status.publish({ type: "crash", process: process.pid.toString(), reason, error });
  };
  const { spawnRequests } = processes;
  const local = new NetMessage(
    processes,
    {
      spawnRequest: (request) => answerSpawnRequest(processes, request),
      spawnReply: (reply, from) => spawnRequests.reply(reply, from),
    },
    limits,
  );
  const common = { carrier, clock, random, auth, allowList, ...timing(options, limits) };
  const flags = defaultFlags({
    hidden: (options.hidden ?? true) || options.listen === false || isDynamic(name),
  });
  const netKernel = new NetKernel(
    {
      ...common,
      discovery,
      limits,
      flags,
      nameDomain,
      dynamicHost: isDynamic(name) ? name.host : undefined,
      autoConnect: autoConnect(options),
      reader: readerOptions(options),
    },
    { nodes, processes, dsig, local, status },
  );
  dsig.attach(processes, local, netKernel);
  const acceptor = new Acceptor(
    { ...common, flags, connections: limits.connections, pending: atTheDoor(limits) },
    { identity, nodes, netKernel, status },
  );
  const caller = processes.spawn({ system: true, onMessage: () => {} });
  const parts = { identity, clock, auth, allowList, processes, nodes, netKernel, acceptor };
  return {
    ...parts,
    discovery,
    spawnRequests,
    status,
    caller,
    listener: undefined,
    registration: undefined,
  };
}

function timing(
  options: StartNodeOptions,
  limits: NodeLimits,
): Pick<NetKernelOptions, "setupTimeMs" | "tickTimeMs" | "tickIntensity"> & { limits: NodeLimits } {
  return {
    limits,
    setupTimeMs: 1000 * inRange("netSetupTime", options.netSetupTime ?? 7, 1, 120),
    tickTimeMs: 1000 * inRange("netTickTime", options.netTickTime ?? 60, 1, 1e6),
    tickIntensity: inRange("netTickIntensity", options.netTickIntensity ?? 4, 4, 1000),
  };
}

function autoConnect({ distAutoConnect }: StartNodeOptions): NetKernelOptions["autoConnect"] {
  const given: string | undefined = distAutoConnect;
  if (given !== undefined && given !== "never" && given !== "once") {
    throw new TypeError(`distAutoConnect is "never" or "once" or left out, not "${given}"`);
  }
  return distAutoConnect ?? "always";
}

/** On loopback nodes often start all at once, and the cookie file is at hand: it gets more. */
function atTheDoor(limits: NodeLimits): PendingHandshakesOptions {
  return {
    pendingHandshakes: limits.pendingHandshakes,
    pendingPerSource: limits.pendingPerSource,
    pendingFromLoopback: limits.pendingHandshakes,
    authFailPerSource: limits.authFailPerSource,
    authFailFromLoopback: 10 * limits.authFailPerSource,
  };
}

function inRange(name: string, value: number, least: number, most: number): number {
  if (!(value >= least && value <= most)) {
    throw new TypeError(`${name} is a number from ${least} to ${most}, not ${value}`);
  }
  return value;
}

function readerOptions({ limits, decode }: StartNodeOptions): NetKernelOptions["reader"] {
  // Its limits are looked at now, not with the first peer.
  if (decode !== undefined) void new TermDecoder(decode);
  return {
    ...(limits === undefined ? {} : { limits }),
    ...(decode === undefined ? {} : { decode }),
  };
}

function epmdDiscovery({ epmd, clock }: StartNodeOptions, status: StatusFeed): Discovery {
  return new EpmdClient({
    port: epmd?.port,
    allowStart: epmd?.start ?? true,
    clock,
    onEvent: (event) => {
      const error = "error" in event ? event.error : undefined;
      status.publish({ type: "epmd", event: event.type, error });
    },
  });
}

/** The kernel's processes, the listener, the registration: in this order others can rely on it. */
async function goAlive(parts: NodeParts, options: StartNodeOptions, name: NodeName): Promise<void> {
  startServices(parts, options);
  if (isDynamic(name)) return;
  const { identity, processes } = parts;
  let creation: number | undefined;
  if (options.listen !== false) {
    parts.listener = await listen(parts, options);
    const { port } = parts.listener.address;
    parts.registration = await parts.discovery.register(name.name, port, {});
    creation = parts.registration.creation;
  }
  identity.node = atom(name.full);
  identity.creation = creation ?? randomCreation(options.random ?? randomChallenge);
  processes.adoptIdentity();
  parts.acceptor.open();
}

function startServices(
  { processes, caller, spawnRequests }: NodeParts,
  options: StartNodeOptions,
): void {
  const write = options.output ?? ((text: string) => void process.stdout.write(text));
  const apply: Parameters<typeof ioServer>[0]["apply"] = (node, module, fun, args) =>
    erpcCall({ process: caller, spawnRequests }, node, module, fun, args, { timeout: 10_000 });
  const system = true;
  processes.spawn({ name: atom("net_kernel"), system, onMessage: netKernelServer });
  processes.spawn({ name: atom("rex"), system, onMessage: rexServer });
  const user = processes.spawn({
    name: atom("user"),
    system,
    onMessage: ioServer({ write, apply }),
  });
  caller.groupLeader = user.pid;
  processes.groupLeader = user.pid;
}

function listen({ acceptor, discovery }: NodeParts, options: StartNodeOptions): Promise<Listener> {
  const at = options.listen === false ? undefined : options.listen;
  const carrier = options.carrier ?? inetTcp;
  return carrier.listen(
    {
      host: at?.host ?? "127.0.0.1",
      port: at?.port ?? discovery.listenPort,
      lastPort: at?.lastPort,
    },
    (channel) => void acceptor.serve(channel),
  );
}
