import { afterEach, beforeEach, expect, test } from "vitest";
import { noDiscovery } from "./epmd/discovery.ts";
import { type EpmdServer, startEpmdServer } from "./epmd/server.ts";
import { parseErlFlags } from "./flags/erl-flags.ts";
import { startOptionsFromFlags } from "./flags/start-options-from-flags.ts";
import type { Node } from "./node.ts";
import type { NodeStatus } from "./node/status.ts";
import { startNode } from "./start-node.ts";
import type { StartNodeOptions } from "./start-options.ts";
import { freePort } from "./testing/c-epmd.ts";

const COOKIE = "a cookie for tests only";

let epmd: EpmdServer;
let nodePort: number;
/** From where epmd was asked, and for what, in that order. */
const asked: { readonly peer: string; readonly request: string }[] = [];

beforeEach(async () => {
  asked.length = 0;
  epmd = await startEpmdServer({
    port: 0,
    addresses: ["127.0.0.1", "::1"],
    onEvent: (event) => {
      if (event.type === "request") asked.push({ peer: event.peer, request: event.request });
    },
  });
  nodePort = await freePort();
});
afterEach(() => epmd.close());

const start = (options: StartNodeOptions): Promise<Node> =>
  startNode({
    cookie: COOKIE,
    name: "east@localhost",
    ...options,
    epmd: { port: epmd.port, start: false, nodePort, ...options.epmd },
  });

function fromFlags(...argv: string[]): StartNodeOptions {
  const env = { ERL_EPMD_PORT: String(epmd.port) };
  const flags = ["-sname", "east@localhost", "-start_epmd", "false", ...argv];
  const { options } = startOptionsFromFlags(parseErlFlags(flags, env));
  return { ...options, cookie: COOKIE, onWarning: () => {} };
}

function firstStatus(node: Node, wanted: NodeStatus["type"]): Promise<NodeStatus> {
  return (async () => {
    for await (const status of node.status()) if (status.type === wanted) return status;
    throw new Error("the node has ended");
  })();
}

test("epmd.nodePort: the node listens there and is registered, and nobody is looked up", async () => {
  await using east = await start({});
  expect(east.address?.port).toBe(nodePort);
  expect(asked[0]).toMatchObject({ request: "alive2" });
  await epmd.close();
  await using west = await start({ name: "west@localhost", listen: false });
  await west.connect(east.name);
  expect(east.nodes("connected")).toEqual([west.name]);
});

test.each([
  ["-erl_epmd_port", (port: string) => ["-erl_epmd_port", port]],
  ["-kernel", (port: string) => ["-kernel", "erl_epmd_node_listen_port", port]],
])("%s: status tells of epmd, as without it", async (_flag, argv) => {
  await using node = await startNode(fromFlags(...argv(String(nodePort))));
  expect(node.address?.port).toBe(nodePort);
  const lost = firstStatus(node, "epmd");
  await epmd.close();
  expect(await lost).toMatchObject({ event: "lost" });
});

test("a node of IPv6 asks epmd on ::1 first, with a port of all nodes, too", async () => {
  await using _ = await startNode(
    fromFlags("-proto_dist", "inet6_tcp", "-erl_epmd_port", String(nodePort)),
  );
  expect(asked[0]).toEqual({ peer: "::1", request: "alive2" });
});

test("without an epmd the node starts all the same", async () => {
  await epmd.close();
  await using node = await start({});
  expect(node.address?.port).toBe(nodePort);
});

test("epmd.nodePort is a port, and goes with no other discovery; what is given later counts", async () => {
  for (const wrong of [0, 65_536, 1.5, "5210" as unknown as number]) {
    await expect(start({ epmd: { nodePort: wrong } })).rejects.toThrow(/^epmd.nodePort is an /);
  }
  await expect(start({ discovery: noDiscovery })).rejects.toThrow(
    /^epmd.nodePort and discovery are given/,
  );
  await using node = await start({ distribution: false });
  await node.netKernel.start("east@localhost", { discovery: noDiscovery });
  expect(node.address?.port).not.toBe(nodePort);
  await node.netKernel.stop();
  await node.netKernel.start("east@localhost");
  expect(node.address?.port).toBe(nodePort);
});
