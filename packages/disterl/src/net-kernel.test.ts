import { expect, test } from "vitest";
import type { Node } from "./node.ts";
import type { NodeStatus } from "./node/status.ts";
import type { Process } from "./process/process.ts";
import { atom, atoms } from "./term/atom.ts";
import { formatTerm } from "./term/format-term.ts";
import { startCluster } from "./testing/cluster/start-cluster.ts";

/** The status events so far, and from now on. */
function record(node: Node): NodeStatus[] {
  const seen: NodeStatus[] = [];
  void (async () => {
    for await (const event of node.status()) seen.push(event);
  })();
  return seen;
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no failure",
    (error: unknown) => error,
  );

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
  expect(String(await cluster.run(starting))).toContain("stopped while it was being started");
  await cluster.run(again);
  expect(a.name).toBe("again@a");
});

test("a start that fails leaves the node as it was", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start({ name: "node@a", distribution: false });
  await expect(a.netKernel.start("no host@")).rejects.toThrow();
  expect(() => a.netKernel.start("x@a", { hiden: true } as never)).toThrow('no option "hiden"');
  await expect(a.netKernel.start("x@a", { netTickTime: 0 })).rejects.toThrow("netTickTime");
  expect(a.netKernel.state.started).toBe("no");
  await cluster.run(a.netKernel.start("node@a", { hidden: false }));
  expect(a.alive).toBe(true);
});

test("a node that ends while it is not distributed", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start({ name: "node@a", distribution: false });
  const process = a.spawn();
  await cluster.run(a.stop());
  expect(process.alive).toBe(false);
  await expect(a.netKernel.start("node@a")).rejects.toMatchObject({ code: "ERR_NODE_STOPPED" });
});

// ── signals around a disconnect ─────────────────────────────────────────────────────────────────

test("what is sent after a disconnect goes over the next connection, in order", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    await using cluster = await startCluster({ seed, latencyMs: [1, 5], chunking: "random" });
    const a = await cluster.start("node@a");
    const b = await cluster.start("node@b");
    const inbox = b.spawn({ name: "inbox" });
    const sender = a.spawn();
    await cluster.run(a.connect("node@b"));
    const to = { name: "inbox", node: "node@b" };
    sender.monitor(inbox.pid);
    sender.send(to, 1);
    const seen = record(a);
    expect(a.disconnect("node@b")).toBe(true);
    expect(a.netKernel.nodeInfo("node@b").state).toBe("exiting");
    expect(a.nodes("connected")).toEqual([]);
    sender.send(to, 2);
    const second = sender.monitor(inbox.pid);
    sender.send(to, 3);
    expect(a.netKernel.nodeInfo("node@b").held).toBe(3);
    expect(a.disconnect("node@b")).toBe(false);
    await cluster.advance(3000);
    expect(await mailbox(inbox)).toEqual(["1", "2", "3"]);
    expect(seen.map(({ type }) => type)).toEqual(["nodedown", "nodeup"]);
    // The first monitor fired with the connection; the second is of the new one.
    expect(await mailbox(sender)).toHaveLength(1);
    inbox.exit(atoms.normal);
    await cluster.settle();
    expect(formatTerm(await sender.receive())).toContain(`${String(second)}`);
  }
});

test("with dist_auto_connect once nothing is dialled after a disconnect", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start({ name: "node@a", distAutoConnect: "once" });
  const b = await cluster.start("node@b");
  const sender = a.spawn();
  await cluster.run(a.ping("node@b"));
  a.disconnect("node@b");
  sender.monitor({ name: "rex", node: "node@b" });
  await cluster.advance(3000);
  expect(await mailbox(sender)).toHaveLength(1);
  expect(a.nodes("connected")).toEqual([]);
  expect(a.netKernel.nodeInfo("node@b")).toMatchObject({ state: "idle", barred: true });
  expect(a.nodes("known")).toEqual(["node@a", "node@b"]);
  // The peer's own dial lifts the bar.
  await cluster.run(b.ping("node@a"));
  expect(a.netKernel.nodeInfo("node@b")).toMatchObject({ state: "connected", barred: false });
});

test("with dist_auto_connect never only connect() dials", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start({ name: "node@a", distAutoConnect: "never" });
  await cluster.start("node@b");
  const sender = a.spawn();
  sender.monitor({ name: "rex", node: "node@b" });
  await cluster.advance(100);
  expect(await mailbox(sender)).toHaveLength(1);
  await cluster.run(a.connect("node@b"));
  await cluster.run(a.ping("node@b"));
});

