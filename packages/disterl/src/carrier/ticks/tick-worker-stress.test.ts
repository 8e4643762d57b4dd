import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Channel, Listener } from "../carrier.ts";
import { inetTcp } from "../tcp.ts";
import { TickWorker } from "./tick-worker.ts";

// An interval of 0 ms makes the worker write ticks as fast as it can, in every moment in which it may:
// whatever it can do wrong at all, it does here.

const ALWAYS = { intervalMs: 0, forMs: 1e9 };
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

function block(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

/** The byte that all of a frame consists of. */
function markOf(frame: number): number {
  return 1 + (frame % 251);
}

/** Reads `Len:32` and `Len` bytes, and looks at each of them. */
class FrameReader {
  ticks = 0;
  frames = 0;
  wrong: string | undefined;
  readonly #head = Buffer.alloc(4);
  #headBytes = 0;
  #left = 0;

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && this.wrong === undefined) {
      at = this.#left === 0 ? this.#readHead(chunk, at) : this.#readBody(chunk, at);
    }
  }

  #readHead(chunk: Uint8Array, at: number): number {
    this.#head[this.#headBytes++] = chunk[at] ?? 0;
    if (this.#headBytes < 4) return at + 1;
    this.#headBytes = 0;
    this.#left = this.#head.readUInt32BE();
    if (this.#left === 0) this.ticks++;
    else this.frames++;
    if (this.#left > 1e6) this.wrong = `frame ${this.frames} has ${this.#left} bytes`;
    return at + 1;
  }

  #readBody(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    const mark = markOf(this.frames);
    const other = chunk.subarray(at, end).findIndex((byte) => byte !== mark);
    if (other >= 0) this.wrong = `byte ${chunk[at + other]} in frame ${this.frames}`;
    this.#left -= end - at;
    return end;
  }
}

function frame(number: number, length: number): Uint8Array[] {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(length);
  return [head, new Uint8Array(length).fill(markOf(number))];
}

/** Frames of all sizes in vectors of several, with short stalls, to a peer that is slow at times. */
async function flood(channel: Channel, socket: net.Socket, milliseconds: number): Promise<number> {
  let sent = 0;
  let drained = (): void => {};
  channel.handle({ onData: () => {}, onDrain: () => drained(), onClose: () => {} });
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    const chance = Math.random();
    const chunks: Uint8Array[] = [];
    for (let count = 1 + Math.floor(chance * 4); count > 0; count--) {
      chunks.push(...frame(++sent, 1 + Math.floor(Math.random() ** 4 * 900_000)));
    }
    const goOn = channel.write(chunks);
    if (chance < 0.3) block(Math.random());
    if (chance > 0.9) socket.pause();
    if (chance > 0.9) setTimeout(() => socket.resume(), 20);
    if (goOn && chance < 0.5) await new Promise((resolve) => void setImmediate(resolve));
    else if (!goOn) await new Promise<void>((resolve) => void (drained = resolve));
  }
  return sent;
}

async function pairs(count: number): Promise<[Channel, net.Socket][]> {
  const arrived: Channel[] = [];
  const listener: Listener = await inetTcp.listen({ host: "127.0.0.1" }, (channel) => {
    arrived.push(channel);
  });
  open.push(listener);
  const result: [Channel, net.Socket][] = [];
  for (let index = 0; index < count; index++) {
    const socket = net.connect(listener.address.port, "127.0.0.1").on("error", () => {});
    while (arrived.length === index) await new Promise((resolve) => void setImmediate(resolve));
    const channel = arrived[index] as Channel;
    channel.handle({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
    open.push({ close: () => channel.destroy() }, { close: () => socket.destroy() });
    result.push([channel, socket]);
  }
  return result;
}

function aggressive(): TickWorker {
  const worker = new TickWorker(ALWAYS, () => {});
  open.push({ close: () => worker.stop() });
  return worker;
}

test("no frame is ever torn", async () => {
  const worker = aggressive();
  const running = (await pairs(4)).map(async ([channel, socket]) => {
    const reader = new FrameReader();
    socket.on("data", (chunk) => reader.push(chunk));
    worker.add(channel);
    const sent = await flood(channel, socket, 4000);
    socket.resume();
    while (reader.frames < sent && reader.wrong === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return { reader, sent };
  });
  for (const { reader, sent } of await Promise.all(running)) {
    expect(reader.wrong).toBeUndefined();
    expect(reader.frames).toBe(sent);
    expect(reader.ticks).toBeGreaterThan(100);
  }
});

test("a descriptor that is closed, and another's from then on, is never written to", async () => {
  const worker = aggressive();
  const folder = mkdtempSync(join(tmpdir(), "disterl-ticks-"));
  open.push({ close: () => rmSync(folder, { recursive: true }) });
  const wrong: string[] = [];
  let reused = 0;
  const closers: ((channel: Channel, socket: net.Socket) => void)[] = [
    (channel) => channel.destroy(),
    (channel, socket) => {
      socket.destroy();
      channel.end();
    },
    (_channel, socket) => socket.resetAndDestroy(),
    (_channel, socket) => socket.end(),
  ];
  // Thousands of connections where the machine has nothing else to do.
  const end = performance.now() + 8000;
  for (let round = 0; round < 60 && performance.now() < end; round++) {
    const connections = await pairs(50);
    for (const [channel] of connections) worker.add(channel);
    for (const [channel] of connections) channel.write([Uint8Array.of(0, 0, 0, 0)]);
    if (round % 2 === 0) block(1);
    for (const [index, [channel, socket]] of connections.entries()) {
      closers[index % closers.length]?.(channel, socket);
      if (index % closers.length > 0) await new Promise((resolve) => void setImmediate(resolve));
      // Takes the descriptors that have become free.
      const files = Array.from({ length: 4 }, (_, number) => join(folder, `${number}`));
      const fds = files.map((file) => openSync(file, "w"));
      for (const fd of fds) writeSync(fd, "mine");
      block(0.05);
      for (const fd of fds) closeSync(fd);
      reused += fds.length;
      for (const file of files) {
        const text = readFileSync(file, "latin1");
        if (text !== "mine") wrong.push(text);
      }
    }
    for (const [channel, socket] of connections) {
      channel.destroy();
      socket.destroy();
    }
  }
  expect(wrong).toEqual([]);
  expect(reused).toBeGreaterThanOrEqual(50 * 4);
}, 60_000);
