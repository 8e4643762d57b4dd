import { type Carrier, type ChannelHandler, systemClock } from "disterl/carrier";
import { type Broken, channelsOf, Wrapped, wrapped } from "./broken-carrier.ts";

/** Carriers whose channels break a promise. */
export const brokenChannels: readonly Broken[] = [
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
