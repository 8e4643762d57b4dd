import { setTimeout as sleep } from "node:timers/promises";
import { subscribe } from "disterl/trace";
import { expect, test } from "vitest";
import { frame, hex, hostileScene, pidOf } from "./hostile-setup.ts";

/** Peers that do not read, against a whole node over TCP (class R of the fault table). */

const ME = "mallory@localhost";

test("R15 a peer that ticks and never reads is closed when nothing has moved for stallMs", async () => {
  await using scene = await hostileScene({ netTickTime: 4, limits: { stallMs: 3000 } });
  const peer = await scene.peer(ME);
  peer.socket.pause();
  const busy: string[] = [];
  const stop = subscribe("disterl:busy", ({ node }) => busy.push(node));
  const ticks = setInterval(() => peer.sendHex("00000000"), 500);
  const to = { name: "anybody", node: ME };
  const self = scene.node.spawn();
  while (self.send(to, new Uint8Array(64 * 1024)));
  const began = performance.now();
  let drained = false;
  const draining = self.drained(to).then(() => {
    drained = true;
  });
  await sleep(2000);
  expect(drained).toBe(false);
  await expect
    .poll(() => scene.events.find((event) => event.type === "nodedown"), { timeout: 12_000 })
    .toMatchObject({ reason: "slow_peer", error: { message: expect.stringContaining(ME) } });
  // At the first tick after stallMs; the rest is for slow machines.
  expect(performance.now() - began).toBeLessThan(3000 + 2 * 1000 + 4000);
  expect(performance.now() - began).toBeGreaterThan(2500);
  await draining;
  expect(busy).toEqual([ME]);
  clearInterval(ticks);
  stop();
  peer.close();
  await scene.assertUnharmed();
}, 20_000);

test("the hard cap holds for answers that a peer brings about and does not read", async () => {
  await using scene = await hostileScene({ limits: { distQueueBytes: 2 * 1024 * 1024 } });
  const peer = await scene.peer(ME);
  peer.socket.pause();
  const before = process.memoryUsage().rss;
  // Links to nobody: each is answered with an exit signal.
  const from = pidOf(ME);
  const nobody = `58 77 10${hex("victim@localhost")} 00ffffff 00000000 00000001`;
  const link = Buffer.from(frame(`8344 00 6803 6101 ${from} ${nobody}`), "hex");
  const links = Buffer.concat(Array.from({ length: 1000 }, () => link));
  const flood = (): void => {
    while (!peer.closed && peer.socket.write(links));
  };
  peer.socket.on("drain", flood);
  flood();
  await expect
    .poll(() => scene.events.find((event) => event.type === "nodedown"), { timeout: 20_000 })
    .toMatchObject({ reason: "slow_peer" });
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
  peer.close();
  await scene.assertUnharmed();
}, 30_000);

test("unfinished messages of several peers are limited for the node: who holds most goes", async () => {
  await using scene = await hostileScene({ limits: { nodeFragBytes: 1_000_000 } });
  const modest = await scene.peer("modest@localhost");
  const greedy = await scene.peer(ME);
  const begin = (name: string, bytes: number): string => {
    const head = `83 45 0000000000000001 0000000000000100 00 6804 6106 ${pidOf(name)} 7700 77046563686f`;
    return frame(`${head} 6d 00ffffff ${"00".repeat(bytes)}`);
  };
  modest.sendHex(begin("modest@localhost", 400_000));
  await expect.poll(() => scene.node.stats.reassemblyBytes).toBeGreaterThan(399_000);
  greedy.sendHex(begin(ME, 700_000));
  await greedy.expectClose(5000);
  await expect
    .poll(() => scene.events.find((event) => event.type === "nodedown"))
    .toMatchObject({ reason: "limit_exceeded", error: { message: expect.stringContaining(ME) } });
  expect(scene.node.nodes("connected").concat(scene.node.nodes())).toContain("modest@localhost");
  expect(scene.node.stats.reassemblyBytes).toBeLessThan(401_000);
  modest.close();
  greedy.close();
  await scene.assertUnharmed();
});
