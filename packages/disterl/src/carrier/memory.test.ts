import { expect, test } from "vitest";
import type { Channel } from "./carrier.ts";
import { CarrierError } from "./errors.ts";
import { MemoryNetwork, type MemoryNetworkOptions } from "./memory.ts";
import { VirtualClock } from "./virtual-clock.ts";

// What every carrier promises is checked by test/compliance; here is what only this one has.

interface Ends {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly near: Channel;
  readonly far: Channel;
  /** Everything that happened at both ends, with the time. */
  readonly log: string[];
}

function watch(clock: VirtualClock, log: string[], name: string, channel: Channel): void {
  channel.handle({
    onData: (chunk) => log.push(`${clock.now().toFixed(2)} ${name} got ${Buffer.from(chunk)}`),
    onDrain: () => log.push(`${clock.now().toFixed(2)} ${name} drained`),
    onClose: (error) => log.push(`${clock.now().toFixed(2)} ${name} closed ${error?.message}`),
  });
}

async function connected(options: Partial<MemoryNetworkOptions> = {}): Promise<Ends> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, ...options });
  let far: Channel | undefined;
  await network.carrier("beta").listen({ port: 1 }, (channel) => {
    far = channel;
  });
  const dial = network.carrier("alpha").connect({ host: "beta", port: 1 });
  const near = await clock.runUntil(dial);
  if (far === undefined) throw new Error("nobody was dialled");
  const log: string[] = [];
  watch(clock, log, "near", near);
  watch(clock, log, "far", far);
  return { clock, network, near, far, log };
}

const write = (channel: Channel, text: string): boolean => channel.write([Buffer.from(text)]);

test("bytes take their time", async () => {
  const { clock, near, log } = await connected({ latencyMs: 10 });
  write(near, "hello");
  await clock.advance(9);
  expect(log).toEqual([]);
  await clock.advance(1);
  expect(log).toEqual(["30.00 far got hello"]);
});

test("a cut link loses its connections, and none can be made until it is healed", async () => {
  const { clock, network, near, log } = await connected({ latencyMs: 10 });
  write(near, "lost");
  network.cut("beta", "alpha");
  await clock.advance(100);
  expect(log).toEqual([
    "20.00 near closed carrier: the link between beta and alpha was cut",
    "20.00 far closed carrier: the link between beta and alpha was cut",
  ]);
  const carrier = network.carrier("alpha");
  const refused = clock.runUntil(carrier.connect({ host: "beta", port: 1 }));
  await expect(refused).rejects.toMatchObject({ code: "ERR_CARRIER_UNREACHABLE" });
  network.heal("alpha", "beta");
  await clock.runUntil(carrier.connect({ host: "beta", port: 1 }));
});

test("a frozen link holds everything back, dials too, and loses nothing", async () => {
  const { clock, network, near, log } = await connected();
  network.freeze("alpha", "beta");
  write(near, "one ");
  write(near, "two");
  near.end();
  const dial = network.carrier("alpha").connect({ host: "beta", port: 1 });
  let dialled = false;
  void dial.then(() => {
    dialled = true;
  });
  await clock.advance(1_000);
  expect([log, dialled]).toEqual([[], false]);
  network.heal("alpha", "beta");
  await clock.advance(0);
  expect(log).toEqual([
    "1000.00 far got one ",
    "1000.00 far got two",
    "1000.00 far closed undefined",
    "1000.00 near closed undefined",
  ]);
  expect(dialled).toBe(true);
});

test("a link that freezes for good: end gives up after two seconds", async () => {
  const { clock, network, near, log } = await connected();
  network.freeze("alpha", "beta");
  near.end();
  await clock.advance(2_000);
  expect(log).toEqual(["2000.00 near closed undefined"]);
});

test("an unknown host and a closed port are told apart", async () => {
  const { clock, network } = await connected();
  const codes: string[] = [];
  for (const [host, port] of [
    ["gamma", 1],
    ["beta", 2],
  ] as const) {
    try {
      await clock.runUntil(network.carrier("alpha").connect({ host, port }));
    } catch (error) {
      codes.push(error instanceof CarrierError ? error.code : String(error));
    }
  }
  expect(codes).toEqual(["ERR_CARRIER_RESOLVE", "ERR_CARRIER_REFUSED"]);
});

async function course(seed: number): Promise<string> {
  const { clock, near, far, log } = await connected({
    seed,
    chunking: "random",
    latencyMs: [1, 50],
  });
  for (let index = 0; index < 20; index++) {
    write(near, `ping number ${index} `);
    write(far, `pong number ${index} `);
    await clock.advance(7);
  }
  near.end();
  await clock.advance(1_000);
  return log.join("\n");
}

test("the same seed takes the same course, another one another", async () => {
  const first = await course(7);
  expect(await course(7)).toBe(first);
  expect(await course(8)).not.toBe(first);
});

test("bytes come one by one when asked for", async () => {
  const { clock, near, log } = await connected({ chunking: "bytes" });
  write(near, "abc");
  await clock.advance(0);
  expect(log.map((line) => line.at(-1)).join("")).toBe("abc");
});

test("a chunk that is kept without copying is overwritten", async () => {
  const { clock, near, far } = await connected();
  let kept: Uint8Array = new Uint8Array(0);
  far.handle({
    onData: (chunk) => {
      kept = chunk;
    },
    onDrain: () => {},
    onClose: () => {},
  });
  write(near, "abc");
  await clock.advance(0);
  expect([...kept]).toEqual([0xdb, 0xdb, 0xdb]);
});

test("a connection that only one side sees break is silent for the other", async () => {
  const { clock, network, far, log } = await connected();
  network.drop("alpha", "beta", "alpha");
  await clock.advance(1000);
  expect(log).toEqual([
    "0.00 near closed carrier: the connection between alpha and beta was dropped",
  ]);
  write(far, "lost");
  await clock.advance(60_000);
  expect(log).toHaveLength(1);
  network.drop("alpha", "beta");
  await clock.advance(0);
  expect(log[1]).toContain("far closed");
});

test("a link can be slower than the others", async () => {
  const { clock, network, near, log } = await connected();
  network.delay("alpha", "beta", 300);
  write(near, "abc");
  await clock.advance(299);
  expect(log).toEqual([]);
  await clock.advance(1);
  expect(log).toHaveLength(1);
});
