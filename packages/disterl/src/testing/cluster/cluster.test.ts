import { type Node, type NodeStatus, atom, atoms, genRequest, reply, t, text } from "disterl";
import { formatTerm } from "disterl/term";
import { startCluster } from "disterl/testing";
import { expect, test } from "vitest";
import { failure, record } from "../../../../../test/node-events.ts";
import type { ClusterOptions } from "./cluster-options.ts";

function echo(node: Node): void {
  node.spawn({
    name: "echo",
    onMessage: (message, self) => {
      const request = genRequest(message);
      if (request?.kind === "call") reply(self, request.from, request.request);
    },
  });
}

const types = (events: NodeStatus[]): string[] => events.map(({ type }) => type);

const three: ClusterOptions = {
  nodes: ["a", "b", "c"],
  seed: 5,
  latencyMs: [1, 20],
  chunking: "random",
  settings: { program: echo, netTickTime: 8 },
};

/** Everything that can be done to a cluster. */
async function everything(seed: number): Promise<string[]> {
  const lines: string[] = [];
  const cluster = await startCluster({ ...three, seed, trace: (line) => lines.push(line) });
  const watcher = cluster.node("a").spawn({ trapExit: true });
  void (async () => {
    for await (const message of watcher) lines.push(`${cluster.now} got ${formatTerm(message)}`);
  })();
  const there = cluster.node("b").spawn();
  watcher.link(there.pid);
  watcher.monitor({ name: "echo", node: "c@cluster" });
  await cluster.settle();
  cluster.delay("a", "c", [100, 200]);
  cluster.drop("a", "b", { seenBy: "a" });
  await cluster.settle();
  await cluster.run(cluster.node("a").call({ name: "echo", node: "b@cluster" }, text("hello")));
  cluster.freeze("c");
  await cluster.advance(15_000);
  cluster.thaw("c");
  await cluster.advance(3000);
  cluster.kill("b");
  await cluster.restart("b");
  await cluster.run(cluster.node("c").ping("b@cluster"));
  cluster.cut("a");
  await cluster.settle();
  cluster.heal();
  await cluster.start({ name: "undefined@tool", listen: false });
  await cluster.run(cluster.node("undefined@tool").connect("a@cluster"));
  await cluster.close();
  return lines;
}

test("the same seed gives the same run, byte for byte, and another one another", async () => {
  const first = await everything(3);
  expect(first.length).toBeGreaterThan(150);
  expect(await everything(3)).toEqual(first);
  expect(await everything(4)).not.toEqual(first);
});

test("nodes are known by the names they were given, and in full", async () => {
  const cluster = await startCluster({ nodes: ["a", { name: "db@eu", hidden: false }] });
  expect(cluster.names).toEqual(["a@cluster", "db@eu"]);
  expect(cluster.node("a")).toBe(cluster.node("a@cluster"));
  expect(cluster.node("db@eu").name).toBe("db@eu");
  expect(() => cluster.node("db")).toThrow("there is no node db@cluster; there are a@cluster");
  await expect(cluster.start("a")).rejects.toMatchObject({ code: "ERR_TESTING_CLUSTER" });
});

test("the program of a node runs again when it is restarted, under a new creation", async () => {
  let runs = 0;
  const cluster = await startCluster({
    nodes: [
      "a",
      {
        name: "b",
        program: async (node) => {
          runs++;
          await node.connect("a@cluster");
        },
      },
    ],
  });
  const before = cluster.node("b");
  expect(cluster.node("a").nodes("connected")).toEqual(["b@cluster"]);
  const after = await cluster.restart("b");
  expect(after.creation).toBeGreaterThan(before.creation);
  expect(cluster.node("b")).toBe(after);
  expect(runs).toBe(2);
});

test("cut: both sides see it at once, and nobody connects until it is healed", async () => {
  const cluster = await startCluster(three);
  const [a, b, c] = ["a", "b", "c"].map((name) => cluster.node(name)) as [Node, Node, Node];
  await cluster.run(Promise.all([a.connect(b.name), a.connect(c.name)]));
  const seen = [record(a), record(b), record(c)];
  cluster.cut("a", ["b", "c"]);
  await cluster.settle();
  expect(seen.map(types)).toEqual([["nodedown", "nodedown"], ["nodedown"], ["nodedown"]]);
  expect(cluster.now).toBeLessThan(1000);
  const error = await cluster.run(failure(b.connect(a.name)));
  expect(error).toMatchObject({ layer: "carrier" });
  await cluster.run(b.connect(c.name));
  cluster.heal("a", "b");
  await cluster.run(b.connect(a.name));
});

