import { once } from "node:events";
import { PassThrough } from "node:stream";
import { TLSSocket } from "node:tls";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { TestAuthority } from "../../testing/test-authority.ts";
import type { Channel } from "../carrier.ts";
import { adopt } from "../socket-reading.ts";
import { inetTls } from "./tls.ts";

const authority = new TestAuthority();
afterAll(() => authority[Symbol.dispose]());
const credentials = { ...authority.issue("node"), cacertfile: authority.cacertfile };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Both ends of a connection, that nobody handles yet. */
async function pair(): Promise<{ dialled: Channel; accepted: Channel }> {
  const carrier = inetTls(credentials);
  let arrived: (channel: Channel) => void = () => {};
  const accepting = new Promise<Channel>((resolve) => {
    arrived = resolve;
  });
  const listener = await carrier.listen({ host: "127.0.0.1" }, arrived);
  const dialled = await carrier.connect({ host: "127.0.0.1", port: listener.address.port });
  const accepted = await accepting;
  closers.push(
    () => listener.close(),
    () => dialled.destroy(),
    () => accepted.destroy(),
  );
  return { dialled, accepted };
}

/** What a channel is given, until its end. Pauses it at the first chunk. */
class Reader {
  readonly chunks: Uint8Array[] = [];
  readonly paused: Promise<void>;
  readonly closed: Promise<Error | undefined>;

  constructor(channel: Channel) {
    let pausing: () => void = () => {};
    this.paused = new Promise((resolve) => {
      pausing = resolve;
    });
    this.closed = new Promise((resolve) => {
      channel.handle({
        onData: (chunk) => {
          this.chunks.push(new Uint8Array(chunk));
          if (this.chunks.length > 1) return;
          channel.pause();
          pausing();
        },
        onDrain: () => {},
        onClose: resolve,
      });
    });
  }
}

/** Longer than a record of TLS, and no two places look alike. */
const long = Buffer.from(Uint32Array.from({ length: 50_000 }, (_, index) => index).buffer);

test.each(["dialled", "accepted"] as const)(
  "records that have arrived wait while the channel is paused, in order, end last: %s",
  async (end) => {
    const { [end]: channel, ...other } = await pair();
    const sender = Object.values(other)[0] as Channel;
    sender.handle({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
    const reader = new Reader(channel);
    sender.write([long]);
    sender.end();
    await reader.paused;
    await expect.poll(() => channel.receivedBytes).toBeGreaterThan(16_384);
    expect(reader.chunks).toHaveLength(1);
    channel.resume();
    expect(reader.chunks).toHaveLength(1); // not during the call
    expect(await reader.closed).toBeUndefined();
    expect(long.equals(Buffer.concat(reader.chunks))).toBe(true);
    expect(channel.receivedBytes).toBe(long.length);
  },
);

test("a destroyed channel gives nothing out of what it held", async () => {
  const { dialled, accepted } = await pair();
  const reader = new Reader(dialled);
  accepted.write([long]);
  await reader.paused;
  await expect.poll(() => dialled.receivedBytes).toBeGreaterThan(16_384);
  dialled.resume();
  dialled.destroy();
  expect(await reader.closed).toBeUndefined();
  expect(reader.chunks).toHaveLength(1);
});

test("who dials does not wait for the acknowledgement of what it sent before", async () => {
  const setNoDelay = vi.spyOn(TLSSocket.prototype, "setNoDelay");
  closers.push(() => setNoDelay.mockRestore());
  await pair();
  expect(setNoDelay).toHaveBeenCalledWith(true);
});

test("a socket that cannot read into a given buffer is read by its events", async () => {
  const socket = new PassThrough();
  const chunks: Uint8Array[] = [];
  adopt(socket as unknown as TLSSocket, (chunk) => chunks.push(chunk));
  socket.end(Uint8Array.of(1, 2, 3));
  expect(socket.isPaused()).toBe(true);
  socket.resume();
  await once(socket, "end");
  expect(chunks).toEqual([Buffer.of(1, 2, 3)]);
});
