import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { connect, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "./carrier/clock.ts";
import { MemoryNetwork } from "./carrier/memory.ts";
import { inetTcp } from "./carrier/tcp.ts";
import type { Carrier, ConnectOptions, ListenOptions } from "./carrier/carrier.ts";
import { type Discovery, noDiscovery, UNREGISTERED } from "./epmd/discovery.ts";
import { DiscoveryError } from "./epmd/errors.ts";
import { staticMap } from "./epmd/discoveries/static-map.ts";
import { ConnectError } from "./node/errors.ts";
import type { Node } from "./node.ts";
import { startNode } from "./start-node.ts";
import type { StartNodeOptions } from "./start-options.ts";
import { freePort } from "./testing/c-epmd.ts";

const cookie = "a cookie for tests only";
const nodes: Node[] = [];
const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
  for (const server of servers.splice(0)) server.close();
});

async function started(options: StartNodeOptions): Promise<Node> {
  const node = await startNode({ cookie, discovery: noDiscovery, ...options });
  nodes.push(node);
  return node;
}

async function failure(promise: Promise<unknown>): Promise<ConnectError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ConnectError) return error;
  throw new Error(`no ConnectError: ${String(error)}`);
}

const finding = (lookup: Discovery["lookup"]): Discovery => ({
  register: () => Promise.resolve(UNREGISTERED),
  lookup,
  names: () => Promise.resolve([]),
});

test("two nodes of one static map listen where it says, and find each other without epmd", async () => {
  const [east, west] = [await freePort(), await freePort()];
  const discovery = staticMap({ "east@127.0.0.1": east, "west@127.0.0.1": west });
  const one = await started({ name: "east@127.0.0.1", discovery });
  const two = await started({ name: "west@127.0.0.1", discovery });
  expect([one.address?.port, two.address?.port]).toEqual([east, west]);
  await one.connect("west@127.0.0.1");
  expect(two.nodes("connected")).toEqual(["east@127.0.0.1"]);
  const { code, message } = await failure(one.connect("north@127.0.0.1"));
  expect(code).toBe("ERR_CONNECT_NOT_REGISTERED");
  expect(message).toBe("the static map of nodes has no node north@127.0.0.1");
});

test("the port of the program goes before that of the discovery", async () => {
  const port = await freePort();
  const discovery = staticMap({ "east@127.0.0.1": 1 });
  const node = await started({ name: "east@127.0.0.1", discovery, listen: { port } });
  expect(node.address?.port).toBe(port);
});

test("of several ways to a node the next one is tried where one leads nowhere", async () => {
  const server = await started({ name: "server@127.0.0.1" });
  const port = server.address?.port ?? 0;
  const closed = await freePort();
  const client = await started({
    name: "client@127.0.0.1",
    discovery: finding((name) =>
      Promise.resolve({
        ...{ port: closed, version: 6, address: "127.0.0.1" },
        alternatives: name === "server" ? [{ port, version: 6, address: "127.0.0.1" }] : [],
      }),
    ),
  });
  await client.connect(server.name);
  const { code, message } = await failure(client.connect("other@127.0.0.1"));
  expect(code).toBe("ERR_CONNECT_CARRIER");
  expect(message).toContain(`127.0.0.1:${closed}`);
});

test("a discovery that fails is the reason why there is no connection", async () => {
  const cause = new DiscoveryError("ERR_DISCOVERY_DNS", "DNS: SRV x: no answer");
  const node = await started({
    name: "a@127.0.0.1",
    discovery: finding(() => Promise.reject(cause)),
  });
  const error = await failure(node.connect("b@127.0.0.1"));
  expect(error).toMatchObject({ code: "ERR_CONNECT_DISCOVERY", layer: "discovery", cause });
  expect(error.message).toContain("DNS: SRV x: no answer");
});

test("of many ways to a node the last is tried in time, though all before it are silent", async () => {
  const server = await started({ name: "server@127.0.0.1" });
  const port = server.address?.port ?? 0;
  const tried: number[] = [];
  const carrier: Carrier = {
    ...{ name: "inet_tcp", handshakeLengthBytes: 2 },
    listen: (options, onChannel) => inetTcp.listen(options, onChannel),
    connect: (options) => {
      tried.push(options.port);
      if (options.port === port) return inetTcp.connect(options);
      return new Promise((_, reject) => {
        const { signal } = options;
        signal?.addEventListener("abort", () => reject(signal.reason as Error));
      });
    },
  };
  const ways = [1, 2, 3, 4, port].map((at) => ({ port: at, version: 6, address: "127.0.0.1" }));
  const [first = assert.fail(), ...alternatives] = ways;
  const discovery = finding(async () => ({ ...first, alternatives }));
  const node = await started({ name: "a@127.0.0.1", discovery, carrier, netSetupTime: 1 });
  await node.connect(server.name);
  expect(tried).toEqual([1, 2, 3, 4, port]);
});

