import { expect, test } from "vitest";
import { record } from "../../../test/node-events.ts";
import type { NodeStatus } from "./node/status.ts";
import { atom } from "./term/atom.ts";
import { t } from "./term/tuple.ts";
import { startCluster } from "./testing/cluster/start-cluster.ts";

import { subscribe } from "./trace/diagnostics.ts";

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
  const peers = ["node@a", "node@b", { name: "node@c", minDelay: 50 }];
  const a = await cluster.start({ name: "node@a", peers, distAutoConnect: "once" });
  const b = await cluster.start("node@b");
  await cluster.start("node@c");
  await cluster.advance(2000);
  expect(a.nodes("connected").toSorted()).toEqual(["node@b", "node@c"]);
  const seen = record(a);
  b.disconnect("node@a");
  await cluster.advance(3000);
  expect(a.nodes("connected").toSorted()).toEqual(["node@b", "node@c"]);
  expect(reconnects(seen).map(({ node }) => node)).toEqual(["node@b"]);
  seen.length = 0;
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

test("a listener that disconnects within a nodeup: all hear of up and down, in this order", async () => {
  await using cluster = await startCluster({ settings: { hidden: false } });
  const a = await cluster.start("node@a");
  await cluster.start("node@b");
  const watcher = a.spawn();
  a.netKernel.monitorNodes(watcher, true);
  let times = 0;
  const stop = subscribe("disterl:nodeup", ({ local, node }) => {
    if (local === "node@a" && ++times === 1) a.disconnect(node);
  });
  const waiting = a.spawn();
  waiting.monitor({ name: "init", node: "node@b" });
  a.keepConnected("node@b", { minDelay: 100 });
  await cluster.advance(1000);
  expect(times).toBe(2);
  expect(a.nodes()).toEqual(["node@b"]);
  const [up, down] = ["nodeup", "nodedown"].map((event) => t(atom(event), atom("node@b")));
  expect(watcher.messages()).toEqual([up, down, up]);
  expect(waiting.messageQueueLength).toBe(1);
  await cluster.run(a.global.sync());
  expect(a.global.info.synced).toEqual(["node@b"]);
  stop();
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
