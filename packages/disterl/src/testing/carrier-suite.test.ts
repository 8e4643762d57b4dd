import { MemoryNetwork, systemClock } from "disterl/carrier";
import type { Carrier, Channel, ChannelHandler, Listener } from "disterl/carrier";
import { CarrierError } from "disterl/carrier";
import { describe, expect, test } from "vitest";
import { carrierChecks, runCheck } from "./carrier-suite.ts";

/** A channel that passes everything on: what a broken one is made from. */
class Wrapped implements Channel {
  readonly inner: Channel;
  handler: ChannelHandler | undefined;

  constructor(inner: Channel) {
    this.inner = inner;
  }

  get local(): Channel["local"] {
    return this.inner.local;
  }
  get remote(): Channel["remote"] {
    return this.inner.remote;
  }
  get pendingBytes(): number {
    return this.inner.pendingBytes;
  }
  get receivedBytes(): number {
    return this.inner.receivedBytes;
  }
  handle(handler: ChannelHandler): void {
    this.handler = handler;
    this.inner.handle({
      onData: (chunk) => this.onData(handler, chunk),
      onDrain: () => this.onDrain(handler),
      onClose: (error) => this.onClose(handler, error),
    });
  }
  onData(handler: ChannelHandler, chunk: Uint8Array): void {
    handler.onData(chunk);
  }
  onDrain(handler: ChannelHandler): void {
    handler.onDrain();
  }
  onClose(handler: ChannelHandler, error: Error | undefined): void {
    handler.onClose(error);
  }
  pause(): void {
    this.inner.pause();
  }
  resume(): void {
    this.inner.resume();
  }
  write(chunks: readonly Uint8Array[], flushed?: () => void): boolean {
    return this.inner.write(chunks, flushed);
  }
  end(): void {
    this.inner.end();
  }
  destroy(error?: Error): void {
    this.inner.destroy(error);
  }
}

/** A carrier over memory, each channel of which is broken in the same way. */
function channelsOf(broken: (channel: Channel) => Channel): Carrier {
  const carrier = whole();
  return {
    ...carrier,
    listen: (options, onChannel) =>
      carrier.listen(options, (channel) => onChannel(broken(channel))),
    connect: async (options) => broken(await carrier.connect(options)),
  };
}

/** A carrier over memory, some of which is replaced. */
function broken(change: (carrier: Carrier) => Partial<Carrier>): Carrier {
  const carrier = whole();
  return { ...carrier, ...change(carrier) };
}

function whole(): Carrier {
  return new MemoryNetwork({ clock: systemClock }).carrier("here");
}

