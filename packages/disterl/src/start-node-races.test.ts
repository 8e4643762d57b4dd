import { expect, test } from "vitest";
import { failure, record } from "../../../test/node-events.ts";
import type { Channel } from "./carrier/carrier.ts";
import { buildName } from "./handshake/packets.ts";
import { startNode } from "./start-node.ts";
import { atom, atoms } from "./term/atom.ts";
import type { ClusterOptions } from "./testing/cluster/cluster-options.ts";
import { startCluster } from "./testing/cluster/start-cluster.ts";
import { defaultFlags } from "./wire/flags.ts";

/** Nodes of that name on hosts `a`, `b`, …, over a network as unpleasant as they come. */
const options: ClusterOptions = { latencyMs: [1, 5], chunking: "random", seed: 7 };

test("both dial at the same time: one connection, whoever is faster", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const cluster = await startCluster({ ...options, seed: seed });
    const a = await cluster.start("node@a");
    const b = await cluster.start("node@b");
    const seen = [record(a), record(b)];
    const first = a.connect("node@b");
    await cluster.advance(seed % 12);
    const second = b.connect("node@a");
    await cluster.run(Promise.all([first, second]));
    await cluster.advance(20_000);
    const types = seen.map((events) => events.map(({ type }) => type));
    for (const of of types) expect(of.filter((type) => type !== "refused")).toEqual(["nodeup"]);
    expect(a.nodes("connected")).toEqual(["node@b"]);
    expect(b.nodes("connected")).toEqual(["node@a"]);
  }
});

test("a dial that begins while the peer's own is shaking hands: one connection, and it stays", async () => {
  for (let delay = 0; delay < 40; delay++) {
    const cluster = await startCluster({ ...options, seed: delay + 1 });
    const small = await cluster.start("node@a");
    const great = await cluster.start("node@b");
    const seen = [record(small), record(great)];
    const first = small.connect("node@b");
    await cluster.advance(delay);
    const second = great.connect("node@a");
    await cluster.run(Promise.all([first, second]));
    await cluster.advance(1000);
    expect(seen.flat().filter((event) => event.type === "nodedown")).toEqual([]);
    expect([small.nodes("connected"), great.nodes("connected")]).toEqual([["node@b"], ["node@a"]]);
    await cluster.run(small.ping("node@b"));
    await cluster.run(great.ping("node@a"));
  }
});

test("a dial lets a handshake that claims the same name finish, for a moment", async () => {
  const cluster = await startCluster(options);
  let lookups = 0;
  const node = await cluster.start({
    name: "node@b",
    discovery: (own) => ({
      ...own,
      lookup: (name, host) => {
        lookups++;
        return own.lookup(name, host);
      },
    }),
  });
  const claim = async (): Promise<Channel> => {
    const { port = 0 } = node.address ?? {};
    const carrier = cluster.network.carrier("node@a");
    const channel = await cluster.run(carrier.connect({ host: "node@b", port }));
    channel.handle({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
    const flags = defaultFlags({});
    const packet = buildName({ version: 6, name: "node@a", flags, creation: 77 });
    channel.write([Uint8Array.of(0, packet.length), packet]);
    await cluster.advance(50);
    return channel;
  };
  const squatter = await claim();
  const held = failure(node.connect("node@a"));
  await cluster.advance(150);
  expect(lookups).toBe(0);
  await cluster.advance(100);
  expect(lookups).toBe(1);
  expect(await cluster.run(held)).toMatchObject({ layer: "discovery" });
  squatter.destroy();
  await cluster.advance(50);

  const gaveUp = await claim();
  const next = failure(node.connect("node@a"));
  gaveUp.destroy();
  await cluster.advance(50);
  expect(lookups).toBe(2);
  expect(await cluster.run(next)).toMatchObject({ layer: "discovery" });
});

test("the node itself answers its own ping, and is no node to connect to", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start("node@a");
  const begun = cluster.now;
  const answer = await cluster.run(a.ping("node@a"));
  expect(answer.roundTripMs).toBeGreaterThanOrEqual(0);
  const error = await cluster.run(failure(a.connect("node@a")));
  expect(error).toMatchObject({ code: "ERR_CONNECT_POLICY", layer: "policy" });
  expect(String(error)).toContain("this node itself");
  expect(cluster.now - begun).toBeLessThan(1000);
});

test("a connect that waited for the old connection to end fails when the node is stopped", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start("node@a");
  await cluster.start("node@b");
  await cluster.run(a.connect("node@b"));
  a.disconnect("node@b");
  const error = failure(a.connect("node@b"));
  const stopped = a.stop();
  await cluster.run(stopped);
  expect(await cluster.run(error)).toMatchObject({ code: "ERR_CONNECT_POLICY" });
});

test("connect with a signal that is aborted dials nobody", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start("node@a");
  await cluster.start("node@b");
  const seen = record(a);
  const signal = AbortSignal.abort(new Error("changed my mind"));
  const error = await failure(a.connect("node@b", { signal }));
  expect(String(error)).toContain("changed my mind");
  await cluster.advance(1000);
  expect(seen).toEqual([]);
});

