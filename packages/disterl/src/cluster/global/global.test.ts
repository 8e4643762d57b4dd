import { expect, test } from "vitest";
import { record } from "../../../../../test/node-events.ts";
import { atom, atoms } from "../../term/atom.ts";
import { equalTerms } from "../../term/equal-terms.ts";
import type { Pid } from "../../term/pid.ts";
import type { Term } from "../../term/term.ts";
import { TermMap } from "../../term/term-map.ts";
import { t, tupleFrom } from "../../term/tuple.ts";
import type { Cluster } from "../../testing/cluster/cluster.ts";
import type { ClusterOptions } from "../../testing/cluster/cluster-options.ts";
import { startCluster } from "../../testing/cluster/start-cluster.ts";

const visible: ClusterOptions = { settings: { hidden: false }, latencyMs: [1, 10] };

/** Nodes that are merged already: each but the first was connected to the first. */
async function meshOf(names: readonly string[], options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await startCluster({ ...visible, nodes: names, ...options });
  const [first, ...rest] = names as [string, ...string[]];
  for (const name of rest) {
    await cluster.run(cluster.node(name).connect(`${first}@cluster`));
    await cluster.run(cluster.node(name).global.sync());
    await cluster.advance(5000);
  }
  return cluster;
}

const settled = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => error);

test("on a node alone, a name is any term, and goes with its process", async () => {
  await using cluster = await startCluster({ nodes: ["a"] });
  const { global, ...node } = {
    global: cluster.node("a").global,
    spawn: () => cluster.node("a").spawn(),
  };
  const process = node.spawn();
  const name = t(atom("room"), 7, new TermMap<Term, Term>([[atom("k"), [1, 2]]]));
  const same = t(atom("room"), 7, new TermMap<Term, Term>([[atom("k"), [1, 2]]]));
  expect(await cluster.run(global.register(name, process))).toBe(true);
  expect(global.whereis(same)).toEqual(process.pid);
  expect(global.whereis(t(atom("room"), 7))).toBeUndefined();
  expect(global.names()).toEqual([name]);
  expect(global.send(same, 1)).toEqual(process.pid);
  expect(await process.receive()).toBe(1);
  // Taken; and a process has one name.
  expect(await cluster.run(global.register(same, node.spawn()))).toBe(false);
  expect(await cluster.run(global.register(atom("other"), process))).toBe(false);
  const heir = node.spawn();
  await cluster.run(global.reregister(name, heir));
  expect(global.whereis(name)).toEqual(heir.pid);
  expect(await cluster.run(global.register(atom("other"), process))).toBe(true);
  await cluster.run(global.unregister(name));
  process.exit();
  await cluster.settle();
  expect(global.names()).toEqual([]);
  expect(() => global.send(name, 1)).toThrow(
    expect.objectContaining({ code: "ERR_GLOBAL_NO_NAME" }),
  );
  expect(await settled(cluster.run(global.register(undefined as never, heir)))).toBeInstanceOf(
    TypeError,
  );
  expect(global.info).toMatchObject({ names: 0, locks: 0, known: [], synced: [] });
});

test("a method that is none, and a function for a process elsewhere, are refused", async () => {
  await using cluster = await meshOf(["a", "b"]);
  const { global } = cluster.node("a");
  const there = cluster.node("b").spawn();
  expect(() => global.register("x", there, { resolve: "random" as never })).toThrow(TypeError);
  expect(() => global.register("x", there, { resolve: () => there.pid })).toThrow(/another node/);
  expect(await cluster.run(global.register("x", there, { resolve: "notify_all_name" }))).toBe(true);
  expect(cluster.node("b").global.whereis("x")).toEqual(there.pid);
});