test("monitor_node: at once when nobody can be reached, and when the node is gone", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start("node@a");
  await cluster.start("node@b");
  const watcher = a.spawn();
  watcher.monitorNode("nobody@x", true);
  watcher.monitorNode("node@b", true);
  watcher.monitorNode("node@b", true);
  await cluster.settle();
  expect(await mailbox(watcher)).toEqual(["{nodedown,nobody@x}"]);
  expect(a.nodes("connected")).toEqual(["node@b"]);
  a.disconnect("node@b");
  await cluster.settle();
  expect(await mailbox(watcher)).toEqual(["{nodedown,node@b}", "{nodedown,node@b}"]);
});

// ── monitor_nodes ───────────────────────────────────────────────────────────────────────────────

test("node monitors: filters, information, n subscriptions n copies", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start({ name: "node@a", hidden: false });
  await cluster.start({ name: "seen@b", hidden: false });
  await cluster.start({ name: "unseen@c", hidden: true });
  const each = (options?: Parameters<Node["netKernel"]["monitorNodes"]>[2]): Process => {
    const process = a.spawn();
    a.netKernel.monitorNodes(process, true, options);
    return process;
  };
  const plain = each();
  const empty = each({});
  const hidden = each({ nodeType: "hidden" });
  const all = each({ nodeType: "all", nodedownReason: true, connectionId: true });
  const map = each({ info: "map", nodedownReason: true });
  a.netKernel.monitorNodes(plain, true);
  a.netKernel.monitorNodes(plain, true, { nodeType: "visible" });
  await cluster.run(a.connect("seen@b"));
  await cluster.run(a.connect("unseen@c"));
  a.netKernel.monitorNodes(plain, false, { nodeType: "visible" });
  a.disconnect("seen@b");
  a.netKernel.monitorNodes(plain, false);
  a.disconnect("unseen@c");
  expect(await mailbox(plain)).toEqual([
    "{nodeup,seen@b}",
    "{nodeup,seen@b}",
    "{nodeup,seen@b,[{node_type,visible}]}",
    "{nodedown,seen@b}",
    "{nodedown,seen@b}",
  ]);
  expect(await mailbox(empty)).toEqual(["{nodeup,seen@b}", "{nodedown,seen@b}"]);
  expect(await mailbox(hidden)).toEqual([
    "{nodeup,unseen@c,[{node_type,hidden}]}",
    "{nodedown,unseen@c,[{node_type,hidden}]}",
  ]);
  expect(await mailbox(all)).toEqual([
    "{nodeup,seen@b,[{connection_id,1},{node_type,visible}]}",
    "{nodeup,unseen@c,[{connection_id,2},{node_type,hidden}]}",
    "{nodedown,seen@b,[{connection_id,1},{nodedown_reason,disconnect},{node_type,visible}]}",
    "{nodedown,unseen@c,[{connection_id,2},{nodedown_reason,disconnect},{node_type,hidden}]}",
  ]);
  expect(await mailbox(map)).toEqual([
    "{nodeup,seen@b,#{}}",
    "{nodedown,seen@b,#{nodedown_reason => disconnect}}",
  ]);
  const process = a.spawn();
  expect(() => a.netKernel.monitorNodes(process, true, { nodeTyp: 1 } as never)).toThrow(TypeError);
  expect(() => a.netKernel.monitorNodes(process, true, { nodeType: "x" } as never)).toThrow(
    '"visible", "hidden" or "all"',
  );
});

test("a nodeup precedes what arrives over the connection, a nodedown follows it", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    await using cluster = await startCluster({ seed, latencyMs: [1, 5], chunking: "random" });
    const a = await cluster.start("node@a");
    const b = await cluster.start("node@b");
    const watcher = a.spawn({ name: "watcher" });
    a.netKernel.monitorNodes(watcher, true, { nodeType: "all" });
    const sender = b.spawn();
    for (let i = 1; i <= 20; i++) sender.send({ name: "watcher", node: "node@a" }, i);
    await cluster.advance(seed * 2);
    if (seed % 2 === 1) cluster.kill("node@b");
    else if (!b.disconnect("node@a")) continue;
    await cluster.advance(3000);
    const heard = await mailbox(watcher);
    if (heard.length === 0) continue;
    expect(heard[0]).toContain("nodeup");
    expect(heard.at(-1)).toContain("nodedown");
    const numbers = heard.slice(1, -1).map(Number);
    expect(numbers).toEqual(numbers.map((_, at) => at + 1));
  }
});

// ── lists ───────────────────────────────────────────────────────────────────────────────────────

