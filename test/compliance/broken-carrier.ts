import {
  type Carrier,
  type Channel,
  type ChannelHandler,
  MemoryNetwork,
  systemClock,
} from "disterl/carrier";

/** A channel that passes everything on: what a broken one is made from. */
export class Wrapped implements Channel {
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
export function channelsOf(broken: (channel: Channel) => Channel): Carrier {
  const carrier = whole();
  return {
    ...carrier,
    listen: (options, onChannel) =>
      carrier.listen(options, (channel) => onChannel(broken(channel))),
    connect: async (options) => broken(await carrier.connect(options)),
  };
}

/** A carrier over memory, some of which is replaced. */
export function broken(change: (carrier: Carrier) => Partial<Carrier>): Carrier {
  const carrier = whole();
  return { ...carrier, ...change(carrier) };
}

export function whole(): Carrier {
  return new MemoryNetwork({ clock: systemClock }).carrier("here");
}

export function wrapped(
  change: Partial<Record<keyof Channel | keyof Wrapped, unknown>>,
): () => Carrier {
  return () =>
    channelsOf((channel) => Object.defineProperties(new Wrapped(channel), fields(change)));
}

function fields(change: object): PropertyDescriptorMap {
  return Object.getOwnPropertyDescriptors(change);
}

/** What is broken, how, and the check that says so. */
export type Broken = readonly [what: string, carrier: () => Carrier, check: string];