/** Runs one check on a carrier. */
async function check(name: string, carrier: Carrier, timeoutMs: number): Promise<void> {
  const found = carrierChecks.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no check "${name}"`);
  await runCheck(found, { carrier, host: "here" }, timeoutMs);
}

function wrapped(change: Partial<Record<keyof Channel | keyof Wrapped, unknown>>): () => Carrier {
  return () =>
    channelsOf((channel) => Object.defineProperties(new Wrapped(channel), fields(change)));
}

function fields(change: object): PropertyDescriptorMap {
  return Object.getOwnPropertyDescriptors(change);
}

/** What is broken, and the first check that says so. */
const BROKEN: readonly (readonly [what: string, carrier: () => Carrier, check: string])[] = [
  [
    "a name that no flag can give",
    () => broken(() => ({ name: "My Carrier" })),
    "the carrier says what it is",
  ],
  [
    "a length of 3 bytes",
    () => broken(() => ({ handshakeLengthBytes: 3 as 2 })),
    "the carrier says what it is",
  ],
  [
    "findsNodes that is no boolean",
    () => broken(() => ({ findsNodes: "yes" as unknown as boolean })),
    "the carrier says what it is",
  ],
  [
    "reaches that denies a node which listens",
    () => broken(() => ({ reaches: () => false })),
    "it reaches a node that listens, and knows of no reason against its own ends",
  ],
  [
    "a problem that is no Error",
    wrapped({ claimProblem: () => "no" }),
    "it reaches a node that listens, and knows of no reason against its own ends",
  ],
  [
    "a channel that is told twice",
    () =>
      broken((carrier) => ({
        listen: (options, onChannel) =>
          carrier.listen(options, (channel) => {
            onChannel(channel);
            onChannel(channel);
          }),
      })),
    "each dial reaches the listener that it is for, which is told of it once",
  ],
  [
    "a dial that goes to the first listener",
    () =>
      broken((carrier) => {
        let first: Listener | undefined;
        return {
          listen: async (options, onChannel) => {
            const listener = await carrier.listen(options, onChannel);
            first ??= listener;
            return listener;
          },
          connect: (options) =>
            carrier.connect({ ...options, port: first?.address.port ?? options.port }),
        };
      }),
    "each dial reaches the listener that it is for, which is told of it once",
  ],
  [
    "ends that are called otherwise",
    wrapped({
      get remote() {
        return { family: "memory", address: "?", port: 1 };
      },
    }),
    "both ends know where they are",
  ],
  [
    "an error of another class",
    () =>
      broken((carrier) => ({
        connect: (options) =>
          carrier.connect(options).catch((error: Error) => {
            throw options.signal?.aborted === true ? error : new Error("failed");
          }),
      })),
    "where nobody listens, a dial is refused",
  ],
  [
    "another code",
    () =>
      broken((carrier) => ({
        connect: (options) =>
          carrier.connect(options).catch((error: Error) => {
            throw options.signal?.aborted === true
              ? error
              : new CarrierError("ERR_CARRIER_CLOSED", "?");
          }),
      })),
    "where nobody listens, a dial is refused",
  ],
  [
    "a signal that nobody looks at",
    () =>
      broken((carrier) => ({ connect: ({ signal: _, ...options }) => carrier.connect(options) })),
    "an aborted dial rejects with the reason, and leaves nothing open",
  ],
  [
    "an aborted dial that stays open",
    () =>
      broken((carrier) => ({
        connect: ({ signal, ...options }) =>
          new Promise((resolve, reject) => {
            if (signal?.aborted === true) return reject(signal.reason as Error);
            signal?.addEventListener("abort", () => reject(signal.reason as Error));
            carrier.connect(options).then(resolve, reject);
          }),
      })),
    "an aborted dial rejects with the reason, and leaves nothing open",
  ],
  [
    "a signal that is heard for ever",
    () =>
      broken((carrier) => ({
        connect: async (options) => {
          const channel = await carrier.connect(options);
          options.signal?.addEventListener("abort", () => channel.destroy());
          return channel;
        },
      })),
    "an abort after the dial has no effect",
  ],
  [
    "a listener that does not close",
    () =>
      broken((carrier) => ({
        listen: async (options, onChannel) => ({
          ...(await carrier.listen(options, onChannel)),
          close: () => Promise.resolve(),
        }),
      })),
    "a closed listener frees its address at once, and its channels stay",
  ],
  [
    "a close that closes channels, too",
    () =>
      broken((carrier) => ({
        listen: async (options, onChannel) => {
          const channels: Channel[] = [];
          const listener = await carrier.listen(options, (channel) => {
            channels.push(channel);
            onChannel(channel);
          });
          return {
            address: listener.address,
            close: async () => {
              for (const channel of channels) channel.destroy();
              await listener.close();
            },
          };
        },
      })),
    "a closed listener frees its address at once, and its channels stay",
  ],
  [
    "a taken port that another is taken for",
    () =>
      broken((carrier) => ({
        listen: ({ port = 0, lastPort = port + 1, ...options }, onChannel) =>
          carrier.listen({ ...options, port, lastPort: port === 0 ? 0 : lastPort + 1 }, onChannel),
      })),
    "an address that is taken is refused; of a range of ports the first free one is taken",
  ],

  [
    "bytes that are lost",
    wrapped({
      onData(this: Wrapped, handler: ChannelHandler, chunk: Uint8Array) {
        handler.onData(chunk.subarray(0, Math.min(chunk.length, 60_000)));
      },
    }),
    "a large write arrives whole",
  ],
  [
    "chunks in reverse",
    wrapped({
      write(this: Wrapped, chunks: readonly Uint8Array[], flushed?: () => void) {
        return this.inner.write(chunks.toReversed(), flushed);
      },
    }),
    "a vector of many chunks, empty ones among them, is one stream",
  ],
  [
    "received bytes that are not counted",
    wrapped({
      get receivedBytes() {
        return 0;
      },
    }),
    "bytes arrive in order, both ways",
  ],
  [
    "memory that both sides share",
    sharing,
    "what the receiver does to a chunk does not reach the sender",
  ],
  [
    "a write of nothing that is never flushed",
    wrapped({
      write(this: Wrapped, chunks: readonly Uint8Array[], flushed?: () => void) {
        return this.inner.write(
          chunks,
          chunks.some(({ length }) => length > 0) ? flushed : undefined,
        );
      },
    }),
    "a write of nothing is flushed, too",
  ],
  [
    "flushed during write",
    wrapped({
      write(this: Wrapped, chunks: readonly Uint8Array[], flushed?: () => void) {
        const copies = chunks.map((chunk) => Uint8Array.from(chunk));
        const accepting = this.inner.write(copies);
        flushed?.();
        return accepting;
      },
    }),
    "flushed is called once for each write, in order, never during it, and frees the memory",
  ],
  [
    "flushed before the memory is free",
    wrapped({
      write(this: Wrapped, chunks: readonly Uint8Array[], flushed?: () => void) {
        if (flushed !== undefined) queueMicrotask(flushed);
        return this.inner.write(chunks);
      },
    }),
    "flushed is called once for each write, in order, never during it, and frees the memory",
  ],
  [
    "flushed twice",
    wrapped({
      write(this: Wrapped, chunks: readonly Uint8Array[], flushed?: () => void) {
        return this.inner.write(chunks, () => {
          flushed?.();
          flushed?.();
        });
      },
    }),
    "flushed is called once for each write, in order, never during it, and frees the memory",
  ],
  [
    "a write that never says false",
    wrapped({
      write(this: Wrapped, chunks: readonly Uint8Array[], flushed?: () => void) {
        this.inner.write(chunks, flushed);
        return true;
      },
    }),
    "a writer that is too fast is told, and told again when all has gone",
  ],
  [
    "a drain that is not told",
    wrapped({ onDrain() {} }),
    "a writer that is too fast is told, and told again when all has gone",
  ],
  [
    "a pause that does nothing",
    wrapped({ pause() {} }),
    "a paused channel delivers nothing, and nothing is lost",
  ],
  ["reading before somebody handles", eager, "nothing is read before somebody handles the channel"],
  [
    "data during handle",
    wrapped({
      handle(this: Wrapped, handler: ChannelHandler) {
        handler.onData(new Uint8Array(0));
        Wrapped.prototype.handle.call(this, handler);
      },
    }),
    "bytes arrive in order, both ways",
  ],
  [
    "data during resume",
    wrapped({
      resume(this: Wrapped) {
        this.handler?.onData(new Uint8Array(0));
        this.inner.resume();
      },
    }),
    "a paused channel delivers nothing, and nothing is lost",
  ],
  [
    "a second handler that is not told",
    wrapped({
      handle(this: Wrapped, handler: ChannelHandler) {
        if (this.handler === undefined) Wrapped.prototype.handle.call(this, handler);
        else this.inner.resume();
      },
    }),
    "another handler takes over without a byte lost or doubled, paused or not",
  ],

  [
    "an end that loses what is pending",
    wrapped({
      end(this: Wrapped) {
        this.inner.destroy();
      },
    }),
    "end sends what is pending first; both sides are told once",
  ],
  [
    "a close that is told twice",
    wrapped({
      onClose(this: Wrapped, handler: ChannelHandler, error: Error | undefined) {
        handler.onClose(error);
        handler.onClose(error);
      },
    }),
    "end sends what is pending first; both sides are told once",
  ],
  [
    "a close that is told during end",
    wrapped({
      end(this: Wrapped) {
        this.handler?.onClose(undefined);
        this.inner.end();
      },
    }),
    "end sends what is pending first; both sides are told once",
  ],
  [
    "an end that goes on receiving",
    lateReading,
    "end reaches a peer that is still sending, with all that was pending",
  ],
  [
    "writes after end that count as taken",
    wrapped({
      write(this: Wrapped, chunks: readonly Uint8Array[], flushed?: () => void) {
        this.inner.write(chunks, flushed);
        return true;
      },
    }),
    "after end nothing more is written: write says false, and is flushed",
  ],
  [
    "a reason that is lost",
    wrapped({
      destroy(this: Wrapped) {
        this.inner.destroy();
      },
    }),
    "destroy tells its owner the error it was given, and the peer that it is over",
  ],
  [
    "a close that is told during destroy",
    wrapped({
      destroy(this: Wrapped, error?: Error) {
        this.handler?.onClose(error);
        this.inner.destroy(error);
      },
    }),
    "destroy tells its owner the error it was given, and the peer that it is over",
  ],
  ["data after destroy", lateData, "nothing is delivered after destroy"],
  [
    "pending bytes that stay",
    wrapped({
      get pendingBytes() {
        return 1;
      },
    }),
    "a closed channel is inert: writes are flushed and say false, nothing is told twice",
  ],
  [
    "writes that a close forgets",
    forgetful,
    "writes that a close cuts off are flushed, before onClose",
  ],
  [
    "a late handler that is not told",
    wrapped({
      handle(this: Wrapped, handler: ChannelHandler) {
        if (this.handler === undefined) Wrapped.prototype.handle.call(this, handler);
      },
    }),
    "a handler that comes after the close is told",
  ],
  [
    "a channel that cannot close before it is handled",
    wrapped({
      destroy(this: Wrapped, error?: Error) {
        if (this.handler !== undefined) this.inner.destroy(error);
      },
    }),
    "a channel that was never handled can be closed from either side",
  ],
];

/** Hands the writer's own memory to the reader. */
function sharing(): Carrier {
  const sent: Uint8Array[] = [];
  return channelsOf((channel) =>
    Object.assign(new Wrapped(channel), {
      write(this: Wrapped, chunks: readonly Uint8Array[], flushed?: () => void) {
        sent.push(...chunks);
        return this.inner.write(chunks, flushed);
      },
      onData(this: Wrapped, handler: ChannelHandler, chunk: Uint8Array) {
        handler.onData(chunk);
        for (const one of sent.splice(0)) one.fill(0);
      },
    }),
  );
}

/** Reads as soon as it is there. */
function eager(): Carrier {
  return channelsOf((channel) => {
    channel.handle({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
    return channel;
  });
}

/** Tells what arrives after its own end. */
function lateReading(): Carrier {
  return wrapped({
    end(this: Wrapped) {
      this.inner.end();
      systemClock.soon(() => this.handler?.onData(new Uint8Array(1)));
    },
  })();
}

/** Tells what arrives after destroy. */
function lateData(): Carrier {
  return wrapped({
    destroy(this: Wrapped, error?: Error) {
      this.inner.destroy(error);
      systemClock.soon(() => this.handler?.onData(new Uint8Array(1)));
    },
  })();
}

/** Forgets what has not been flushed when it closes. */
function forgetful(): Carrier {
  return channelsOf((channel) => {
    let closing = false;
    return Object.assign(new Wrapped(channel), {
      write(this: Wrapped, chunks: readonly Uint8Array[], flushed?: () => void) {
        return this.inner.write(chunks, () => {
          if (!closing) flushed?.();
        });
      },
      destroy(this: Wrapped, error?: Error) {
        closing = true;
        this.inner.destroy(error);
      },
    });
  });
}

describe("a carrier that breaks a promise fails the check of that promise", () => {
  test.each(BROKEN)("%s", async (_, carrier, name) => {
    await expect(check(name, carrier(), 1000)).rejects.toThrow();
  });
});

test("each check is failed by one of them", () => {
  // What only a carrier under load or with mixed-up channels would fail is there for those.
  const others = ["very many small writes cost no more each than few", "channels do not mix"];
  const found = new Set([...BROKEN.map(([, , check]) => check), ...others]);
  expect(carrierChecks.map(({ name }) => name).filter((name) => !found.has(name))).toEqual([]);
});

test.each(carrierChecks)("the carrier that they are made from passes: $name", async ({ name }) => {
  await check(name, whole(), 20_000);
  await check(name, wrapped({})(), 20_000);
});
