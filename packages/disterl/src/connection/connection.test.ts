import { expect, test } from "vitest";
import type { Channel, ChannelHandler, NetAddress } from "../carrier/carrier.ts";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { atom } from "../term/atom.ts";
import { DFLAG_DIST_HDR_ATOM_CACHE, DFLAG_FRAGMENTS } from "../wire/flags.ts";
import { Connection } from "./connection.ts";
import { Ticker } from "./ticker.ts";

const ADDRESS: NetAddress = { family: "memory", address: "x", port: 1 };

/** A channel by hand: what is written is counted, what is received comes from the test. */
class Line implements Channel {
  readonly local = ADDRESS;
  readonly remote = ADDRESS;
  readonly pendingBytes = 0;
  receivedBytes = 0;
  writtenBytes = 0;
  closed = false;
  #handler: ChannelHandler | undefined;

  handle(handler: ChannelHandler): void {
    this.#handler = handler;
  }
  pause(): void {}
  resume(): void {}
  write(chunks: readonly Uint8Array[], flushed?: () => void): boolean {
    for (const chunk of chunks) this.writtenBytes += chunk.length;
    queueMicrotask(() => flushed?.());
    return true;
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

function connected(fragIdleMs: number) {
  const clock = new VirtualClock();
  const ticker = new Ticker(clock, 60_000, 4);
  const line = new Line();
  const ends: { reason: string; error: Error | undefined }[] = [];
  const connection = new Connection({
    channel: line,
    clock,
    peer: {
      node: atom("b@h"),
      creation: 5,
      flags: DFLAG_DIST_HDR_ATOM_CACHE | DFLAG_FRAGMENTS,
      hidden: true,
    },
    handler: {
      signal: () => {},
      drained: () => {},
      closed: (gone, reason, error) => {
        ticker.remove(gone);
        ends.push({ reason, error });
      },
    },
    reader: { limits: { fragIdleMs } },
    busyBytes: 1000,
    stallMs: 60_000,
    tickIntensity: 4,
  });
  connection.start(new Uint8Array(0));
  ticker.add(connection);
  return { clock, line, ends };
}

test("a message whose fragments stop coming ends its connection, at a tick, and nothing else", async () => {
  const { clock, line, ends } = connected(60_000);
  const pid = "58 77 03 62 40 68 00000001 00000000 00000005";
  // 131 69, sequence 1, fragment 2 of 2, no atoms, {22, From, To} and the first byte of a payload.
  const first = `83 45 0000000000000001 0000000000000002 00 68 03 61 16 ${pid} ${pid} 61`;
  line.receive(`${(first.replaceAll(" ", "").length / 2).toString(16).padStart(8, "0")} ${first}`);
  for (let i = 0; i < 8 && ends.length === 0; i++) {
    await clock.advance(15_000);
    if (ends.length === 0) line.receive("00000000");
  }
  expect(ends).toMatchObject([{ reason: "limit_exceeded" }]);
  expect(String(ends[0]?.error)).toContain("fragIdleMs");
});

test("to a hidden peer that is silent a tick goes out although others do", async () => {
  const { clock, line, ends } = connected(60_000);
  await clock.advance(15_100);
  expect(line.writtenBytes).toBe(4);
  await clock.advance(30_000);
  expect(line.writtenBytes).toBe(12);
  await clock.advance(15_000);
  expect(ends).toMatchObject([{ reason: "net_tick_timeout" }]);
});