test("stop ends handshakes that strangers have begun", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start("node@a");
  const port = a.address?.port ?? 0;
  const channel = await cluster.run(
    cluster.network.carrier("node@b").connect({ host: "node@a", port }),
  );
  let closed = false;
  channel.handle({ onData: () => {}, onDrain: () => {}, onClose: () => void (closed = true) });
  channel.resume();
  await cluster.advance(100);
  await cluster.run(a.stop());
  await cluster.advance(100);
  expect(closed).toBe(true);
});

test("a start that fails hangs up on whoever connected meanwhile, and says why it failed", async () => {
  const cluster = await startCluster(options);
  let refuse: (error: Error) => void = () => {};
  let port = 0;
  const start = cluster.startOptions({
    name: "node@a",
    discovery: (own) => ({
      ...own,
      register: (_, at) => {
        port = at;
        return new Promise((_resolve, reject) => {
          refuse = reject;
        });
      },
      close: () => Promise.reject(new Error("cannot be closed either")),
    }),
  });
  const error = failure(startNode(start));
  await cluster.advance(10);
  const channel = await cluster.run(
    cluster.network.carrier("node@b").connect({ host: "node@a", port }),
  );
  let closed = false;
  channel.handle({ onData: () => {}, onDrain: () => {}, onClose: () => void (closed = true) });
  channel.resume();
  await cluster.advance(10);
  refuse(new Error("the name is taken"));
  expect(String(await error)).toContain("the name is taken");
  await cluster.advance(100);
  expect(closed).toBe(true);
});

test("stop ends everything although the name cannot be unregistered", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start({
    name: "node@a",
    discovery: (own) => ({
      ...own,
      register: () =>
        Promise.resolve({
          creation: undefined,
          unregister: () => Promise.reject(new Error("no answer")),
        }),
    }),
  });
  await cluster.start("node@b");
  await cluster.run(a.connect("node@b"));
  const error = await cluster.run(failure(a.stop()));
  expect(String(error)).toContain("no answer");
  expect(a.nodes("connected")).toEqual([]);
});

test("a nameless node that dials two nodes at once gets one name", async () => {
  const cluster = await startCluster(options);
  const b = await cluster.start("node@b");
  const c = await cluster.start("node@c");
  const tool = await cluster.start({ name: "undefined@t", listen: false });
  const [toB, toC] = [tool.connect("node@b"), tool.connect("node@c")];
  await cluster.run(Promise.all([toB, toC]));
  await cluster.advance(1000);
  expect(tool.nodes("connected").toSorted()).toEqual(["node@b", "node@c"]);
  expect(b.nodes("connected")).toEqual([tool.name]);
  expect(c.nodes("connected")).toEqual([tool.name]);
});

test("dials made under a name that is lost do not succeed", async () => {
  const cluster = await startCluster(options);
  await cluster.start("node@b");
  const c = await cluster.start("node@c");
  const tool = await cluster.start({ name: "undefined@t", listen: false });
  await cluster.run(tool.connect("node@b"));
  const dial = failure(tool.connect("node@c"));
  cluster.cut("undefined@t", "node@b");
  await cluster.run(dial);
  await cluster.advance(1000);
  expect(tool.alive).toBe(false);
  expect(tool.nodes("connected")).toEqual([]);
  expect(c.nodes("connected")).toEqual([]);
  const again = await cluster.run(tool.connect("node@c"));
  expect(again.name).toBe("node@c");
  expect(c.nodes("connected")).toEqual([tool.name]);
});

test("links and pids made before the node has a name live on under it", async () => {
  const cluster = await startCluster(options);
  await cluster.start("node@b");
  const tool = await cluster.start({ name: "undefined@t", listen: false });
  const watcher = tool.spawn({ trapExit: true });
  const worker = tool.spawn();
  const before = watcher.pid;
  watcher.link(worker.pid);
  await cluster.run(tool.connect("node@b"));
  tool.send(before, 1);
  expect(await watcher.receive({ timeout: 0 })).toBe(1);
  worker.exit(atom("done"));
  expect(await watcher.receive({ timeout: 0 })).toMatchObject({ 0: atoms.EXIT, 2: atom("done") });
});

test("a peer cannot end the node's own services with a link", async () => {
  const cluster = await startCluster(options);
  const a = await cluster.start("node@a");
  const b = await cluster.start("node@b");
  const rex = b.whereis("rex");
  if (rex === undefined) throw new Error("there is no rex");
  const attacker = a.spawn();
  attacker.link(rex);
  await cluster.advance(100);
  attacker.exit(atom("crash"));
  await cluster.advance(100);
  expect(b.whereis("rex")?.equals(rex)).toBe(true);
  const other = a.spawn();
  other.link(rex);
  await cluster.advance(100);
  cluster.cut("node@a", "node@b");
  await cluster.advance(100);
  expect(b.whereis("rex")?.equals(rex)).toBe(true);
});

test("an entry of the allow list that is a host admits nodes of that host that ask for a name", async () => {
  const cluster = await startCluster(options);
  const b = await cluster.start("node@b");
  b.allow(["node@x", "t"]);
  const tool = await cluster.start({ name: "undefined@t", listen: false });
  await cluster.run(tool.connect("node@b"));
  expect(b.nodes("connected")).toEqual([tool.name]);
  const other = await cluster.start({ name: "undefined@u", listen: false });
  const error = await cluster.run(failure(other.connect("node@b")));
  expect(error).toMatchObject({ layer: "handshake" });
});