test("a way on a carrier that is not here is left out, while there is another one", async () => {
  const server = await started({ name: "server@127.0.0.1" });
  const way = { port: server.address?.port ?? 0, version: 6, address: "127.0.0.1" };
  const encrypted = { ...way, carrier: "inet_tls" };
  for (const found of [
    { ...encrypted, alternatives: [way] },
    { ...way, alternatives: [encrypted] },
  ]) {
    const discovery = finding(async () => found);
    const node = await started({ name: "a@127.0.0.1", discovery });
    await node.connect(server.name);
    await node.stop();
  }
});

test.each(["0.0.0.0", "::"])("plain TCP on %s is told once, with what to do", async (host) => {
  const told: [string, string][] = [];
  const carrier = host === "::" ? (await import("./carrier/tcp.ts")).inet6Tcp : inetTcp;
  const node = await started({
    ...{ name: "open@127.0.0.1", listen: { host }, carrier },
    onWarning: (message, code) => told.push([code, message]),
  });
  await node.netKernel.stop();
  await node.netKernel.start("open@127.0.0.1");
  expect(told.map(([code]) => code)).toEqual(["DISTERL_TCP_EXPOSED"]);
  expect(told[0]?.[1]).toContain("on all interfaces");
  expect(told[0]?.[1]).toContain("-proto_dist inet_tls");
  expect(told[0]?.[1]).toContain("inet_dist_use_interface");
});

test("on one address that others can reach it is told with that address", async () => {
  const own = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4")?.address;
  const told: string[] = [];
  const onWarning = (message: string): number => told.push(message);
  if (own !== undefined) {
    await started({ name: "own@127.0.0.1", listen: { host: own }, onWarning });
    expect(told.join()).toContain(`on ${own} over inet_tcp`);
  }
});

test("what only this machine can reach, is encrypted, or is no network, is not told of", async () => {
  const told: string[] = [];
  const onWarning = (message: string): number => told.push(message);
  const encrypted: Carrier = {
    ...{ name: "safe", handshakeLengthBytes: 2, encrypted: true },
    listen: (options, onChannel) => inetTcp.listen(options, onChannel),
    connect: (options) => inetTcp.connect(options),
  };
  const memory = new MemoryNetwork({ clock: systemClock }).carrier("127.0.0.1");
  await started({ name: "a@127.0.0.1", onWarning });
  await started({ name: "b@127.0.0.1", listen: { host: "127.0.0.2" }, onWarning });
  await started({ name: "c@127.0.0.1", listen: { host: "localhost" }, onWarning });
  await started({
    ...{ name: "d@127.0.0.1", carrier: encrypted, listen: { host: "0.0.0.0" }, onWarning },
  });
  await started({ name: "e@127.0.0.1", carrier: memory, listen: { host: "0.0.0.0" }, onWarning });
  await started({ name: "f@127.0.0.1", listen: false, onWarning });
  expect(told).toEqual([]);
});

/** TCP that tells what it is asked for, and that all peers are from `remote`. */
function spying(remote?: string): {
  carrier: Carrier;
  listens: ListenOptions[];
  dials: ConnectOptions[];
} {
  const listens: ListenOptions[] = [];
  const dials: ConnectOptions[] = [];
  const carrier: Carrier = {
    ...{ name: "inet_tcp", handshakeLengthBytes: 2 },
    listen: (options, onChannel) => {
      listens.push(options);
      return inetTcp.listen(options, (channel) => {
        const value = { ...channel.remote, address: remote ?? channel.remote.address };
        onChannel(Object.defineProperty(channel, "remote", { value }));
      });
    },
    connect: (options) => {
      dials.push(options);
      return inetTcp.connect(options);
    },
  };
  return { carrier, listens, dials };
}

test("settings of sockets reach the carrier, on both sides", async () => {
  const { carrier, listens, dials } = spying();
  const server = await started({
    ...{ name: "server@127.0.0.1", carrier },
    listen: { backlog: 7, socket: { noDelay: false, keepAlive: true } },
  });
  const port = server.address?.port ?? 0;
  const client = await started({
    ...{ name: "client@127.0.0.1", carrier, listen: false },
    connect: { socket: { noDelay: false, localAddress: "127.0.0.3" } },
    discovery: staticMap({ "server@127.0.0.1": port }),
  });
  await client.connect(server.name);
  expect(listens).toMatchObject([
    { backlog: 7, node: "server@127.0.0.1", socket: { noDelay: false, keepAlive: true } },
  ]);
  expect(dials).toMatchObject([{ socket: { noDelay: false, localAddress: "127.0.0.3" } }]);
});