test("hold: silence, which ends with what was said, or with the patience of the ticks", async () => {
  const cluster = await startCluster(three);
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  await cluster.run(a.connect(b.name));
  const seen = record(a);
  cluster.hold("a", "b");
  const answer = a.call({ name: "echo", node: b.name }, 1);
  await cluster.advance(3000);
  cluster.heal("a", "b");
  expect(await cluster.run(answer)).toBe(1);
  expect(seen).toEqual([]);
  cluster.hold("a", "b");
  await cluster.advance(10_001);
  expect(seen).toMatchObject([{ type: "nodedown", reason: "net_tick_timeout" }]);
});

test("delay: what is sent takes so long", async () => {
  const cluster = await startCluster({ nodes: ["a", "b"] });
  await cluster.run(cluster.node("a").connect("b@cluster"));
  cluster.delay("a", "b", 250);
  const { roundTripMs } = await cluster.run(cluster.node("a").ping("b@cluster"));
  expect(roundTripMs).toBe(500);
  cluster.heal();
  expect((await cluster.run(cluster.node("a").ping("b@cluster"))).roundTripMs).toBe(0);
});

test("drop: the connection breaks, and the next one is made at once", async () => {
  const cluster = await startCluster(three);
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  await cluster.run(a.connect(b.name));
  const seen = [record(a), record(b)];
  cluster.drop("a", "b");
  await cluster.settle();
  expect(seen.map(types)).toEqual([["nodedown"], ["nodedown"]]);
  await cluster.run(a.connect(b.name));
});

test("drop seen by one side: the other one gives up after the tick time, or for the next", async () => {
  const cluster = await startCluster(three);
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  await cluster.run(a.connect(b.name));
  const seen = [record(a), record(b)];
  cluster.drop("a", "b", { seenBy: "a" });
  await cluster.advance(5000);
  expect(seen.map(types)).toEqual([["nodedown"], []]);
  await cluster.advance(5001);
  expect(seen[1]).toMatchObject([{ type: "nodedown", reason: "net_tick_timeout" }]);

  await cluster.run(a.connect(b.name));
  cluster.drop("a", "b", { seenBy: "b" });
  await cluster.settle();
  await cluster.run(b.connect(a.name));
  expect(types(seen[0] ?? [])).toEqual(["nodedown", "nodeup", "nodedown", "nodeup"]);
  expect(seen[0]?.at(-2)).toMatchObject({ reason: "connection_closed" });
});

test("a frozen node does nothing, keeps its connections, and goes on where it was", async () => {
  const cluster = await startCluster(three);
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  await cluster.run(a.connect(b.name));
  const seen = record(a);
  cluster.freeze("b");
  expect(cluster.state("b")).toBe("frozen");
  const answer = a.call({ name: "echo", node: b.name }, 1, { timeout: 20_000 });
  const timer = failure(b.spawn().receive({ timeout: 1000 }));
  let fired = false;
  void timer.then(() => {
    fired = true;
  });
  await cluster.advance(4000);
  expect(fired).toBe(false);
  expect(seen).toEqual([]);
  cluster.thaw("b");
  expect(await cluster.run(answer)).toBe(1);
  expect(fired).toBe(true);
});

test("a frozen node is given up after the tick time, and learns of that when it thaws", async () => {
  const cluster = await startCluster(three);
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  await cluster.run(a.connect(b.name));
  const seen = [record(a), record(b)];
  cluster.freeze("b");
  await cluster.advance(11_000);
  expect(seen[0]).toMatchObject([{ type: "nodedown", reason: "net_tick_timeout" }]);
  const dial = failure(a.connect(b.name));
  expect(await cluster.run(dial)).toMatchObject({ layer: "handshake" });
  expect(seen[1]).toEqual([]);
  cluster.thaw("b");
  await cluster.settle();
  const told = types(seen[1] ?? []).filter((type) => type !== "refused");
  expect(told).toEqual(["self_stalled", "nodedown"]);
  await cluster.run(a.connect(b.name));
});

