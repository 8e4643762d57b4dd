import { expect, test } from "vitest";
import { atom } from "../../term/atom.ts";
import { t } from "../../term/tuple.ts";
import type { ClusterOptions } from "../../testing/cluster/cluster-options.ts";
import { startCluster } from "../../testing/cluster/start-cluster.ts";

const visible: ClusterOptions = { settings: { hidden: false }, latencyMs: [1, 10] };

const [ONE, TWO, THREE] = [atom("one"), atom("two"), atom("three")];

test("distribution stops while global is at work: no lock is left, and names can be registered", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    await using cluster = await startCluster({ ...visible, nodes: ["a", "b"], seed });
    const [a, b] = [cluster.node("a"), cluster.node("b")];
    await cluster.run(a.connect("b@cluster"));
    // The first merge begins after 200 ms.
    const isMerge = seed % 2 === 0;
    await cluster.advance(isMerge ? 195 + seed : 5000);
    const [one, two] = [a.spawn(), a.spawn()];
    const done = [
      a.global.register(ONE, one),
      a.global.register(TWO, two),
      a.global.trans(t(atom("r"), 1), () => true, { retries: 0 }),
    ];
    if (!isMerge) await cluster.advance(seed / 2);
    await cluster.run(a.netKernel.stop());
    await cluster.advance(30_000);
    expect(await Promise.all(done.slice(0, 2))).toEqual([true, true]);
    const error = await done[2]?.then(() => undefined).catch((thrown: unknown) => thrown);
    if (error !== undefined) expect(error).toMatchObject({ code: "ERR_GLOBAL_ABORTED" });
    for (const { global } of [a, b]) expect(global.info.locks).toBe(0);
    expect([a.global.whereis(ONE), a.global.whereis(TWO)]).toEqual([one.pid, two.pid]);

    await cluster.run(a.netKernel.start("other@cluster"));
    await cluster.run(a.connect("b@cluster"));
    await cluster.run(a.global.sync());
    expect(await cluster.run(b.global.register(THREE, b.spawn()))).toBe(true);
    expect(new Set(b.global.names())).toEqual(new Set([ONE, TWO, THREE]));
    await cluster.advance(1000);
    for (const { global } of [a, b]) expect(global.info.locks).toBe(0);
  }
});

test("a name is given and taken while global is at work: what was asked under it is answered", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    await using cluster = await startCluster({ ...visible, nodes: ["a"], seed });
    const b = await cluster.start({ name: "b", distribution: false });
    await cluster.run(b.netKernel.start(undefined));
    const processes = [b.spawn(), b.spawn(), b.spawn()];
    const done: Promise<boolean>[] = [];
    const register = async (): Promise<void> => {
      const process = processes[done.length];
      if (process === undefined) return;
      done.push(b.global.register(atom(`name_${done.length}`), process));
      await cluster.advance((seed % 7) / 10);
    };
    void b.connect("a@cluster").catch(() => {});
    await cluster.advance(seed / 2);
    await register();
    await cluster.advance(100);
    await register();
    const stopped = b.netKernel.stop();
    await register();
    await cluster.run(stopped);
    expect(await cluster.run(Promise.all(done))).toEqual([true, true, true]);
    await cluster.advance(1000);
    expect(b.global.info).toMatchObject({ names: 3, locks: 0 });
    for (const [at, { pid }] of processes.entries()) {
      expect(b.global.whereis(atom(`name_${at}`))).toEqual(pid);
    }
  }
});
