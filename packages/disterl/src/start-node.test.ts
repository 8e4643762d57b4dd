import { expect, test } from "vitest";
import { record } from "../../../test/node-events.ts";
import type { Node } from "./node.ts";
import { genRequest, reply } from "./otp/gen.ts";
import { startNode } from "./start-node.ts";
import { atom, atoms } from "./term/atom.ts";
import { equalTerms } from "./term/equal-terms.ts";
import { t } from "./term/tuple.ts";
import type { ClusterOptions } from "./testing/cluster/cluster-options.ts";
import { startCluster } from "./testing/cluster/start-cluster.ts";

/** Nodes of that name on hosts `a`, `b`, …, over a network as unpleasant as they come. */
const options: ClusterOptions = { latencyMs: [1, 5], chunking: "random", seed: 7 };

const echo = (node: Node): void => {
  node.spawn({
    name: "echo",
    onMessage: (message, self) => {
      const request = genRequest(message);
      if (request?.kind === "call") reply(self, request.from, request.request);
    },
  });
};

test("two nodes find each other, call and part", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start("node@a");
  const b = await cluster.start("node@b");
  const seen = record(b);
  echo(b);
  const answer = a.call({ name: "echo", node: "node@b" }, t(atoms.ok, 1));
  expect(await cluster.run(answer)).toEqual(t(atoms.ok, 1));
  await cluster.run(a.stop());
  await cluster.advance(100);
  expect(seen.map((event) => event.type)).toEqual(["nodeup", "nodedown"]);
  expect(seen[1]).toMatchObject({ node: "node@a", reason: "connection_closed" });
  await expect(async () => a.call("echo", 1)).rejects.toThrow("was stopped");
});

test("what was sent before the end arrives before the end", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start("node@a");
  const b = await cluster.start("node@b");
  const inbox = b.spawn({ name: "inbox" });
  await cluster.run(a.connect("node@b"));
  for (let i = 0; i < 10; i++) a.send({ name: "inbox", node: "node@b" }, i);
  a.disconnect("node@b");
  await cluster.advance(1000);
  expect(inbox.messageQueueLength).toBe(10);
});

test("an idle connection lives on ticks, for an hour", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start("node@a");
  const b = await cluster.start("node@b");
  await cluster.run(a.connect("node@b"));
  const seen = [...record(a), ...record(b)];
  await cluster.advance(60 * 60 * 1000);
  expect(seen).toEqual([]);
  expect(a.peer("node@b")?.stats.bytesReceived).toBeGreaterThan(4 * 200);
});

test("a silent peer is given up between T - T/I and T + T/I", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start("node@a");
  await cluster.start("node@b");
  await cluster.run(a.connect("node@b"));
  const seen = record(a);
  cluster.hold("node@a", "node@b");
  await cluster.advance(44_000);
  expect(seen).toEqual([]);
  await cluster.advance(31_100);
  expect(seen).toMatchObject([{ type: "nodedown", reason: "net_tick_timeout" }]);
});

test("a cut connection fires each monitor and link once, and heals", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start("node@a");
  const b = await cluster.start("node@b");
  echo(b);
  const self = a.spawn({ trapExit: true });
  const there = b.spawn();
  await cluster.run(a.connect("node@b"));
  const ref = self.monitor({ name: "echo", node: "node@b" });
  self.link(there.pid);
  await cluster.advance(50);
  expect(there.links.isLinked(self.pid)).toBe(true);
  cluster.cut("node@a", "node@b");
  await cluster.advance(50);
  expect(self.messageQueueLength).toBe(2);
  expect(await self.receive()).toEqual(t(atoms.EXIT, there.pid, atoms.noconnection));
  expect(await self.receive()).toEqual(
    t(atoms.DOWN, ref, atoms.process, t(atom("echo"), atom("node@b")), atoms.noconnection),
  );
  expect(there.alive).toBe(false);
  cluster.heal("node@a", "node@b");
  const answer = a.call({ name: "echo", node: "node@b" }, 1);
  expect(await cluster.run(answer)).toBe(1);
});

test("signals wait while the connection is set up, and keep their order", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start("node@a");
  const b = await cluster.start("node@b");
  const inbox = b.spawn({ name: "inbox" });
  for (let i = 0; i < 100; i++) a.send({ name: "inbox", node: "node@b" }, i);
  await cluster.advance(1000);
  const got = await Promise.all(Array.from({ length: 100 }, () => inbox.receive({ timeout: 0 })));
  expect(got).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

test("a message that is no term is refused at once, connected or not", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start("node@a");
  await cluster.start("node@b");
  const bad = (): boolean => a.send({ name: "x", node: "node@b" }, [undefined] as never);
  expect(bad).toThrow(expect.objectContaining({ code: "ERR_SEND_NOT_ENCODABLE" }));
  await cluster.run(a.connect("node@b"));
  expect(bad).toThrow(expect.objectContaining({ code: "ERR_SEND_NOT_ENCODABLE" }));
  await cluster.run(a.ping("node@b"));
});