test("lists of nodes, and what is known of them", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start({ name: "node@a", hidden: false });
  await cluster.start({ name: "seen@b", hidden: false });
  await cluster.start({ name: "unseen@c" });
  await cluster.run(a.connect("seen@b"));
  await cluster.run(a.connect("unseen@c"));
  expect(a.nodes()).toEqual(["seen@b"]);
  expect(a.nodes("hidden")).toEqual(["unseen@c"]);
  expect(a.nodes("connected")).toEqual(["seen@b", "unseen@c"]);
  expect(a.nodes("this")).toEqual(["node@a"]);
  expect(a.nodes(["this", "hidden"])).toEqual(["node@a", "unseen@c"]);
  void a.connect("late@x").catch(() => {});
  expect(a.netKernel.nodeInfo("late@x").state).toBe("pending");
  expect(a.nodes("known", { info: true })).toEqual([
    { name: "node@a", nodeType: "this", connectionId: undefined },
    { name: "seen@b", nodeType: "visible", connectionId: 1 },
    { name: "unseen@c", nodeType: "hidden", connectionId: 2 },
    { name: "late@x", nodeType: "known", connectionId: undefined },
  ]);
  expect(a.netKernel.nodesInfo().slice(0, 2)).toMatchObject([
    { name: "seen@b", state: "connected", type: "normal", connectionId: 1, barred: false },
    { name: "unseen@c", state: "connected", type: "hidden", connectionId: 2 },
  ]);
  await cluster.settle();
  expect(a.netKernel.nodeInfo("late@x")).toMatchObject({ state: "idle", address: undefined });
});

test("a visible node can connect as a hidden one", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start({ name: "node@a", hidden: false });
  const b = await cluster.start({ name: "node@b", hidden: false });
  await cluster.run(a.netKernel.hiddenConnect("node@b"));
  expect([a.nodes("hidden"), b.nodes("hidden")]).toEqual([["node@b"], ["node@a"]]);
  expect([a.nodes(), b.nodes()]).toEqual([[], []]);
});

test("verbose tells what is about to be done", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start("node@a");
  const b = await cluster.start("node@b");
  const seen = record(a);
  expect([a.netKernel.verbose(1), a.netKernel.verbose(1)]).toEqual([0, 1]);
  await cluster.run(a.connect("node@b"));
  a.disconnect("node@b");
  a.send({ name: "nobody", node: "node@b" }, 1);
  await cluster.advance(2000);
  a.disconnect("node@b");
  await cluster.advance(2000);
  await cluster.run(b.connect("node@a"));
  const actions = seen.flatMap((event) => (event.type === "verbose" ? [event.action] : []));
  expect(actions).toEqual(["connect", "disconnect", "auto_connect", "disconnect", "accept"]);
});

// ── cookies ─────────────────────────────────────────────────────────────────────────────────────

test("cookies change for later handshakes, for all nodes and for one", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start("node@a");
  const b = await cluster.start("node@b");
  await cluster.run(a.connect("node@b"));
  a.netKernel.setCookie("another");
  await cluster.run(a.ping("node@b"));
  a.disconnect("node@b");
  await cluster.advance(2000);
  expect(await cluster.run(failure(a.connect("node@b")))).toMatchObject({ layer: "handshake" });
  b.netKernel.setCookie("node@a", "another");
  await cluster.run(a.connect("node@b"));
  expect(String(a.netKernel.getCookie("node@b"))).toBe("[secret]");
  expect(() => a.netKernel.setCookie("")).toThrow(TypeError);
});

// ── tick time ───────────────────────────────────────────────────────────────────────────────────

test("the tick time changes in transition, and nobody is given up by mistake", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start({ name: "node@a", netTickTime: 60 });
  const b = await cluster.start({ name: "node@b", netTickTime: 60 });
  await cluster.run(a.connect("node@b"));
  const seen = [record(a), record(b)];
  expect(a.netKernel.setNetTickTime(60)).toBe("unchanged");
  expect(a.netKernel.setNetTickTime(8, 60)).toBe("change_initiated");
  expect(a.netKernel.setNetTickTime(9)).toEqual({ ongoingChangeTo: 8 });
  expect(a.netKernel.netTickTime).toEqual({ ongoingChangeTo: 8 });
  await cluster.advance(55_000);
  expect(b.netKernel.setNetTickTime(8, 60)).toBe("change_initiated");
  await cluster.advance(6000);
  expect(a.netKernel.netTickTime).toBe(8);
  await cluster.advance(200_000);
  expect(b.netKernel.netTickTime).toBe(8);
  expect(seen).toEqual([[], []]);

  // The other way: both for longer than the old time would have allowed.
  a.netKernel.setNetTickTime(60, 60);
  await cluster.advance(40_000);
  b.netKernel.setNetTickTime(60, 60);
  await cluster.advance(300_000);
  expect(seen).toEqual([[], []]);

  // What counts now is the new time.
  cluster.freeze("node@b");
  const frozen = cluster.now;
  while (seen[0]?.length === 0) await cluster.advance(1000);
  expect(seen[0]).toMatchObject([{ type: "nodedown", reason: "net_tick_timeout" }]);
  expect(cluster.now - frozen).toBeGreaterThan(44_000);
  expect(cluster.now - frozen).toBeLessThan(77_000);
});

