import type { Channel } from "../carrier/carrier.ts";
import type { Clock } from "../carrier/clock.ts";
import { EtfError } from "../etf/errors.ts";
import type { Signal } from "../signal/signal.ts";
import type { Atom } from "../term/atom.ts";
import { WireError } from "../wire/errors.ts";
import { MessageReader, type MessageReaderOptions } from "../wire/message-reader.ts";
import { MessageWriter } from "../wire/message-writer.ts";
import type { NodedownReason } from "./errors.ts";
import { SendQueue } from "./send-queue.ts";

/** The other node, as the handshake has shown it. */
export interface ConnectionPeer {
  readonly node: Atom;
  readonly creation: number;
  /** Flags in force: those of both sides. */
  readonly flags: bigint;
  readonly hidden: boolean;
}

/** What a connection tells the node. */
export interface ConnectionHandler {
  signal(connection: Connection, signal: Signal, bytes: number): void;
  /** Less waits than the busy threshold, after {@link Connection.send} returned false. */
  drained(connection: Connection): void;
  /** The end; called once, and nothing comes after it. */
  closed(connection: Connection, reason: NodedownReason, error: Error | undefined): void;
}

export interface ConnectionOptions {
  readonly channel: Channel;
  readonly clock: Clock;
  readonly peer: ConnectionPeer;
  readonly handler: ConnectionHandler;
  readonly reader: Omit<MessageReaderOptions, "flags" | "peer" | "onSignal" | "onTick">;
  /** Bytes that wait before `send` says busy (`+zdbbl`). */
  readonly busyBytes: number;
  /** No progress for so many milliseconds while bytes wait: the peer does not read. */
  readonly stallMs: number;
  /** Missed ticks before the peer counts as gone. */
  readonly tickIntensity: number;
}

const TICK = new Uint8Array(4);
/** How long a peer may take to read what was said before we hang up. */
const GOODBYE_MS = 1000;

/** Counters of one connection since it came up. */
export interface ConnectionStats {
  /** Bytes that came in, ticks included. */
  readonly bytesReceived: number;
  /** Bytes that went out. */
  readonly bytesSent: number;
  /** Signals that came in. */
  readonly signalsReceived: number;
  /** Signals that were given to the connection. */
  readonly signalsSent: number;
  /** Bytes that wait to be sent. */
  readonly pendingBytes: number;
}

/**
 * One live link to another node: bytes in become signals, signals become bytes. Mirrors `con_loop`
 * of `dist_util.erl`; differs in: nothing here waits, so there is no loop.
 */
export class Connection {
  readonly peer: ConnectionPeer;
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #handler: ConnectionHandler;
  readonly #reader: MessageReader;
  readonly #queue: SendQueue;
  readonly #options: ConnectionOptions;
  #signalsReceived = 0;
  #signalsSent = 0;
  #busy = false;
  #closing: { readonly reason: NodedownReason; readonly error: Error | undefined } | undefined;
  #closed = false;
  // What the last tick check saw.
  #seenReceived = 0;
  #seenWritten = 0;
  #missedTicks = 0;
  #flushedBytes = 0;
  #flushedAt: number;

