import { expect, test } from "vitest";
import { failure, record } from "../../../test/node-events.ts";
import { inetTcp } from "./carrier/tcp.ts";
import { noDiscovery } from "./epmd/discovery.ts";
import type { Process } from "./process/process.ts";
import { startNode } from "./start-node.ts";
import { atom } from "./term/atom.ts";
import { formatTerm } from "./term/format-term.ts";
import { startCluster } from "./testing/cluster/start-cluster.ts";

/** What a process has got, as Erlang prints it. */
async function mailbox(process: Process): Promise<string[]> {
  const messages: string[] = [];
  while (process.messageQueueLength > 0) messages.push(formatTerm(await process.receive()));
  return messages;
}

// ── start and stop ──────────────────────────────────────────────────────────────────────────────

test("a node that is not distributed: its processes work, and nobody else is there", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start({ name: "node@a", distribution: false });
  await cluster.start("node@b");
  expect([a.name, a.alive, a.creation, a.address]).toEqual(["nonode@nohost", false, 0, undefined]);
  expect(a.netKernel.state).toEqual({
    started: "no",
    name: undefined,
    nameType: undefined,
    nameDomain: undefined,
    carriers: [],
    addresses: [],
  });
  expect(a.netKernel.netTickTime).toBeUndefined();
  const echo = a.spawn({ name: "echo", onMessage: (message, self) => self.exit(message) });
  const watcher = a.spawn();
  const ref = watcher.monitor(echo.pid);
  watcher.send("echo", atom("over"));
  await cluster.settle();
  expect(formatTerm(await watcher.receive())).toContain("over");
  expect(ref.node.text).toBe("nonode@nohost");
  const error = await cluster.run(failure(a.connect("node@b")));
  expect(error).toMatchObject({ code: "ERR_CONNECT_POLICY" });
  expect(String(error)).toContain("not distributed");
  watcher.monitor({ name: "rex", node: "node@b" });
  await cluster.settle();
  expect(formatTerm(await watcher.receive())).toContain("{rex,node@b},noconnection");
  expect(() => a.netKernel.setNetTickTime(5)).toThrow("does not run");
  await expect(a.netKernel.stop()).rejects.toMatchObject({ code: "ERR_DISTRIBUTION_NOT_STARTED" });
});

test("distribution starts at run time: processes that run can be reached, whatever their pids were", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start({ name: "node@a", distribution: false });
  const b = await cluster.start("node@b");
  const before = a.spawn({ name: "old" });
  const { pid } = before;
  const watcher = a.spawn();
  a.netKernel.monitorNodes(watcher, true, { nodeType: "all", connectionId: true });
  await cluster.run(a.netKernel.start("node@a"));
  expect([a.name, a.alive]).toEqual(["node@a", true]);
  expect(a.netKernel.state).toMatchObject({ started: "dynamic", name: "node@a" });
  expect(await mailbox(watcher)).toEqual([
    "{nodeup,node@a,[{connection_id,undefined},{node_type,visible}]}",
  ]);
  a.send(pid, 1);
  b.send({ name: "old", node: "node@a" }, 2);
  b.send(before.pid, 3);
  await cluster.settle();
  expect(await mailbox(before)).toEqual(["1", "2", "3"]);
  await expect(a.netKernel.start("other@a")).rejects.toMatchObject({
    code: "ERR_DISTRIBUTION_ALREADY_STARTED",
  });
});

test("distribution stops: relations fire once, processes live on, port and name are free", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start("node@a");
  const b = await cluster.start("node@b");
  const mine = a.spawn({ name: "mine", trapExit: true });
  const theirs = b.spawn({ name: "theirs", trapExit: true });
  const local = a.spawn({ trapExit: true });
  mine.link(theirs.pid);
  mine.link(local.pid);
  mine.monitor(theirs.pid);
  theirs.monitor({ name: "mine", node: "node@a" });
  await cluster.settle();
  const seen = record(a);
  a.netKernel.monitorNodes(mine, true, { nodedownReason: true, nodeType: "all" });
  await cluster.run(a.netKernel.stop());
  await cluster.settle();
  expect([a.name, a.alive, a.address]).toEqual(["nonode@nohost", false, undefined]);
  expect(a.nodes("known")).toEqual(["nonode@nohost"]);
  const gone = await mailbox(mine);
  expect(gone.filter((message) => message.includes("noconnection"))).toHaveLength(2);
  expect(gone.filter((message) => message.startsWith("{nodedown"))).toEqual([
    "{nodedown,node@b,[{nodedown_reason,net_kernel_terminated},{node_type,hidden}]}",
    "{nodedown,node@a,[{nodedown_reason,net_kernel_terminated},{node_type,visible}]}",
  ]);
  expect((await mailbox(theirs)).filter((text) => text.includes("noconnection"))).toHaveLength(2);
  expect(seen.map(({ type }) => type)).toEqual(["nodedown", "not_alive"]);
  expect([mine.alive, local.alive]).toEqual([true, true]);
  mine.exit(atom("bye"));
  await cluster.settle();
  expect(formatTerm(await local.receive())).toMatch(/^\{'EXIT',.*bye\}$/);

  await cluster.run(a.netKernel.start("node@a"));
  await cluster.run(b.ping("node@a"));
  expect(b.nodes("connected")).toEqual(["node@a"]);
});

