import type { Carrier, Channel, ConnectOptions, Listener, ListenOptions } from "disterl/carrier";
import { NodeChannel } from "./node-channel.ts";
import type { NodeClock } from "./node-clock.ts";

/** The memory carrier as a node has it that can be frozen and killed. */
export class NodeCarrier implements Carrier {
  readonly name: string;
  readonly handshakeLengthBytes: 2 | 4;
  readonly #inner: Carrier;
  readonly #clock: NodeClock;
  readonly #onChunk: (from: string, chunk: Uint8Array) => void;
  readonly #channels = new Set<NodeChannel>();
  readonly #listeners = new Set<Listener>();

  constructor(
    inner: Carrier,
    clock: NodeClock,
    onChunk: (from: string, chunk: Uint8Array) => void,
  ) {
    this.name = inner.name;
    this.handshakeLengthBytes = inner.handshakeLengthBytes;
    this.#inner = inner;
    this.#clock = clock;
    this.#onChunk = onChunk;
  }

  async listen(options: ListenOptions, onChannel: (channel: Channel) => void): Promise<Listener> {
    const inner = await this.#inner.listen(options, (channel) => {
      const wrapped = this.#wrap(channel);
      this.#clock.happen(() => onChannel(wrapped));
    });
    this.#listeners.add(inner);
    return {
      address: inner.address,
      close: () => {
        this.#listeners.delete(inner);
        return inner.close();
      },
    };
  }

  connect(options: ConnectOptions): Promise<Channel> {
    return new Promise((resolve, reject) => {
      this.#inner.connect(options).then(
        (channel) => {
          const wrapped = this.#wrap(channel);
          this.#clock.happen(() => resolve(wrapped));
        },
        (error: unknown) => this.#clock.happen(() => reject(error)),
      );
    });
  }

  freeze(): void {
    for (const channel of this.#channels) channel.freeze();
  }

  thaw(): void {
    for (const channel of this.#channels) channel.thaw();
  }

  /** What the kernel does for a process that was killed: everything is closed, without a word. */
  die(): void {
    for (const listener of this.#listeners) void listener.close();
    for (const channel of this.#channels) channel.destroy();
    this.#listeners.clear();
    this.#channels.clear();
  }

  #wrap(inner: Channel): NodeChannel {
    const from = inner.remote.address;
    const channel = new NodeChannel(
      inner,
      this.#clock,
      (chunk) => this.#onChunk(from, chunk),
      (closed) => this.#channels.delete(closed),
    );
    if (this.#clock.dead) channel.destroy();
    else this.#channels.add(channel);
    return channel;
  }
}
