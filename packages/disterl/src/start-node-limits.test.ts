import { expect, test } from "vitest";
import { MemoryNetwork } from "./carrier/memory.ts";
import { VirtualClock } from "./carrier/virtual-clock.ts";
import type { Discovery } from "./epmd/discovery.ts";
import type { Node } from "./node.ts";
import { call } from "./otp/gen.ts";
import { startNode } from "./start-node.ts";
import type { StartNodeOptions } from "./start-options.ts";

const SILENT = { name: "sink", node: "node@nowhere" };

/** A node alone: whoever is looked up is never found, and not denied either. */
async function alone(
  options: StartNodeOptions = {},
): Promise<{ node: Node; clock: VirtualClock; network: MemoryNetwork }> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, latencyMs: [1, 5], chunking: "random", seed: 7 });
  const discovery: Discovery = {
    register: () => Promise.resolve({ creation: 4, unregister: () => Promise.resolve() }),
    lookup: () => new Promise(() => {}),
    names: () => Promise.resolve([]),
  };
  const node = await clock.runUntil(
    startNode({
      name: "node@a",
      cookie: "secret",
      carrier: network.carrier("a"),
      clock,
      listen: { host: "a" },
      discovery,
      ...options,
    }),
  );
  return { node, clock, network };
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no failure",
    (error: unknown) => error,
  );

test("limits of the wire are limits of the node; others are told", async () => {
  const { node } = await alone({ limits: { frameBytes: 1 << 20, fragSequences: 3 } });
  await node.stop();
  await expect(alone({ limits: { frameByte: 1 } as never })).rejects.toThrow('"frameByte"');
  await expect(alone({ limits: { frameBytes: -1 } })).rejects.toThrow("frameBytes");
});

test("limits of terms are looked at when the node starts", async () => {
  await expect(alone({ decode: { limits: { nodes: -1 } } })).rejects.toThrow(TypeError);
});

test("an option that there is not is told", async () => {
  await expect(alone({ alow: ["b@h"] } as never)).rejects.toThrow('no option "alow"');
});

test("a word that dist_auto_connect does not know is told", async () => {
  await expect(alone({ distAutoConnect: "sometimes" as never })).rejects.toThrow("distAutoConnect");
});

test("a discovery that never answers does not hold a dial open", async () => {
  const { node, clock } = await alone({ netSetupTime: 2 });
  const dial = failure(node.connect("node@nowhere"));
  await clock.advance(5000);
  expect(await dial).toMatchObject({ code: "ERR_CONNECT_TIMEOUT" });
  await clock.runUntil(node.stop());
});

test("calls that end while too much waits for a dial end like others", async () => {
  const { node, clock } = await alone({ limits: { pendingSignals: 10 }, netSetupTime: 60 });
  const calls = [1, 2, 3].map((request) => failure(node.call(SILENT, request, { timeout: 1000 })));
  for (let i = 0; i < 4; i++) node.send(SILENT, i);
  expect(() => node.send(SILENT, 0)).toThrow(
    expect.objectContaining({ code: "ERR_SEND_QUEUE_FULL" }),
  );
  const self = node.spawn();
  self.monitor({ name: "sink", node: SILENT.node });
  await clock.advance(1500);
  for (const call of calls) expect(await call).toMatchObject({ code: "ERR_CALL_TIMEOUT" });
  await clock.runUntil(node.stop());
});

test("what waits for a dial counts like what waits in a connection", async () => {
  const limits = { distBusyBytes: 10_000, distQueueBytes: 100_000 };
  const { node, clock } = await alone({ limits });
  const chunk = new Uint8Array(4000);
  expect(node.send(SILENT, chunk)).toBe(true);
  expect(node.send(SILENT, chunk)).toBe(true);
  expect(node.send(SILENT, chunk)).toBe(false);
  let drained = false;
  void node.drained(SILENT.node).then(() => {
    drained = true;
  });
  expect(() => {
    for (let i = 0; i < 30; i++) node.send(SILENT, chunk);
  }).toThrow(expect.objectContaining({ code: "ERR_SEND_QUEUE_FULL" }));
  expect(drained).toBe(false);
  await clock.advance(20_000);
  expect(drained).toBe(true);
  await clock.runUntil(node.stop());
});

test("a call that dist_auto_connect forbids says so", async () => {
  const { node, clock } = await alone({ distAutoConnect: "never" });
  const error = await clock.runUntil(failure(node.call(SILENT, 1)));
  expect(String(error)).toContain("dist_auto_connect");
  await clock.runUntil(node.stop());
});

test("a call of a process that ends fails with it", async () => {
  const { node, clock } = await alone();
  const caller = node.spawn();
  const pending = failure(call(caller, SILENT, 1, { timeout: Number.POSITIVE_INFINITY }));
  caller.exit();
  expect(await clock.runUntil(pending)).toMatchObject({ code: "ERR_PROCESS_EXITED" });
});

test("the limits of handshakes hold", async () => {
  const { node, clock, network } = await alone({ limits: { pendingHandshakes: 2 } });
  const carrier = network.carrier("stranger");
  const closed: number[] = [];
  for (let i = 0; i < 3; i++) {
    const { port = 0 } = node.address ?? {};
    const channel = await clock.runUntil(carrier.connect({ host: "a", port }));
    channel.handle({ onData: () => {}, onDrain: () => {}, onClose: () => closed.push(i) });
    await clock.advance(20);
  }
  expect(closed).toHaveLength(1);
});
