import assert from "node:assert/strict";
import type { Carrier, Channel, ChannelHandler, Listener, ListenOptions } from "disterl/carrier";

/** A carrier to be checked. */
export interface CarrierUnderTest {
  /** The side that listens, and dials unless there is a {@link dialer}. */
  readonly carrier: Carrier;
  /** The side that dials, when it is another one. */
  readonly dialer?: Carrier | undefined;
  /** Where the listening side is reached, and binds; of one that `findsNodes` the host in node names. */
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
  /** What was told when nothing may be told any more, or not now. */
  readonly wrong: string[] = [];
  #calling: string | undefined;
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

  /** Makes a call of the owner, during which nothing may be told. */
  call<Result>(name: string, call: () => Result): Result {
    this.#calling = name;
    try {
      return call();
    } finally {
      this.#calling = undefined;
    }
  }

  #note(what: string): void {
    if (this.closes.length > 0) this.wrong.push(`${what} was called after onClose`);
    if (this.#calling !== undefined) this.wrong.push(`${what} was called during ${this.#calling}`);
  }

  onData(chunk: Uint8Array): void {
    this.#note("onData");
    this.onChunk?.(chunk);
    this.#parts.push(Uint8Array.from(chunk));
    this.#bytes += chunk.length;
    this.chunks++;
    this.#tell();
  }

  onDrain(): void {
    this.#note("onDrain");
    this.drains++;
    this.#tell();
  }

  onClose(error: Error | undefined): void {
    this.#note("onClose");
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
  readonly #logs: ChannelLog[] = [];
  readonly #wrong = new Set<string>();
  /** The listeners, and the nodes that they stand for. */
  readonly #listeners = new Map<Listener, string>();
  #nodes = 0;

  constructor(subject: CarrierUnderTest) {
    this.#subject = subject;
    this.carrier = subject.carrier;
    this.dialer = subject.dialer ?? subject.carrier;
    this.host = subject.host;
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.#subject.settle?.(promise) ?? promise;
  }

  /** Listens for a node, by default for one that there was not before. */
  async listen(
    onChannel: (channel: Channel) => void,
    options: ListenOptions = {},
  ): Promise<Listener> {
    const { node = `check${this.#nodes++}@${this.host}` } = options;
    const listener = await this.carrier.listen({ host: this.host, ...options, node }, (channel) => {
      this.#channels.push(channel);
      onChannel(channel);
    });
    this.#listeners.set(listener, node);
    return listener;
  }

  /** The node that a listener stands for. */
  nodeOf(listener: Listener): string {
    return this.#listeners.get(listener) ?? assert.fail("that is no listener of this rig");
  }

  /** Options that ask for the very address of a listener. */
  sameAddress(listener: Listener): ListenOptions {
    return this.carrier.findsNodes === true
      ? { node: this.nodeOf(listener) }
      : { port: listener.address.port };
  }

  async dial(listener: Listener, signal?: AbortSignal): Promise<Channel> {
    const node = this.nodeOf(listener);
    const { port } = listener.address;
    const channel = await this.dialer.connect({ host: this.host, port, node, signal });
    this.#channels.push(channel);
    return channel;
  }

  /** Handles a channel, and writes down what it tells. */
  log(channel: Channel): ChannelLog {
    const log = new ChannelLog(channel);
    this.#logs.push(log);
    log.call("handle", () => channel.handle(log));
    return log;
  }

  /** Notes what a callback has found wrong: it would be thrown into the carrier there. */
  wrong(what: string): void {
    this.#wrong.add(what);
  }

  /** That nothing was told at a wrong time. */
  assertInOrder(): void {
    const wrong = new Set([...this.#wrong, ...this.#logs.flatMap((log) => log.wrong)]);
    assert.deepEqual([...wrong], []);
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
    const dialled = await this.dial(listener, signal);
    return { dialled, accepted: await accepted, listener };
  }

  /** Two ends of one connection, both written down. */
  async channels(): Promise<{ dialled: ChannelLog; accepted: ChannelLog }> {
    const bare = await this.bareChannels();
    return { dialled: this.log(bare.dialled), accepted: this.log(bare.accepted) };
  }

  async dispose(): Promise<void> {
    for (const channel of this.#channels) channel.destroy();
    await this.settle(
      Promise.all(Array.from(this.#listeners.keys(), (listener) => listener.close())),
    );
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