// ── kept connections ────────────────────────────────────────────────────────────────────────────

const reconnects = (seen: readonly NodeStatus[]) =>
  seen.flatMap((event) => (event.type === "reconnecting" ? [event] : []));

test("a kept node is dialled, and again with growing delays, until it is there", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start("node@a");
  const seen = record(a);
  const kept = a.keepConnected("node@b", { minDelay: 100, maxDelay: 1000, jitter: 0 });
  await cluster.advance(3600);
  expect(reconnects(seen).map(({ delayMs }) => delayMs)).toEqual([
    100, 200, 400, 800, 1000, 1000, 1000,
  ]);
  expect(reconnects(seen)[0]).toMatchObject({
    node: "node@b",
    attempt: 1,
    code: "ERR_CONNECT_NOT_REGISTERED",
  });
  expect([kept.connected, kept.attempts]).toEqual([false, 7]);
  await cluster.start("node@b");
  await cluster.advance(1100);
  expect(kept.connected).toBe(true);

  // It was up for longer than the last delay: from the beginning.
  await cluster.advance(5000);
  seen.length = 0;
  cluster.kill("node@b");
  await cluster.advance(50);
  expect(reconnects(seen)).toMatchObject([{ attempt: 1, delayMs: 100, code: "connection_closed" }]);
  await cluster.restart("node@b");
  await cluster.advance(300);
  expect(kept.connected).toBe(true);
  expect(a.nodes("known")).toEqual(["node@a", "node@b"]);

  kept.release();
  kept.release();
  seen.length = 0;
  cluster.kill("node@b");
  await cluster.advance(60_000);
  expect(seen.map(({ type }) => type)).toEqual(["nodedown"]);
});

test("the jitter of a kept connection comes from the node's random", async () => {
  const delays = async (seed: number): Promise<number[]> => {
    await using cluster = await startCluster({ seed });
    const a = await cluster.start("node@a");
    const seen = record(a);
    a.keepConnected("node@b", { minDelay: 1000, maxDelay: 1000, jitter: 0.5 });
    await cluster.advance(10_000);
    return reconnects(seen).map(({ delayMs }) => delayMs);
  };
  const [one, same, other] = [await delays(1), await delays(1), await delays(2)];
  expect(one).toEqual(same);
  expect(one).not.toEqual(other);
  for (const delay of [...one, ...other]) {
    expect(delay).toBeGreaterThanOrEqual(500);
    expect(delay).toBeLessThanOrEqual(1000);
  }
});

test("kept nodes: as an option, past dist_auto_connect, over a stop of distribution", async () => {
  await using cluster = await startCluster();
  const peers = ["node@b", { name: "node@c", minDelay: 50 }];
  const a = await cluster.start({ name: "node@a", peers, distAutoConnect: "once" });
  const b = await cluster.start("node@b");
  await cluster.start("node@c");
  await cluster.advance(2000);
  expect(a.nodes("connected").toSorted()).toEqual(["node@b", "node@c"]);
  b.disconnect("node@a");
  await cluster.advance(3000);
  expect(a.nodes("connected").toSorted()).toEqual(["node@b", "node@c"]);
  const seen = record(a);
  await cluster.run(a.netKernel.stop());
  await cluster.advance(60_000);
  expect(seen.filter(({ type }) => type === "reconnecting" || type === "nodeup")).toEqual([]);
  await cluster.run(a.netKernel.start("node@a"));
  await cluster.advance(1000);
  expect(a.nodes("connected").toSorted()).toEqual(["node@b", "node@c"]);
});

test("a connection that ends as soon as it is up again and again is dialled ever less often", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start("node@a");
  const b = await cluster.start("node@b");
  const watcher = b.spawn({ onMessage: () => void b.disconnect("node@a") });
  b.netKernel.monitorNodes(watcher, true, { nodeType: "hidden" });
  const seen = record(a);
  a.keepConnected("node@b", { minDelay: 100, maxDelay: 10_000, jitter: 0 });
  await cluster.advance(30_000);
  expect(reconnects(seen).length).toBeLessThan(12);
  expect(reconnects(seen).length).toBeGreaterThan(5);
});

test("the options of a kept connection are looked at", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start("node@a");
  for (const options of [
    { minDelay: 0 },
    { jitter: 2 },
    { factor: 0.5 },
    { minDelay: 9, maxDelay: 8 },
    { min: 1 },
  ]) {
    expect(() => a.keepConnected("node@b", options as never)).toThrow(TypeError);
  }
});