test("send says busy, drained says when not, and a full queue refuses", async () => {
  const cluster = await startCluster(options);
  const limits = { distBusyBytes: 100_000, distQueueBytes: 1_000_000 };
  const a = await cluster.start({ name: "node@a", limits });
  await cluster.start("node@b");
  await cluster.run(a.connect("node@b"));
  cluster.hold("node@a", "node@b");
  const chunk = new Uint8Array(50_000);
  const to = { name: "sink", node: "node@b" };
  let sent = 0;
  while (a.send(to, chunk)) sent++;
  expect(sent).toBeLessThan(5);
  expect(() => {
    for (let i = 0; i < 100; i++) a.send(to, chunk);
  }).toThrow(expect.objectContaining({ code: "ERR_SEND_QUEUE_FULL" }));
  let drained = false;
  void a.drained("node@b").then(() => {
    drained = true;
  });
  await cluster.advance(1000);
  expect(drained).toBe(false);
  cluster.heal("node@a", "node@b");
  await cluster.advance(1000);
  expect(drained).toBe(true);
  expect(a.send(to, 1)).toBe(true);
});

test("a peer that ticks but does not read is closed as slow", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start({ name: "node@a", limits: { stallMs: 30_000 }, netTickTime: 1000 });
  await cluster.start({ name: "node@b", netTickTime: 1000 });
  await cluster.run(a.connect("node@b"));
  const seen = record(a);
  cluster.hold("node@a", "node@b");
  a.send({ name: "sink", node: "node@b" }, new Uint8Array(500_000));
  await cluster.advance(600_000);
  expect(seen).toMatchObject([{ type: "nodedown", reason: "slow_peer" }]);
});

test("dist_auto_connect: never, and once", async () => {
  const cluster = await startCluster(options);
  const never = await cluster.start({ name: "node@a", distAutoConnect: "never" });
  const once = await cluster.start({ name: "node@c", distAutoConnect: "once" });
  const b = await cluster.start("node@b");
  echo(b);
  const to = { name: "echo", node: "node@b" };
  const refused = never.call(to, 1).catch((error: unknown) => error);
  expect(await cluster.run(refused)).toMatchObject({ code: "ERR_CALL_NO_CONNECTION" });
  await cluster.run(never.connect("node@b"));
  expect(await cluster.run(never.call(to, 1))).toBe(1);

  expect(await cluster.run(once.call(to, 1))).toBe(1);
  once.disconnect("node@b");
  await cluster.advance(2000);
  const barred = once.call(to, 1).catch((error: unknown) => error);
  expect(await cluster.run(barred)).toMatchObject({ code: "ERR_CALL_NO_CONNECTION" });
  await cluster.run(once.connect("node@b"));
  expect(await cluster.run(once.call(to, 1))).toBe(1);
});

test("the mailbox limit kills the process, and its watchers hear of it", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start("node@a");
  const b = await cluster.start({ name: "node@b", limits: { mailboxMessages: 10 } });
  const full = b.spawn({ name: "full" });
  const self = a.spawn();
  self.monitor(full.pid);
  for (let i = 0; i < 20; i++) self.send(full.pid, i);
  await cluster.advance(1000);
  expect(full.alive).toBe(false);
  expect(await self.receive({ timeout: 0 })).toMatchObject({ 4: atoms.killed });
});

test("code of a process that throws ends that process, with a reason, and nothing else", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start("node@a");
  const b = await cluster.start("node@b");
  echo(b);
  const seen = record(b);
  b.spawn({
    name: "clumsy",
    onMessage: () => {
      throw new RangeError("out of my depth");
    },
  });
  const self = a.spawn();
  self.monitor({ name: "clumsy", node: "node@b" });
  self.send({ name: "clumsy", node: "node@b" }, 1);
  await cluster.advance(1000);
  const down = await self.receive({ timeout: 0 });
  const reason = t(t(atom("javascript"), "RangeError", "out of my depth"), []);
  expect(equalTerms(Object(down)[4], reason)).toBe(true);
  expect(seen.some((event) => event.type === "crash")).toBe(true);
  expect(await cluster.run(a.call({ name: "echo", node: "node@b" }, 1))).toBe(1);
});

test("wrong options are told", async () => {
  await expect(startNode({ name: "a@b", cookie: "c", netTickTime: 0 })).rejects.toThrow(
    "netTickTime",
  );
  await expect(startNode({ name: "a b@c", cookie: "c" })).rejects.toMatchObject({
    code: "ERR_NODE_NAME_CHARACTERS",
  });
  await expect(
    startNode({ name: "a@b", cookie: "c", limits: { mailbox: 1 } as never }),
  ).rejects.toThrow('no limit "mailbox"');
});

test("the limits of the wire stand beside those of the node", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start("node@a");
  const b = await cluster.start({
    name: "node@b",
    limits: { messageBytes: 100_000, connections: 8 },
  });
  const seen = record(b);
  const inbox = b.spawn({ name: "inbox" });
  await cluster.run(a.connect("node@b"));
  a.send({ name: "inbox", node: "node@b" }, new Uint8Array(90_000));
  await cluster.advance(1000);
  expect(inbox.messageQueueLength).toBe(1);
  a.send({ name: "inbox", node: "node@b" }, new Uint8Array(200_000));
  await cluster.advance(1000);
  expect(inbox.messageQueueLength).toBe(1);
  expect(seen.at(-1)).toMatchObject({
    type: "nodedown",
    reason: "limit_exceeded",
    error: { code: "ERR_WIRE_LIMIT", limit: "messageBytes" },
  });
});