  constructor(options: ConnectionOptions) {
    this.peer = options.peer;
    this.#options = options;
    this.#channel = options.channel;
    this.#clock = options.clock;
    this.#handler = options.handler;
    this.#flushedAt = options.clock.now();
    const { flags } = options.peer;
    this.#reader = new MessageReader({
      ...options.reader,
      flags,
      peer: options.peer.node.text,
      onSignal: (signal, bytes) => {
        this.#signalsReceived++;
        this.#handler.signal(this, signal, bytes);
      },
      onTick: () => {},
    });
    const writer = new MessageWriter({ flags });
    this.#queue = new SendQueue(options.channel, options.clock, writer, () => this.#relieved());
  }

  /** Begins to read, with the bytes that came behind the handshake. */
  start(rest: Uint8Array): void {
    this.#channel.handle({
      onData: (chunk) => this.#received(chunk),
      onDrain: () => this.#queue.drained(),
      onClose: (error) => this.#ended(error),
    });
    if (rest.length > 0) this.#received(rest);
    this.#channel.resume();
  }

  get pendingBytes(): number {
    return this.#queue.pendingBytes;
  }

  /** What waits to be sent, for those who decide whether more may wait. */
  get queue(): Pick<SendQueue, "pendingBytes" | "fragmentBytes" | "heldSignals"> {
    return this.#queue;
  }

  get busy(): boolean {
    return this.#busy;
  }

  get stats(): ConnectionStats {
    return {
      bytesReceived: this.#channel.receivedBytes,
      bytesSent: this.#queue.writtenBytes,
      signalsReceived: this.#signalsReceived,
      signalsSent: this.#signalsSent,
      pendingBytes: this.#queue.pendingBytes,
    };
  }

  get remoteAddress(): Channel["remote"] {
    return this.#channel.remote;
  }

  /**
   * Sends a signal.
   * @returns false when more waits than the busy threshold.
   * @throws EtfError, TypeError when it cannot be encoded; nothing of it goes out then.
   */
  send(signal: Signal): boolean {
    if (this.#closing !== undefined || this.#closed) return true;
    this.#queue.send(signal);
    this.#signalsSent++;
    if (!this.#busy && this.#queue.pendingBytes > this.#options.busyBytes) this.#busy = true;
    return !this.#busy;
  }

  /** Ends the connection; `handler.closed` follows. */
  close(reason: NodedownReason, error?: Error): void {
    if (this.#closing !== undefined || this.#closed) return;
    this.#closing = { reason, error };
    this.#reader.stop();
    // What was said before goes out, except to a peer that has stopped to listen or to make sense.
    if (reason === "disconnect" || reason === "shutdown" || reason === "net_kernel_terminated") {
      this.#queue.finish();
      this.#channel.end();
      this.#clock.after(GOODBYE_MS, () => this.#channel.destroy()).unref();
    } else {
      this.#channel.destroy(error);
    }
  }

  /**
   * One interval of the net ticker has passed. Mirrors `con_loop`'s `tick` (protocol TK-1 to TK-6).
   * `late`: our own timer was, so what the peer did not send yet is not held against it.
   */
  tick(late: boolean): void {
    if (this.#closing !== undefined || this.#closed) return;
    const received = this.#channel.receivedBytes;
    const silent = received === this.#seenReceived;
    this.#seenReceived = received;
    this.#missedTicks = silent ? this.#missedTicks + (late ? 0 : 1) : 0;
    if (this.#missedTicks >= this.#options.tickIntensity) {
      this.close("net_tick_timeout");
      return;
    }
    try {
      this.#reader.sweep(this.#clock.now());
    } catch (error) {
      this.#offended(error as Error);
    }
    if (this.#closing !== undefined || this.#stalled()) return;
    const idle = this.#queue.writtenBytes === this.#seenWritten && this.#queue.pendingBytes === 0;
    if (idle || (this.peer.hidden && silent)) this.#queue.sendRaw(TICK);
    this.#seenWritten = this.#queue.writtenBytes;
  }

  /** A tick beside those of the net ticker, while net_ticktime is being changed (`aux_tick`). */
  extraTick(): void {
    if (this.#closing !== undefined || this.#closed || this.#queue.pendingBytes > 0) return;
    this.#queue.sendRaw(TICK);
  }

  #stalled(): boolean {
    const flushed = this.#queue.writtenBytes - this.#channel.pendingBytes;
    const now = this.#clock.now();
    if (flushed !== this.#flushedBytes || this.#queue.pendingBytes === 0) {
      this.#flushedBytes = flushed;
      this.#flushedAt = now;
      return false;
    }
    if (now - this.#flushedAt < this.#options.stallMs) return false;
    this.close("slow_peer");
    return true;
  }

  #received(chunk: Uint8Array): void {
    if (this.#closing !== undefined) return;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#offended(error as Error);
    }
  }

  /** What the peer did ends the connection, never the program. */
  #offended(error: Error): void {
    this.close(isLimit(error) ? "limit_exceeded" : "protocol_error", error);
  }

  /** Less waits than before. */
  #relieved(): void {
    if (this.#busy && this.#queue.pendingBytes <= this.#options.busyBytes / 2) {
      this.#busy = false;
      this.#handler.drained(this);
    }
  }

  #ended(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    const { reason, error: cause } = this.#closing ?? { reason: "connection_closed", error };
    this.#handler.closed(this, reason, cause);
  }
}

/** Whether bytes were legal, and only more than we allow. */
function isLimit(error: unknown): boolean {
  if (!(error instanceof WireError)) return false;
  const { code, cause } = error;
  return code === "ERR_WIRE_LIMIT" || (cause instanceof EtfError && cause.code === "ERR_ETF_LIMIT");
}
