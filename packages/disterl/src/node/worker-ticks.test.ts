import { expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { Ticker } from "../connection/ticker.ts";
import { startNode } from "../start-node.ts";
import { startCluster } from "../testing/cluster/start-cluster.ts";
import type { NodeStatus } from "./status.ts";
import { TickTime } from "./tick-time.ts";

test("a carrier that no other thread can write to is a warning, once", async () => {
  const cluster = await startCluster({});
  const a = await cluster.start({ name: "node@a", ticks: "worker" });
  await cluster.start("node@b");
  await cluster.start("node@c");
  const events: NodeStatus[] = [];
  void (async () => {
    for await (const event of a.status()) events.push(event);
  })();
  await cluster.run(a.connect("node@b"));
  await cluster.run(a.connect("node@c"));
  const stopped = a.stop();
  await cluster.advance(5000);
  await stopped; // the thread ends in real time
  expect(events.filter(({ type }) => type === "warning")).toMatchObject([
    { code: "ERR_CARRIER_NO_TICKS", message: expect.stringContaining("by its own thread only") },
  ]);
});

test("wrong options are told", async () => {
  const options = { name: "a@b", cookie: "c", distribution: true };
  await expect(startNode({ ...options, ticks: "thread" as never })).rejects.toThrow(
    'ticks is "event_loop" or "worker" or left out, not "thread"',
  );
  await expect(startNode({ ...options, ticks: "worker", stallTime: 0 })).rejects.toThrow(
    "stallTime is a number from 1",
  );
});

test("while net_ticktime changes the faster rate counts, then the new one", async () => {
  const clock = new VirtualClock();
  const rates: number[] = [];
  const ticker = new Ticker(clock, 60_000, 4);
  const tickTime = new TickTime(clock, ticker, 60, 4, (intervalMs) => rates.push(intervalMs));
  tickTime.set(120, 60);
  expect(rates).toEqual([15_000]);
  await clock.advance(75_000);
  expect(rates).toEqual([15_000, 30_000]);
  tickTime.set(8, 60);
  expect(rates).toEqual([15_000, 30_000, 2000]);
  await clock.advance(75_000);
  expect(rates).toEqual([15_000, 30_000, 2000, 2000]);
});
