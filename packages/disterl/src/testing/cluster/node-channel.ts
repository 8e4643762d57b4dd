import type { Channel, ChannelHandler, NetAddress } from "disterl/carrier";
import type { NodeClock } from "./node-clock.ts";

/**
 * One end of a connection as a node has it that can be frozen and killed: while it is frozen nothing
 * is read, and once it was killed nobody is told anything.
 */
export class NodeChannel implements Channel {
  readonly #inner: Channel;
  readonly #clock: NodeClock;
  readonly #onChunk: (chunk: Uint8Array) => void;
  readonly #closed: (channel: NodeChannel) => void;
  #paused = true;

  constructor(
    inner: Channel,
    clock: NodeClock,
    onChunk: (chunk: Uint8Array) => void,
    closed: (channel: NodeChannel) => void,
  ) {
    this.#inner = inner;
    this.#clock = clock;
    this.#onChunk = onChunk;
    this.#closed = closed;
  }

  get local(): NetAddress {
    return this.#inner.local;
  }

  get remote(): NetAddress {
    return this.#inner.remote;
  }

  get pendingBytes(): number {
    return this.#inner.pendingBytes;
  }

  get receivedBytes(): number {
    return this.#inner.receivedBytes;
  }

  handle(handler: ChannelHandler): void {
    this.#paused = false;
    this.#inner.handle({
      onData: (chunk) => {
        if (this.#clock.dead) return;
        this.#onChunk(chunk);
        handler.onData(chunk);
      },
      onDrain: () => this.#clock.happen(() => handler.onDrain()),
      onClose: (error) => {
        this.#closed(this);
        this.#clock.happen(() => handler.onClose(error));
      },
    });
    if (this.#clock.frozen) this.#inner.pause();
  }

  pause(): void {
    this.#paused = true;
    this.#inner.pause();
  }

  resume(): void {
    this.#paused = false;
    if (!this.#clock.frozen) this.#inner.resume();
  }

  write(chunks: readonly Uint8Array[], flushed?: () => void): boolean {
    if (this.#clock.dead) return false;
    const tell = flushed === undefined ? undefined : () => this.#clock.happen(flushed);
    return this.#inner.write(chunks, tell);
  }

  end(): void {
    this.#inner.end();
  }

  destroy(error?: Error): void {
    this.#inner.destroy(error);
  }

  /** The node stopped to run. */
  freeze(): void {
    this.#inner.pause();
  }

  /** The node runs again. */
  thaw(): void {
    if (!this.#paused) this.#inner.resume();
  }
}
