import { afterEach, expect, test, vi } from "vitest";
import { startCluster } from "./testing/cluster/start-cluster.ts";
import { subscribe, TraceChannel } from "./trace/diagnostics.ts";
import type { DiagnosticsChannels } from "./trace/payloads.ts";

// Sends on conditions, and what diagnostics channels tell, over whole nodes.

afterEach(() => vi.restoreAllMocks());

const BOTH = { nosuspend: true, noconnect: true };
const TO = { name: "inbox", node: "node@b" };

test("noconnect: not sent without a connection, and none is made", async () => {
  const cluster = await startCluster();
  const a = await cluster.start("node@a");
  const b = await cluster.start("node@b");
  const inbox = b.spawn({ name: "inbox" });
  expect(a.send(TO, 1, { noconnect: true })).toBe("noconnect");
  await cluster.advance(5000);
  expect(a.nodes("connected")).toEqual([]);
  // While it is being set up, the message waits as any other does.
  const connecting = a.connect("node@b");
  expect(a.send(TO, 2, BOTH)).toBe(true);
  await cluster.run(connecting);
  expect(a.send(TO, 3, BOTH)).toBe(true);
  await cluster.advance(1000);
  expect([await inbox.receive(), await inbox.receive()]).toEqual([2, 3]);
  a.disconnect("node@b");
  expect(a.send(TO, 4, { noconnect: true })).toBe("noconnect");
  await cluster.advance(5000);
  expect(inbox.messageQueueLength).toBe(0);
});

test("nosuspend: not sent while more than the busy threshold waits, before and after connecting", async () => {
  const cluster = await startCluster();
  const limits = { distBusyBytes: 100_000 };
  const a = await cluster.start({ name: "node@a", limits });
  const b = await cluster.start("node@b");
  const inbox = b.spawn({ name: "inbox" });
  const large = new Uint8Array(60_000);
  const self = a.spawn();
  expect(self.send(TO, large, { nosuspend: true })).toBe(true);
  expect(self.send(TO, large, { nosuspend: true })).toBe(false);
  expect(self.send(TO, 1, { nosuspend: true })).toBe("nosuspend");
  await cluster.run(self.drained(TO));
  await cluster.advance(1000);
  expect(inbox.messageQueueLength).toBe(2);
  cluster.freeze("node@b");
  while (self.send(TO, large, { nosuspend: true }) === true);
  expect(self.send(TO, 1, { nosuspend: true })).toBe("nosuspend");
  expect(self.send(TO, 1)).toBe(false);
});

test("without a subscriber no payload is published, however much is sent", async () => {
  const publish = vi.spyOn(TraceChannel.prototype, "publish");
  const cluster = await startCluster();
  const a = await cluster.start("node@a");
  const b = await cluster.start("node@b");
  b.spawn({ name: "inbox", onMessage: () => {} });
  await cluster.run(a.connect("node@b"));
  for (let i = 0; i < 1000; i++) a.send(TO, i);
  await cluster.advance(1000);
  a.disconnect("node@b");
  await cluster.advance(1000);
  expect(publish).not.toHaveBeenCalled();
});

test("the channels tell what a node does, and hold no cookie", async () => {
  const told: { name: string; payload: object }[] = [];
  const stops = (
    [
      "disterl:handshake:start",
      "disterl:handshake:step",
      "disterl:handshake:done",
      "disterl:handshake:failed",
      "disterl:signal:sent",
      "disterl:signal:received",
      "disterl:nodeup",
      "disterl:nodedown",
      "disterl:refused",
    ] satisfies (keyof DiagnosticsChannels)[]
  ).map((name) => subscribe(name, (payload: object) => told.push({ name, payload })));
  const cookie = "a secret of the cluster";
  const cluster = await startCluster();
  const a = await cluster.start({ name: "node@a", cookie });
  const b = await cluster.start({ name: "node@b", cookie });
  const c = await cluster.start({ name: "node@c", cookie: "another one" });
  b.spawn({ name: "inbox", onMessage: () => {} });
  await cluster.run(a.connect("node@b"));
  a.send(TO, 17);
  await cluster.advance(1000);
  a.disconnect("node@b");
  await cluster.run(c.connect("node@b").catch(() => {}));
  await cluster.advance(1000);
  for (const stop of stops) stop();
  const of = (name: string, local: string): unknown[] =>
    told
      .filter((one) => one.name === name && (one.payload as { local: string }).local === local)
      .map(({ payload }) => payload);
  expect(of("disterl:handshake:start", "node@a")).toMatchObject([{ role: "dial", node: "node@b" }]);
  expect(of("disterl:handshake:step", "node@a")).toMatchObject(
    ["status", "challenge", "ack"].map((step) => ({ step })),
  );
  expect(of("disterl:handshake:done", "node@a")).toMatchObject([{ node: "node@b" }]);
  expect(of("disterl:handshake:done", "node@b")).toMatchObject([
    { node: "node@a", role: "accept" },
  ]);
  expect(of("disterl:handshake:failed", "node@b")).toMatchObject([
    { step: "challenge reply", error: { code: "ERR_HANDSHAKE_WRONG_COOKIE" } },
  ]);
  expect(of("disterl:refused", "node@b")).toHaveLength(1);
  expect(of("disterl:signal:sent", "node@a")).toMatchObject([
    { node: "node@b", signal: { type: "reg_send", message: 17 } },
  ]);
  expect(of("disterl:signal:received", "node@b")).toMatchObject([
    { node: "node@a", signal: { type: "reg_send", message: 17 } },
  ]);
  expect(of("disterl:nodedown", "node@b")).toHaveLength(1);
  const text = JSON.stringify(told, (_, value: unknown) =>
    value instanceof Error
      ? `${value.message} ${String(value.cause)}`
      : typeof value === "bigint"
        ? `${value}`
        : value,
  );
  expect(text).toContain("node@c");
  expect(text).not.toContain(cookie);
  expect(text).not.toContain("another one");
});