test("a lock excludes other requesters, is shared by one, and goes with its holders", async () => {
  await using cluster = await meshOf(["a", "b"]);
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  const [mine, yours] = [t("res", atom("me")), t("res", atom("you"))];
  const [one, two] = [a.spawn(), a.spawn()];
  const now = { retries: 0 };
  expect(await cluster.run(a.global.setLock(mine, { ...now, holder: one }))).toBe(true);
  expect(await cluster.run(a.global.setLock(mine, { ...now, holder: two }))).toBe(true);
  expect(await cluster.run(b.global.setLock(yours, now))).toBe(false);
  expect(b.global.info.locks).toBe(2);
  await cluster.run(a.global.deleteLock(mine, { holder: one }));
  expect(await cluster.run(b.global.setLock(yours, now))).toBe(false);
  two.exit();
  await cluster.settle();
  expect(await cluster.run(b.global.setLock(yours, now))).toBe(true);
  const refused = await settled(cluster.run(a.global.trans(mine, () => 1, { retries: 1 })));
  expect(refused).toMatchObject({ code: "ERR_GLOBAL_ABORTED" });
  cluster.kill("b");
  expect(await cluster.run(a.global.trans(mine, () => a.global.info.locks))).toBe(1);
  const failing = a.global.trans(mine, () => Promise.reject(new Error("inside")));
  expect(String(await settled(cluster.run(failing)))).toContain("inside");
  expect(a.global.info.locks).toBe(0);
  await expect(cluster.run(a.global.setLock(1 as never))).rejects.toBeInstanceOf(TypeError);
  expect(await cluster.run(a.global.setLock(mine, { nodes: [] }))).toBe(true);
});

test("a node that is frozen and killed while it holds the lock of all names lets the others go on", async () => {
  await using cluster = await meshOf(["a", "b", "c"]);
  const b = cluster.node("b");
  expect(await cluster.run(b.global.setLock(t(atom("global"), 1)))).toBe(true);
  cluster.freeze("b");
  const [a, c] = [cluster.node("a"), cluster.node("c")];
  const names = Promise.all([a, c].map((node) => node.global.register(node.name, node.spawn())));
  await cluster.advance(10_000);
  expect(a.global.names()).toEqual([]);
  cluster.kill("b");
  expect(await cluster.run(names)).toEqual([true, true]);
  expect(c.global.names()).toHaveLength(2);
});

test("a frozen node is given up after the tick time, a registration waits no longer", async () => {
  await using cluster = await meshOf(["a", "b", "c"]);
  cluster.freeze("c");
  const begun = cluster.now;
  const a = cluster.node("a");
  expect(await cluster.run(a.global.register("x", a.spawn()))).toBe(true);
  expect(cluster.now - begun).toBeLessThan(80_000);
  expect(a.global.info.known).toEqual(["b@cluster"]);
});

for (const [resolve, survivor] of [
  ["random_exit_name", "a@cluster"],
  ["random_notify_name", "a@cluster"],
  ["notify_all_name", undefined],
] as const) {
  test(`two partitions merge that both have a name: ${resolve}`, async () => {
    await using cluster = await startCluster({ ...visible, nodes: ["a", "b", "c", "d"] });
    const [a, b] = [cluster.node("a"), cluster.node("b")];
    await cluster.run(a.connect("c@cluster"));
    await cluster.run(b.connect("d@cluster"));
    await cluster.run(Promise.all([a.global.sync(), b.global.sync()]));
    const processes = [a.spawn(), b.spawn()];
    await cluster.run(a.global.register("dup", processes[0] as never, { resolve }));
    await cluster.run(b.global.register("dup", processes[1] as never, { resolve }));
    // The two that meet are not those that have the processes.
    await cluster.run(cluster.node("d").connect("c@cluster"));
    await cluster.run(cluster.node("d").global.sync());
    await cluster.advance(5000);
    for (const name of ["a", "b", "c", "d"]) {
      const { global } = cluster.node(name);
      expect(global.whereis("dup")?.node.text).toBe(survivor);
      expect(global.info.known).toHaveLength(3);
    }
    expect(processes.map(({ alive }) => alive)).toEqual([true, resolve !== "random_exit_name"]);
    if (resolve === "random_exit_name") return;
    const told = await cluster.run(processes[1]?.receive() ?? Promise.resolve(0));
    const other = resolve === "notify_all_name" ? [processes[0]?.pid as Pid] : [];
    const expected = tupleFrom([atom("global_name_conflict"), "dup", ...other]);
    expect(equalTerms(told, expected)).toBe(true);
    expect(processes[0]?.messageQueueLength).toBe(resolve === "notify_all_name" ? 1 : 0);
  });
}