test("a killed node says no goodbye: its connections close, and nothing of it runs", async () => {
  const cluster = await startCluster(three);
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  await cluster.run(a.connect(b.name));
  const seen = [record(a), record(b)];
  const self = a.spawn();
  const worker = b.spawn();
  self.monitor(worker.pid);
  await cluster.settle();
  let late = false;
  void failure(worker.receive({ timeout: 100 })).then(() => {
    late = true;
  });
  cluster.kill("b");
  expect(cluster.state("b")).toBe("down");
  await cluster.advance(1000);
  expect(seen).toMatchObject([[{ type: "nodedown", reason: "connection_closed" }], []]);
  expect(await self.receive({ timeout: 0 })).toMatchObject({
    0: atoms.DOWN,
    4: atoms.noconnection,
  });
  expect(late).toBe(false);
  const error = await cluster.run(failure(a.connect(b.name)));
  expect(error).toMatchObject({ code: "ERR_CONNECT_NOT_REGISTERED" });
  expect(() => cluster.node("b")).toThrow("restart it first");
});

test("a node killed while its link is held is only missed when the ticks stay away", async () => {
  const cluster = await startCluster(three);
  const a = cluster.node("a");
  await cluster.run(a.connect("b@cluster"));
  const seen = record(a);
  cluster.hold("a", "b");
  cluster.kill("b");
  await cluster.advance(5000);
  expect(seen).toEqual([]);
  await cluster.advance(5001);
  expect(seen).toMatchObject([{ type: "nodedown", reason: "net_tick_timeout" }]);
});

test("a restart within the tick time: the old run is gone before the new one is there", async () => {
  const cluster = await startCluster(three);
  const a = cluster.node("a");
  const before = await cluster.run(a.connect("b@cluster"));
  const seen = record(a);
  cluster.hold("a", "b");
  cluster.kill("b");
  const b = await cluster.restart("b");
  cluster.heal("a", "b");
  await cluster.run(b.connect(a.name));
  expect(types(seen)).toEqual(["nodedown", "nodeup"]);
  expect(a.peer("b@cluster")?.creation).toBe(b.creation);
  expect(b.creation).not.toBe(before.creation);
});

test("stop says goodbye, and the node can be restarted", async () => {
  const cluster = await startCluster(three);
  const a = cluster.node("a");
  await cluster.run(a.connect("b@cluster"));
  const seen = record(cluster.node("b"));
  await cluster.stop("a");
  await cluster.settle();
  expect(types(seen)).toEqual(["nodedown"]);
  expect(cluster.state("a")).toBe("down");
  const again = await cluster.restart("a");
  await cluster.run(again.ping("b@cluster"));
  cluster.freeze("a");
  await expect(cluster.stop("a")).rejects.toThrow("is frozen");
});

test("settle waits for the network, not for timers, and notices who never rests", async () => {
  const cluster = await startCluster({ nodes: ["a", "b"], latencyMs: 10 });
  const inbox = cluster.node("b").spawn({ name: "inbox" });
  cluster.node("a").send({ name: "inbox", node: "b@cluster" }, atom("hello"));
  await cluster.settle();
  expect(inbox.messageQueueLength).toBe(1);
  expect(cluster.now).toBeLessThan(200);
  cluster.node("b").spawn({
    name: "pong",
    onMessage: (message, self) => void self.send({ name: "ping", node: "a@cluster" }, message),
  });
  const ping = cluster.node("a").spawn({
    name: "ping",
    onMessage: (message, self) => void self.send({ name: "pong", node: "b@cluster" }, message),
  });
  ping.send(ping.pid, t());
  await expect(cluster.settle()).rejects.toMatchObject({ code: "ERR_TESTING_CLUSTER" });
});

test("a node at rest has no timers", async () => {
  const cluster = await startCluster(three);
  expect(cluster.pendingTimers("a")).toBe(0);
  await cluster.run(cluster.node("a").connect("b@cluster"));
  expect(cluster.pendingTimers("a")).toBe(1);
  cluster.node("a").disconnect("b@cluster");
  await cluster.advance(5000);
  expect(cluster.pendingTimers("a")).toBe(0);
});

test("a start that fails leaves nothing behind", async () => {
  const cluster = await startCluster();
  const start = cluster.start({
    name: "a",
    discovery: (own) => ({ ...own, register: () => Promise.reject(new Error("no room")) }),
  });
  await expect(start).rejects.toThrow("no room");
  expect(cluster.state("a")).toBe("down");
});