test("distribution can be stopped and started any number of times, under any name", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start("node@a");
  const b = await cluster.start("node@b");
  const inbox = a.spawn({ name: "inbox" });
  const pids = [inbox.pid];
  for (const name of ["node@a", "other@a", "node@a"]) {
    const { creation } = a;
    await cluster.run(a.netKernel.stop());
    await cluster.run(a.netKernel.start(name));
    expect(a.creation).not.toBe(creation);
    pids.push(inbox.pid);
    await cluster.run(b.ping(name));
    b.send({ name: "inbox", node: name }, atom(name));
    await cluster.settle();
    expect(await mailbox(inbox)).toEqual([name]);
  }
  for (const [at, pid] of pids.entries()) b.send(pid, at);
  await cluster.settle();
  expect(await mailbox(inbox)).toEqual(["3"]);
  // Pids of earlier incarnations mean nothing to the others; here they are the same process still.
  for (const [at, pid] of pids.entries()) a.send(pid, at);
  await cluster.settle();
  expect(await mailbox(inbox)).toEqual(["0", "1", "2", "3"]);
});

test("a stop while distribution is being started: it does not run then, and can be started", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start({ name: "node@a", distribution: false });
  const starting = failure(a.netKernel.start("node@a"));
  const stopping = a.netKernel.stop();
  const again = a.netKernel.start("again@a");
  await cluster.run(stopping);
  expect(await cluster.run(starting)).toMatchObject({
    code: "ERR_DISTRIBUTION_NOT_STARTED",
    message: expect.stringContaining("stopped while it was being started"),
  });
  await cluster.run(again);
  expect(a.name).toBe("again@a");
});

test("a start that fails leaves the node as it was", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start({ name: "node@a", distribution: false });
  await expect(a.netKernel.start("no host@")).rejects.toThrow("no host");
  expect(() => a.netKernel.start("x@a", { hiden: true } as never)).toThrow('no option "hiden"');
  await expect(a.netKernel.start("x@a", { netTickTime: 0 })).rejects.toThrow("netTickTime");
  expect(a.netKernel.state.started).toBe("no");
  await cluster.run(a.netKernel.start("node@a", { hidden: false }));
  expect(a.alive).toBe(true);
});

test("a node that was stopped has no distribution that could be stopped, and leaves no timer", async () => {
  await using cluster = await startCluster();
  const [a, b] = [await cluster.start("node@a"), await cluster.start("node@b")];
  await cluster.run(a.connect("node@b"));
  const done = Promise.all([a.stop(), a.stop(), failure(a.netKernel.stop())]);
  expect((await cluster.run(done))[2]).toMatchObject({ code: "ERR_DISTRIBUTION_NOT_STARTED" });
  expect(await failure(a.netKernel.stop())).toMatchObject({ code: "ERR_DISTRIBUTION_NOT_STARTED" });
  expect([a.name, a.netKernel.state.started]).toEqual(["node@a", "no"]);
  expect(cluster.pendingTimers("node@a")).toBe(0);

  await cluster.run(a.stop());
  const stopped = Promise.all([b.netKernel.stop(), b.stop()]);
  await cluster.run(stopped);
  expect([b.name, b.alive]).toEqual(["nonode@nohost", false]);
});

test("a node that ends while it is not distributed", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start({ name: "node@a", distribution: false });
  const process = a.spawn();
  await cluster.run(a.stop());
  expect(process.alive).toBe(false);
  await expect(a.netKernel.start("node@a")).rejects.toMatchObject({ code: "ERR_NODE_STOPPED" });
});

test("what is given as undefined is the default of startNode; a carrier takes the place of TLS", async () => {
  const base = { distribution: false, cookie: "a cookie for tests only", discovery: noDiscovery };
  await using node = await startNode({ ...base, listen: { host: "127.0.0.2" } });
  await node.netKernel.start("app@127.0.0.1", { listen: undefined, hidden: undefined });
  expect(node.address?.address).toBe("127.0.0.2");
  const options = { ...base, tls: { server: { certfile: "no-such.pem" } } };
  await using other = await startNode(options);
  await expect(other.netKernel.start("b@127.0.0.1")).rejects.toMatchObject({
    code: "ERR_CARRIER_TLS_CONFIG",
  });
  await other.netKernel.start("b@127.0.0.1", { carrier: inetTcp });
  expect(other.netKernel.state.carriers).toEqual(["inet_tcp"]);
});

test.each([
  [undefined, {}],
  ["app@127.0.0.1", { listen: false as const }],
])(
  "distribution that is stopped while it starts, as %s, rejects and is not there",
  async (name, options) => {
    const base = { distribution: false, cookie: "a cookie for tests only", discovery: noDiscovery };
    await using node = await startNode(base);
    const starting = failure(node.netKernel.start(name, options));
    await node.netKernel.stop();
    expect(await starting).toMatchObject({ code: "ERR_DISTRIBUTION_NOT_STARTED" });
    expect(node.netKernel.state.started).toBe("no");
  },
);

test.each(["register", "listenPortPlease"] as const)(
  "a discovery whose %s never answers does not keep a node from being stopped",
  async (slow) => {
    let unregistered = 0;
    let answer: () => void = () => {};
    const late = new Promise<never>((resolve) => {
      answer = () => resolve({ creation: 1, unregister: async () => void unregistered++ } as never);
    });
    let ask: () => void = () => {};
    const asked = new Promise<void>((resolve) => {
      ask = resolve;
    });
    const never = (): Promise<never> => {
      ask();
      return late;
    };
    const discovery = { ...noDiscovery, [slow]: never };
    const base = { distribution: false, cookie: "a cookie for tests only", discovery };
    await using node = await startNode(base);
    const starting = failure(node.netKernel.start("app@127.0.0.1"));
    await asked;
    await node.netKernel.stop();
    expect(await starting).toMatchObject({ code: "ERR_DISTRIBUTION_NOT_STARTED" });
    answer();
    await late;
    await new Promise((resolve) => setImmediate(resolve));
    expect(unregistered).toBe(slow === "register" ? 1 : 0);
  },
);