test("check_ip: a peer outside our subnets is turned away before any handshake", async () => {
  const { carrier } = spying("203.0.113.9");
  const server = await started({
    ...{ name: "server@127.0.0.1", carrier, listen: { checkIp: true } },
  });
  const events = server.status();
  const socket: Socket = connect(server.address?.port ?? 0, "127.0.0.1");
  socket.on("error", () => {});
  const closed = once(socket, "close");
  const { value } = await events.next();
  expect(value).toMatchObject({
    ...{ type: "refused", address: "203.0.113.9", code: "ERR_NODE_DISALLOWED_IP" },
  });
  await closed;
});

test("check_ip: peers of our own subnets are let in", async () => {
  const server = await started({ name: "server@127.0.0.1", listen: { checkIp: true } });
  const discovery = staticMap({ "server@127.0.0.1": server.address?.port ?? 0 });
  const client = await started({ name: "client@127.0.0.1", discovery });
  await client.connect(server.name);
});

test.each<[StartNodeOptions, string]>([
  [{ listen: { port: 65_536 } }, "listen.port"],
  [{ listen: { port: 1.5 } }, "listen.port"],
  [{ listen: { port: 200, lastPort: 100 } }, "less than listen.port"],
  [{ listen: { backlog: 0 } }, "listen.backlog"],
  [{ listen: { backlog: Number.NaN } }, "listen.backlog"],
  [{ listen: { adress: "127.0.0.1" } as never }, 'no option "adress"'],
  [{ listen: { checkIp: 1 as never } }, "listen.checkIp"],
  [{ listen: { socket: { nodelay: true } as never } }, 'no option "nodelay"'],
  [{ listen: { socket: { noDelay: 1 as never } } }, "listen.socket.noDelay is a boolean"],
  [{ listen: { socket: { localAddress: "127.0.0.1" } as never } }, "listen.host"],
  [{ listen: { lastPort: 100 } }, "needs listen.port"],
  [{ epmd: { prot: 4369 } as never }, 'epmd has no option "prot"'],
  [{ epmd: { port: 0 } }, "epmd.port"],
  [{ epmd: { start: "no" as never } }, "epmd.start is true or false"],
  [{ hidden: "no" as never }, "hidden is true or false"],
  [{ nameDomain: "short" as never }, "nameDomain is"],
  [{ netSetupTime: "7" as never }, "netSetupTime is a number"],
  [{ discovery: { lookup: () => {} } as never }, "it has no register, no names"],
  [{ carrier: {} as never }, "no carrier: its name"],
  [{ carrier: [inetTcp, (() => undefined) as never] }, "no carrier: it is no object"],
  [{ connect: { timeout: 1 } as never }, 'connect has no option "timeout"'],
  [{ connect: { socket: { localAddress: 1 as never } } }, "connect.socket.localAddress"],
])("what cannot be listened or dialled with is refused: %j", async (options, part) => {
  const starting = startNode({ name: "a@127.0.0.1", cookie, discovery: noDiscovery, ...options });
  await expect(starting).rejects.toThrow(TypeError);
  await expect(startNode({ cookie, discovery: noDiscovery, ...options })).rejects.toThrow(part);
});

test("who connects while the node is still being registered holds no more than the places there are", async () => {
  let port = 0;
  let register: () => void = () => {};
  const registered = new Promise<void>((resolve) => {
    register = resolve;
  });
  const discovery: Discovery = {
    ...noDiscovery,
    register: async (_, listening) => {
      port = listening;
      await registered;
      return UNREGISTERED;
    },
  };
  const limits = { pendingHandshakes: 2 };
  const starting = started({ name: "slow@127.0.0.1", discovery, limits });
  while (port === 0) await new Promise((resolve) => setImmediate(resolve));
  // Of one source the newest are turned away; of several the oldest lose their places.
  const sockets = Array.from({ length: 6 }, (_, index) =>
    connect({ port, host: "127.0.0.1", localAddress: `127.0.0.${index + 2}` }).resume(),
  );
  await new Promise<void>((resolve) => {
    let closed = 0;
    for (const socket of sockets) {
      socket
        .on("error", () => {})
        .on("close", () => {
          if (++closed === 4) resolve();
        });
    }
  });
  register();
  await starting;
  for (const socket of sockets) socket.destroy();
});