test("a function decides a conflict, and one that fails takes the name from both", async () => {
  for (const fails of [false, true]) {
    await using cluster = await startCluster({ ...visible, nodes: ["a", "b"] });
    const [a, b] = [cluster.node("a"), cluster.node("b")];
    const asked: Term[] = [];
    const [ours, theirs] = [a.spawn(), b.spawn()];
    await cluster.run(
      a.global.register("dup", ours, {
        resolve: (name, pid1, pid2) => {
          asked.push(name, pid1, pid2);
          if (fails) throw new Error("cannot decide");
          return pid1;
        },
      }),
    );
    await cluster.run(b.global.register("dup", theirs));
    await cluster.run(a.connect("b@cluster"));
    await cluster.run(a.global.sync());
    await cluster.advance(1000);
    expect(asked).toEqual(["dup", theirs.pid, ours.pid]);
    const expected = fails ? undefined : theirs.pid;
    expect([a.global.whereis("dup"), b.global.whereis("dup")]).toEqual([expected, expected]);
    expect([ours.alive, theirs.alive]).toEqual([true, true]);
  }
});

test("an edge is cut: the mesh falls into cliques, and heals when it is connected again", async () => {
  await using cluster = await meshOf(["a", "b", "c", "d", "e"]);
  const events = record(cluster.node("c"));
  cluster.cut("a", "b");
  await cluster.advance(2000);
  const names = cluster.names;
  const neighbours = (name: string): string[] => cluster.node(name).nodes().toSorted();
  for (const name of names) {
    for (const other of neighbours(name)) {
      const expected = [...neighbours(name), name].filter((one) => one !== other).toSorted();
      expect(neighbours(other)).toEqual(expected);
    }
  }
  expect(neighbours("c")).toEqual(expect.arrayContaining(["d@cluster", "e@cluster"]));
  expect(events).toContainEqual(expect.objectContaining({ type: "overlapping_partition" }));
  cluster.heal();
  for (const name of ["a", "b"]) await cluster.run(cluster.node(name).connect("c@cluster"));
  await cluster.advance(30_000);
  for (const name of names) expect(neighbours(name)).toHaveLength(4);
});

test("without the prevention of overlapping partitions only the edge is lost", async () => {
  const settings = { hidden: false, preventOverlappingPartitions: false };
  await using cluster = await meshOf(["a", "b", "c"], { settings });
  cluster.cut("a", "b");
  await cluster.advance(2000);
  expect(cluster.node("a").nodes()).toEqual(["c@cluster"]);
  expect(cluster.node("b").nodes()).toEqual(["c@cluster"]);
  expect(cluster.node("c").nodes()).toHaveLength(2);
});

test("disconnect leaves the mesh, and the others are told of no loss", async () => {
  await using cluster = await meshOf(["a", "b", "c"]);
  const left = await cluster.run(cluster.node("b").global.disconnect());
  expect(left.toSorted()).toEqual(["a@cluster", "c@cluster"]);
  await cluster.advance(5000);
  expect(cluster.node("b").nodes()).toEqual([]);
  expect(cluster.node("a").nodes()).toEqual(["c@cluster"]);
});

