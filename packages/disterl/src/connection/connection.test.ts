import { expect, test } from "vitest";
import type { Channel, ChannelHandler, NetAddress } from "../carrier/carrier.ts";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import type { Signal } from "../signal/signal.ts";
import { atom } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { DFLAG_DIST_HDR_ATOM_CACHE, DFLAG_FRAGMENTS } from "../wire/flags.ts";
import { Connection } from "./connection.ts";
import { Connections } from "./connections.ts";
import { Ticker } from "./ticker.ts";

const ADDRESS: NetAddress = { family: "memory", address: "x", port: 1 };

/** A channel by hand: what is written is counted, what is received comes from the test. */
class Line implements Channel {
  readonly local = ADDRESS;
  readonly remote = ADDRESS;
  pendingBytes = 0;
  receivedBytes = 0;
  writtenBytes = 0;
  closed = false;
  /** The other end does not read. */
  stopped = false;
  readonly #unread: { readonly bytes: number; readonly flushed: (() => void) | undefined }[] = [];
  #handler: ChannelHandler | undefined;

  handle(handler: ChannelHandler): void {
    this.#handler = handler;
  }
  pause(): void {}
  resume(): void {}
  write(chunks: readonly Uint8Array[], flushed?: () => void): boolean {
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.length;
    this.writtenBytes += bytes;
    this.pendingBytes += bytes;
    this.#unread.push({ bytes, flushed });
    if (!this.stopped) queueMicrotask(() => this.go());
    return this.pendingBytes < 256 * 1024;
  }
  /** The other end reads: all, or so many writes. */
  go(writes = Infinity): void {
    for (const { bytes, flushed } of this.#unread.splice(0, writes)) {
      this.pendingBytes -= bytes;
      flushed?.();
    }
  }
  closeNow(): void {
    this.#handler?.onClose(undefined);
  }
  end(): void {
    this.destroy();
  }
  destroy(error?: Error): void {
    if (this.closed) return;
    this.closed = true;
    queueMicrotask(() => this.#handler?.onClose(error));
  }
  receive(hex: string): void {
    const bytes = Buffer.from(hex.replaceAll(/\s/g, ""), "hex");
    this.receivedBytes += bytes.length;
    this.#handler?.onData(bytes);
  }
}

interface Options {
  readonly fragIdleMs?: number;
  readonly siblings?: Connections;
  readonly busyBytes?: number;
  readonly queueBytes?: number;
  readonly name?: string;
}

function connected({
  fragIdleMs = 60_000,
  siblings = new Connections(() => "a@h", 2 ** 30),
  busyBytes = 1000,
  queueBytes = 10_000,
  name = "b@h",
}: Options = {}) {
  const clock = new VirtualClock();
  const ticker = new Ticker(clock, 60_000, 4);
  const line = new Line();
  const ends: { reason: string; error: Error | undefined }[] = [];
  const told: string[] = [];
  const connection = new Connection({
    channel: line,
    carrier: "memory",
    clock,
    peer: {
      node: atom(name),
      creation: 5,
      flags: DFLAG_DIST_HDR_ATOM_CACHE | DFLAG_FRAGMENTS,
      hidden: true,
    },
    handler: {
      signal: () => {},
      busy: () => told.push("busy"),
      drained: () => told.push("drained"),
      closed: (gone, reason, error) => {
        ticker.remove(gone);
        ends.push({ reason, error });
      },
    },
    siblings,
    reader: { limits: { fragIdleMs } },
    busyBytes,
    queueBytes,
    heldSignals: 100,
    stallMs: 60_000,
    tickIntensity: 4,
  });
  connection.start(new Uint8Array(0));
  ticker.add(connection);
  return { clock, line, ends, told, connection, siblings };
}

const PID = "58 77 03 62 40 68 00000001 00000000 00000005";

function frame(body: string): string {
  const hex = body.replaceAll(/\s/g, "");
  return (hex.length / 2).toString(16).padStart(8, "0") + hex;
}

/** 131 69, the first of two fragments, no atoms, {22, From, To} and the first bytes of a payload. */
function firstFragment(sequence: number, payload = "61"): string {
  const ids = `${sequence.toString(16).padStart(16, "0")} 0000000000000002`;
  return frame(`83 45 ${ids} 00 68 03 61 16 ${PID} ${PID} ${payload}`);
}

function message(size: number): Signal {
  const from = new Pid(atom("a@h"), 1, 0, 1);
  const to = new Pid(atom("b@h"), 2, 0, 5);
  return { type: "send", from, to, message: new Uint8Array(size), token: undefined };
}

test("a message whose fragments stop coming ends its connection, at a tick, and nothing else", async () => {
  const { clock, line, ends } = connected();
  line.receive(firstFragment(1));
  for (let i = 0; i < 8 && ends.length === 0; i++) {
    await clock.advance(15_000);
    if (ends.length === 0) line.receive("00000000");
  }
  expect(ends).toMatchObject([{ reason: "limit_exceeded" }]);
  expect(String(ends[0]?.error)).toContain("fragIdleMs");
});

test("to a hidden peer that is silent a tick goes out although others do", async () => {
  const { clock, line, ends } = connected();
  await clock.advance(15_100);
  expect(line.writtenBytes).toBe(4);
  await clock.advance(30_000);
  expect(line.writtenBytes).toBe(12);
  await clock.advance(15_000);
  expect(ends).toMatchObject([{ reason: "net_tick_timeout" }]);
});

test("what waits makes a connection busy, and it is drained when less than half of that waits", async () => {
  const { clock, line, told, connection } = connected();
  line.stopped = true;
  expect(connection.send(message(400))).toBe(true);
  expect(connection.send(message(800))).toBe(false);
  expect(connection.stats).toMatchObject({ busy: true, busyCount: 1, pendingSignals: 2 });
  expect(told).toEqual(["busy"]);
  line.stopped = false;
  line.go();
  await clock.advance(10);
  expect(told).toEqual(["busy", "drained"]);
  expect(connection.stats).toMatchObject({ busy: false, pendingBytes: 0, pendingSignals: 0 });
  expect(connection.stats).toMatchObject({
    signalsSent: 2,
    framesSent: 2,
    bytesSent: line.writtenBytes,
  });
});

test("a peer that takes nothing for a second is closed once more than the hard cap waits", async () => {
  const { clock, line, ends, connection } = connected();
  line.stopped = true;
  for (let i = 0; i < 12; i++) connection.send(message(1000));
  expect(connection.isFull()).toBe(true);
  await clock.advance(999);
  expect(ends).toEqual([]);
  await clock.advance(252);
  expect(ends).toMatchObject([{ reason: "slow_peer" }]);
  expect(String(ends[0]?.error)).toContain("does not read");
});

test("a peer that takes something now and then is not closed", async () => {
  const { clock, line, ends, connection } = connected();
  line.stopped = true;
  for (let i = 0; i < 40; i++) {
    connection.send(message(1000));
    await clock.advance(1);
  }
  for (let i = 0; i < 5; i++) {
    await clock.advance(900);
    line.go(1);
    connection.send(message(1000));
  }
  expect(connection.isFull()).toBe(true);
  expect(ends).toEqual([]);
});

test("below the hard cap a peer that takes nothing has the time of stallMs, and our own stall is not its", async () => {
  const { clock, line, ends, connection } = connected({ queueBytes: 1e6 });
  line.stopped = true;
  connection.send(message(5000));
  await clock.advance(58_000);
  line.receive("00000000");
  connection.tick(true);
  for (let i = 0; i < 3; i++) {
    await clock.advance(15_000);
    line.receive("00000000");
  }
  expect(ends).toEqual([]);
  for (let i = 0; i < 3; i++) {
    await clock.advance(15_000);
    line.receive("00000000");
  }
  expect(ends).toMatchObject([{ reason: "slow_peer" }]);
});

test("the connection that holds most of unfinished messages goes when the node has too much of them", async () => {
  const siblings = new Connections(() => "a@h", 300);
  const small = connected({ siblings, name: "b@h" });
  const large = connected({ siblings, name: "b@h" });
  large.line.receive(firstFragment(1, "00".repeat(200)));
  small.line.receive(firstFragment(1, "00".repeat(90)));
  expect(siblings.totals.reassemblyBytes).toBe(290);
  small.line.receive(firstFragment(2, "00".repeat(20)));
  await large.clock.advance(1);
  expect(large.ends).toMatchObject([{ reason: "limit_exceeded" }]);
  expect(String(large.ends[0]?.error)).toContain("nodeFragBytes");
  expect(small.ends).toEqual([]);
  expect(siblings.totals).toMatchObject({
    connections: 1,
    connectionsMade: 2,
    reassemblyBytes: 110,
  });
  // The rest of the message comes: nothing of it is held any more.
  small.line.receive(frame(`83 46 0000000000000001 0000000000000001 6a`));
  expect(siblings.reassemblyBytes).toBeLessThan(110);
});

test("counters tell frames, ticks, fragments and atoms of both directions", () => {
  const { clock, line, connection, siblings } = connected();
  line.receive("00000000 00000000");
  // {22, From, To} with one new atom of the cache for the node of both pids.
  line.receive(
    frame(
      `83 44 01 08 00 03 624068 68 03 61 16 58 5200 00000001 00000000 00000005 58 5200 00000001 00000000 00000005 6a`,
    ),
  );
  connection.send(message(10));
  connection.send(message(100_000));
  const { stats } = connection;
  expect(stats).toMatchObject({ ticksReceived: 2, framesReceived: 1, signalsReceived: 1 });
  expect(stats).toMatchObject({
    atomsCachedIn: 1,
    atomsCachedOut: 2,
    bytesReceived: line.receivedBytes,
  });
  expect(stats).toMatchObject({ signalsSent: 2, framesSent: 3, fragmentsSent: 1, ticksSent: 0 });
  expect(stats.uptimeMs).toBe(clock.now());
  connection.close("net_tick_timeout");
  line.closeNow();
  expect(siblings.totals).toMatchObject({ connections: 0, connectionsMade: 1, framesSent: 3 });
});
