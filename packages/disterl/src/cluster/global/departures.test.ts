import { expect, test } from "vitest";
import { atom } from "../../term/atom.ts";
import type { Pid } from "../../term/pid.ts";
import type { Term } from "../../term/term.ts";
import { t } from "../../term/tuple.ts";
import type { ClusterOptions } from "../../testing/cluster/cluster-options.ts";
import { startCluster } from "../../testing/cluster/start-cluster.ts";

const visible: ClusterOptions = { settings: { hidden: false }, latencyMs: [1, 10] };

const settled = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => error);

test("a node that is disconnected while global is at work with it stays disconnected", async () => {
  const cameBack: number[] = [];
  for (let seed = 1; seed <= 60; seed++) {
    await using cluster = await startCluster({ ...visible, nodes: ["a", "b"], seed });
    const [a, b] = [cluster.node("a"), cluster.node("b")];
    await cluster.run(a.connect("b@cluster"));
    // The first merge begins after 200 ms.
    const isMerge = seed % 2 === 0;
    await cluster.advance(isMerge ? 195 + seed : 5000);
    if (!isMerge) {
      for (const node of [a, b]) void node.global.register(node.name, node.spawn());
      await cluster.advance(seed / 2);
    }
    void b.global.sync();
    expect((seed % 4 < 2 ? a : b).disconnect(seed % 4 < 2 ? "b@cluster" : "a@cluster")).toBe(true);
    await cluster.advance(30_000);
    if (a.nodes().length + b.nodes().length > 0) cameBack.push(seed);
    for (const { global } of [a, b]) {
      expect(global.info).toMatchObject({ known: [], pending: [], locks: 0 });
    }
  }
  expect(cameBack).toEqual([]);
});

test("what waits when the node stops fails, and nothing goes on", async () => {
  await using cluster = await startCluster({ ...visible, nodes: ["a", "b"] });
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  await cluster.run(a.connect("b@cluster"));
  await cluster.advance(5000);
  expect(await cluster.run(b.global.setLock(t("theirs", 1)))).toBe(true);
  expect(await cluster.run(b.global.setLock(t(atom("global"), 1)))).toBe(true);
  const holder = a.spawn();
  const waiting = [
    settled(a.global.setLock(t("theirs", 2))),
    settled(a.global.setLock(t("theirs", 3), { holder })),
    settled(a.global.trans(t("theirs", 4), () => {})),
    settled(a.global.register("name", holder)),
    settled(a.global.reregister("other", holder)),
    settled(a.global.sync(["c@cluster"])),
  ];
  await cluster.advance(3000);
  cluster.hold("a", "b");
  waiting.push(settled(a.global.disconnect()));
  await cluster.run(a.stop());
  waiting.push(settled(a.global.setLock(t("mine", 2))), settled(a.global.sync()));
  await cluster.advance(1000);
  for (const each of waiting.slice(0, 5)) {
    expect(await each).toMatchObject({ code: "ERR_PROCESS_EXITED" });
  }
  await Promise.all(waiting);
  expect(cluster.pendingTimers("a")).toBe(0);
});

test("a function that decides conflicts goes on to do so when its node gets another name", async () => {
  await using cluster = await startCluster({ ...visible, nodes: ["a", "b"] });
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  const [ours, theirs] = [a.spawn(), b.spawn()];
  await cluster.run(a.netKernel.stop());
  const resolve = (_name: Term, _pid1: Pid, pid2: Pid): Pid => pid2;
  await cluster.run(a.global.register("dup", ours, { resolve }));
  await cluster.run(b.global.register("dup", theirs));
  await cluster.run(a.netKernel.start("a@cluster"));
  await cluster.run(a.connect("b@cluster"));
  await cluster.run(a.global.sync());
  await cluster.advance(1000);
  expect([a.global.whereis("dup"), b.global.whereis("dup")]).toEqual([ours.pid, ours.pid]);
  expect([ours.alive, theirs.alive]).toEqual([true, true]);
});