test("hidden nodes take no part, and may ask", async () => {
  await using cluster = await meshOf(["a", "b"]);
  const h = await cluster.start({ name: "h", hidden: true });
  const a = cluster.node("a");
  await cluster.run(a.global.register("x", a.spawn()));
  await cluster.run(h.connect("a@cluster"));
  await cluster.advance(3000);
  expect(h.global.names()).toEqual([]);
  expect(h.nodes("connected")).toEqual(["a@cluster"]);
  expect(a.global.info.known).toEqual(["b@cluster"]);
  const nodes = ["a@cluster"];
  expect(await cluster.run(h.global.setLock(t("r", 1), { nodes, retries: 0 }))).toBe(true);
  expect(await cluster.run(a.global.setLock(t("r", 2), { retries: 0 }))).toBe(false);
});

test("sync returns when a node that it waits for is gone", async () => {
  await using cluster = await startCluster({ ...visible, nodes: ["a", "b"] });
  const a = cluster.node("a");
  await cluster.run(a.connect("b@cluster"));
  cluster.freeze("b");
  const synced = a.global.sync();
  await cluster.advance(1000);
  expect(a.global.info.synced).toEqual([]);
  cluster.kill("b");
  await cluster.run(synced);
  await cluster.run(a.global.sync(["a@cluster", "nobody@cluster"]));
});

test("the number of locks and of names is limited, and so is what a lost connection is remembered by", async () => {
  const limits = { globalLocks: 3, globalNames: 3 };
  await using cluster = await startCluster({
    nodes: ["a"],
    settings: { hidden: false, limits },
  });
  const a = cluster.node("a");
  const b = await cluster.start({ name: "c", hidden: false, limits: {} });
  const taken: boolean[] = [];
  for (let i = 0; i < 5; i++) {
    taken.push(await cluster.run(a.global.setLock(t(i, 1), { retries: 0, nodes: [a.name] })));
  }
  expect(taken).toEqual([true, true, true, false, false]);
  for (let i = 0; i < 3; i++) await cluster.run(a.global.deleteLock(t(i, 1), { nodes: [a.name] }));
  await cluster.run(b.connect(a.name));
  await cluster.run(b.global.sync());
  for (let i = 0; i < 3; i++) await cluster.run(b.global.register(i, b.spawn()));
  const registered = b.global.register(4, b.spawn());
  await settled(cluster.run(registered));
  await cluster.settle();
  // It would take for registered what is not: it is no longer one of them.
  expect(a.nodes()).toEqual([]);
  expect(b.global.info.names).toBe(4);
  for (let i = 0; i < 3; i++) await cluster.run(a.global.register(i, a.spawn()));
  const tooMany = await settled(cluster.run(a.global.register(9, a.spawn())));
  expect(tooMany).toMatchObject({ code: "ERR_GLOBAL_NAMES" });
});

test("names live through the stop and start of distribution", async () => {
  await using cluster = await meshOf(["a", "b"]);
  const a = cluster.node("a");
  const process = a.spawn();
  await cluster.run(a.global.register("mine", process));
  await cluster.run(a.netKernel.stop());
  expect(a.global.whereis("mine")).toBeDefined();
  expect(a.global.info.known).toEqual([]);
  const id = t("r", 1);
  expect(await cluster.run(a.global.setLock(id, { holder: process }))).toBe(true);
  expect(await cluster.run(a.global.register("more", a.spawn()))).toBe(true);
  a.global.send("mine", 5);
  expect(await process.receive()).toBe(5);
  await cluster.run(a.netKernel.start("a@cluster"));
  await cluster.run(a.connect("b@cluster"));
  await cluster.run(cluster.node("b").global.sync());
  expect(cluster.node("b").global.whereis("mine")).toEqual(process.pid);
  await cluster.run(a.global.deleteLock(id, { holder: process }));
  expect(a.global.info.locks).toBe(0);
  process.exit(atoms.normal);
  await cluster.settle();
  expect(a.global.names()).toEqual(["more"]);
  await cluster.advance(1000);
  expect(cluster.node("b").global.names()).toHaveLength(1);
});
