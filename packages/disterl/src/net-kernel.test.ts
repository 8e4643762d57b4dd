import { expect, test } from "vitest";
import { failure, record } from "../../../test/node-events.ts";
import type { Node } from "./node.ts";
import type { Process } from "./process/process.ts";
import { atoms } from "./term/atom.ts";
import { formatTerm } from "./term/format-term.ts";
import { startCluster } from "./testing/cluster/start-cluster.ts";
import { subscribe } from "./trace/diagnostics.ts";
import type { DiagnosticsChannels } from "./trace/payloads.ts";

/** What a process has got, as Erlang prints it. */
async function mailbox(process: Process): Promise<string[]> {
  const messages: string[] = [];
  while (process.messageQueueLength > 0) messages.push(formatTerm(await process.receive()));
  return messages;
}

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
    expect(formatTerm(await sender.receive())).toContain(String(second));
  }
});

test("what waited for the connection goes before what is sent when it is up", async () => {
  await using cluster = await startCluster();
  const a = await cluster.start("node@a");
  const b = await cluster.start("node@b");
  const inbox = b.spawn({ name: "inbox" });
  const to = { name: "inbox", node: "node@b" };
  const sender = a.spawn();
  // Told while the connection is being opened, before anything else can run.
  using _ = onNodeup(({ node }) => {
    if (node === "node@b") sender.send(to, 2);
  });
  sender.send(to, 1);
  await cluster.advance(3000);
  expect(await mailbox(inbox)).toEqual(["1", "2"]);
});

function onNodeup(listener: (payload: DiagnosticsChannels["disterl:nodeup"]) => void): Disposable {
  const stop = subscribe("disterl:nodeup", listener);
  return { [Symbol.dispose]: stop };
}

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
  const misspelt: string = "visibel";
  expect(() => a.nodes([misspelt as "visible"])).toThrow(/no kind of nodes "visibel"/);
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
