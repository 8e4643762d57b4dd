import { once } from "node:events";
import { writeSync } from "node:fs";
import * as net from "node:net";
import { afterEach, expect, test } from "vitest";
import type { Channel } from "../carrier.ts";
import { systemClock } from "../clock.ts";
import type { CarrierError } from "../errors.ts";
import { MemoryNetwork } from "../memory.ts";
import { descriptorOf } from "../socket-descriptor.ts";
import { inetTcp } from "../tcp.ts";
import { TcpChannel } from "../tcp-channel.ts";
import { tickLoop } from "./tick-loop.ts";
import { TICK_LAYOUT, TickSlots, type TickTimes } from "./tick-slots.ts";
import { TickWorker } from "./tick-worker.ts";

// The thread itself, on real sockets; the event loop of this one is blocked for real.

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const FOREVER = 1e9;

function tickWorker(
  times: TickTimes,
  onLost: (error: CarrierError) => void = () => {},
): TickWorker {
  const worker = new TickWorker(times, onLost);
  open.push({ close: () => worker.stop() });
  return worker;
}

/** A channel of ours, and the socket at its other end. */
async function connected(who = "accepts"): Promise<[Channel, net.Socket]> {
  const [channel, socket] = who === "accepts" ? await accepted() : await dialled();
  channel.handle({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
  open.push({ close: () => channel.destroy() }, { close: () => socket.destroy() });
  return [channel, socket];
}

async function accepted(): Promise<[Channel, net.Socket]> {
  let arrive: (channel: Channel) => void = () => {};
  const arrived = new Promise<Channel>((resolve) => void (arrive = resolve));
  const listener = await inetTcp.listen({ host: "127.0.0.1" }, (channel) => arrive(channel));
  open.push(listener);
  const socket = net.connect(listener.address.port, "127.0.0.1");
  return [await arrived, socket];
}

async function dialled(): Promise<[Channel, net.Socket]> {
  const server = net.createServer();
  open.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const arrived = once(server, "connection");
  const { port } = server.address() as net.AddressInfo;
  const channel = await inetTcp.connect({ host: "127.0.0.1", port });
  return [channel, ((await arrived) as [net.Socket])[0]];
}

function block(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

/** What arrives within some milliseconds, which is all there is after that time. */
async function received(socket: net.Socket, milliseconds = 100): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const note = (chunk: Buffer): void => void chunks.push(chunk);
  socket.on("data", note);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  socket.off("data", note);
  return Buffer.concat(chunks);
}

/** What arrives until there is something behind so many bytes. */
async function receivedBehind(socket: net.Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let count = 0; count <= length; ) {
    const [chunk] = (await once(socket.resume(), "data")) as [Buffer];
    chunks.push(chunk);
    count += chunk.length;
  }
  return Buffer.concat(chunks);
}

/** Resolves when the thread has begun to tick on a channel. */
async function ticking(socket: net.Socket): Promise<void> {
  await once(socket, "data");
}

test.each(["accepts", "dials"] as const)(
  "while the event loop is blocked, the thread ticks (our side %s)",
  async (who) => {
    const worker = tickWorker({ intervalMs: 100, forMs: FOREVER });
    const [channel, socket] = await connected(who);
    worker.add(channel);
    await ticking(socket);
    const began = performance.now();
    channel.write([Uint8Array.of(0, 0, 0, 1, 7)]);
    block(1000);
    channel.write([Uint8Array.of(0, 0, 0, 1, 8)]);
    const blocked = performance.now() - began;
    const bytes = await received(socket);
    expect([...bytes.subarray(0, 5)]).toEqual([0, 0, 0, 1, 7]);
    expect([...bytes.subarray(-5)]).toEqual([0, 0, 0, 1, 8]);
    const ticks = bytes.subarray(5, -5);
    expect(ticks.every((byte) => byte === 0)).toBe(true);
    expect(ticks.length % 4).toBe(0);
    // 125 to 150 ms after the write, then each 100 to 125; a busy machine makes them fewer.
    expect(ticks.length / 4).toBeGreaterThanOrEqual(2);
    expect(ticks.length / 4).toBeLessThanOrEqual((blocked - 25) / 100);
  },
);

test("the limit holds: a thread that never comes back is not kept alive for ever", async () => {
  const worker = tickWorker({ intervalMs: 20, forMs: 200 });
  const [channel, socket] = await connected();
  worker.add(channel);
  await ticking(socket); // the thread takes its time to begin
  block(1000);
  const ticks = (await received(socket)).length / 4;
  expect(ticks).toBeGreaterThan(2);
  expect(ticks).toBeLessThanOrEqual(10);
});

test("bytes that wait for room in the kernel keep ticks out until they are gone", async () => {
  const worker = tickWorker({ intervalMs: 20, forMs: FOREVER });
  const [channel, socket] = await connected();
  worker.add(channel);
  socket.pause();
  const bytes = new Uint8Array(16 * 1024 * 1024).fill(1);
  channel.write([bytes]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(channel.pendingBytes).toBeGreaterThan(0);
  block(200);
  const got = await receivedBehind(socket, bytes.length);
  expect(got.length).toBeGreaterThan(bytes.length); // the ticks come behind
  expect(got.indexOf(0)).toBe(bytes.length);
  expect(got.lastIndexOf(1)).toBe(bytes.length - 1);
});

test("an ended channel gets no more ticks", async () => {
  const worker = tickWorker({ intervalMs: 20, forMs: FOREVER });
  const [channel, socket] = await connected();
  worker.add(channel);
  channel.write([Uint8Array.of(1)]);
  channel.end();
  block(200);
  expect([...(await received(socket))]).toEqual([1]);
});

test("a peer that resets the connection meanwhile does no harm", async () => {
  const worker = tickWorker({ intervalMs: 20, forMs: FOREVER });
  const [channel, socket] = await connected();
  const [other, otherSocket] = await connected();
  worker.add(channel);
  worker.add(other);
  await ticking(otherSocket);
  const closed = new Promise((resolve) => {
    channel.handle({ onData: () => {}, onDrain: () => {}, onClose: resolve });
  });
  socket.resetAndDestroy();
  block(300);
  await closed;
  expect((await received(otherSocket)).length).toBeGreaterThan(0);
});

test("nodes of a process share the thread, and it ends with the last of them", async () => {
  const first = tickWorker({ intervalMs: 20, forMs: FOREVER });
  const second = tickWorker({ intervalMs: 20, forMs: FOREVER });
  const [channel, socket] = await connected();
  second.add(channel);
  await first.stop();
  await ticking(socket);
  await second.stop();
  await second.stop();
  await received(socket);
  block(200);
  expect(await received(socket)).toHaveLength(0);
  channel.write([Uint8Array.of(5)]);
  expect([...(await received(socket))]).toEqual([5]);
  expect(() => second.add(channel)).toThrow(
    expect.objectContaining({ code: "ERR_CARRIER_NO_TICKS" }),
  );
});

test("other times count for the connections there are", async () => {
  const worker = tickWorker({ intervalMs: 60_000, forMs: FOREVER });
  const [channel, socket] = await connected();
  worker.add(channel);
  worker.changeTimes({ intervalMs: 20, forMs: FOREVER });
  await ticking(socket);
});

/** The loop of the worker in this thread, up to its first write, of which the kernel takes one byte. */
function tickInPart(slots: TickSlots): void {
  let now = 0;
  tickLoop(slots.words, TICK_LAYOUT, {
    now: () => now,
    wait: () => void (now += 1000),
    write: (fd) => {
      slots.stop();
      return writeSync(fd, new Uint8Array(1));
    },
  });
}

test.each(["more is written", "the channel ends"])(
  "a tick of which the kernel took one byte is completed when %s",
  async (what) => {
    const [channel, socket] = await connected();
    const slots = new TickSlots();
    channel.tickFrom?.(slots, { intervalMs: 1000, forMs: FOREVER }, () => {});
    channel.write([Uint8Array.of(0, 0, 0, 1, 7)]);
    tickInPart(slots);
    const more = [0, 0, 0, 2, 8, 9];
    if (what === "more is written") channel.write([Uint8Array.from(more)]);
    else channel.end();
    const rest = what === "more is written" ? more : [];
    expect([...(await received(socket))]).toEqual([0, 0, 0, 1, 7, 0, 0, 0, 0, ...rest]);
  },
);

test("a carrier of its own making says that it cannot", async () => {
  const worker = tickWorker({ intervalMs: 20, forMs: FOREVER });
  const carrier = new MemoryNetwork({ clock: systemClock }).carrier("here");
  const { address } = await carrier.listen({}, () => {});
  const channel = await carrier.connect({ host: "here", port: address.port });
  expect(() => worker.add(channel)).toThrow(/by its own thread only; peers give this node up/);
});

test("a channel that has ended meanwhile is none to tick on", async () => {
  const worker = tickWorker({ intervalMs: 20, forMs: FOREVER });
  const [channel] = await connected();
  channel.destroy();
  expect(() => worker.add(channel)).not.toThrow();
});

test("a socket that shows no descriptor says so", () => {
  const socket = new net.Socket();
  expect(descriptorOf(socket)).toBeUndefined();
  const address = { family: "inet", address: "127.0.0.1", port: 1 } as const;
  const channel = new TcpChannel(socket, address, address, systemClock);
  const worker = tickWorker({ intervalMs: 20, forMs: FOREVER });
  expect(() => worker.add(channel)).toThrow(/shows no descriptor/);
});

test("more connections than there are slots", () => {
  const slots = new TickSlots();
  const times = { intervalMs: 1000, forMs: FOREVER };
  for (let count = 0; count < 16_384; count++) expect(slots.open(9, times)).toBeDefined();
  expect(slots.open(9, times)).toBeUndefined();
});
