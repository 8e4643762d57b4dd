import type { Carrier, Channel, ChannelHandler, Listener, ListenOptions } from "disterl/carrier";

/** A carrier to be checked. */
export interface CarrierUnderTest {
  readonly carrier: Carrier;
  /** The side that dials, when it is another one. */
  readonly dialer?: Carrier | undefined;
  /** Where the listening side is reached, and binds. */
  readonly host: string;
  /** Makes time pass until the promise has settled; for carriers on a clock of their own. */
  readonly settle?: (<T>(promise: Promise<T>) => Promise<T>) | undefined;
  /** Called at the end. */
  readonly dispose?: (() => Promise<void>) | undefined;
}

/** Writes down everything a channel tells. */
export class ChannelLog implements ChannelHandler {
  readonly channel: Channel;

  chunks = 0;
  drains = 0;
  readonly closes: (Error | undefined)[] = [];
  /** Called with each chunk, before it is noted. */
  onChunk: ((chunk: Uint8Array) => void) | undefined;
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;
  readonly #changed: (() => void)[] = [];

  constructor(channel: Channel) {
    this.channel = channel;
  }

  /** Bytes received so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** All bytes received so far. */
  join(): Buffer {
    return Buffer.concat(this.#parts);
  }

  onData(chunk: Uint8Array): void {
    this.onChunk?.(chunk);
    this.#parts.push(Uint8Array.from(chunk));
    this.#bytes += chunk.length;
    this.chunks++;
    this.#tell();
  }

  onDrain(): void {
    this.drains++;
    this.#tell();
  }

  onClose(error: Error | undefined): void {
    this.closes.push(error);
    this.#tell();
  }

  #tell(): void {
    for (const changed of this.#changed.splice(0)) changed();
  }

  /** Resolves as soon as the condition holds after something was told. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#changed.push(resolve);
      });
    }
  }
}

/** What the checks work with: a carrier, and everything that must be closed afterwards. */
export class CarrierRig {
  readonly carrier: Carrier;
  readonly dialer: Carrier;
  readonly host: string;
  readonly #subject: CarrierUnderTest;
  readonly #channels: Channel[] = [];
  readonly #listeners: Listener[] = [];

  constructor(subject: CarrierUnderTest) {
    this.#subject = subject;
    this.carrier = subject.carrier;
    this.dialer = subject.dialer ?? subject.carrier;
    this.host = subject.host;
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.#subject.settle?.(promise) ?? promise;
  }

  async listen(
    onChannel: (channel: Channel) => void,
    options: ListenOptions = {},
  ): Promise<Listener> {
    const listener = await this.carrier.listen({ host: this.host, ...options }, (channel) => {
      this.#channels.push(channel);
      onChannel(channel);
    });
    this.#listeners.push(listener);
    return listener;
  }

  async dial(port: number, signal?: AbortSignal): Promise<Channel> {
    const channel = await this.dialer.connect({ host: this.host, port, signal });
    this.#channels.push(channel);
    return channel;
  }

  /** Two ends of one connection that nobody handles yet. */
  async bareChannels(
    signal?: AbortSignal,
  ): Promise<{ dialled: Channel; accepted: Channel; listener: Listener }> {
    let arrived: (channel: Channel) => void = () => {};
    const accepted = new Promise<Channel>((resolve) => {
      arrived = resolve;
    });
    const listener = await this.listen((channel) => arrived(channel));
    const dialled = await this.dial(listener.address.port, signal);
    return { dialled, accepted: await accepted, listener };
  }

  /** Two ends of one connection, both written down. */
  async channels(): Promise<{ dialled: ChannelLog; accepted: ChannelLog }> {
    const bare = await this.bareChannels();
    const dialled = new ChannelLog(bare.dialled);
    const accepted = new ChannelLog(bare.accepted);
    bare.dialled.handle(dialled);
    bare.accepted.handle(accepted);
    return { dialled, accepted };
  }

  async dispose(): Promise<void> {
    for (const channel of this.#channels) channel.destroy();
    await this.settle(Promise.all(this.#listeners.map((listener) => listener.close())));
    await this.#subject.dispose?.();
  }
}

/** Bytes that show where they belong. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++)
    bytes[index] = (index * 31 + (index >> 8) + seed) & 255;
  return bytes;
}

/** Resolves when `flushed` of a write has been called. */
export function flushedWrite(channel: Channel, chunks: readonly Uint8Array[]): Promise<void> {
  return new Promise((resolve) => {
    channel.write(chunks, resolve);
  });
}
