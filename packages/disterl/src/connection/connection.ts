import type { Channel } from "../carrier/carrier.ts";
import type { Clock, Timer } from "../carrier/clock.ts";
import { EtfError } from "../etf/errors.ts";
import type { Signal } from "../signal/signal.ts";
import type { Atom } from "../term/atom.ts";
import { WireError } from "../wire/errors.ts";
import { MessageReader, type MessageReaderOptions } from "../wire/message-reader.ts";
import { MessageWriter } from "../wire/message-writer.ts";
import { signalReceived, signalSent } from "../trace/diagnostics.ts";
import type { ConnectionStats } from "./connection-stats.ts";
import type { Connections } from "./connections.ts";
import type { NodedownReason } from "./errors.ts";
import { Patience } from "./patience.ts";
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
  /** More waits than the busy threshold. */
  busy(connection: Connection): void;
  /** Less waits than half the busy threshold, after {@link Connection.send} returned false. */
  drained(connection: Connection): void;
  /** The end; called once, and nothing comes after it. */
  closed(connection: Connection, reason: NodedownReason, error: Error | undefined): void;
}

export interface ConnectionOptions {
  readonly channel: Channel;
  /** Name of the carrier that the channel is of. */
  readonly carrier: string;
  readonly clock: Clock;
  readonly peer: ConnectionPeer;
  readonly handler: ConnectionHandler;
  /** What it shares with the others of its node. */
  readonly siblings: Connections;
  readonly reader: Omit<MessageReaderOptions, "flags" | "peer" | "onSignal" | "onTick">;
  /** Bytes that wait before `send` says busy (`+zdbbl`). */
  readonly busyBytes: number;
  /** Bytes beyond which nothing more should wait; four times that of messages in fragments. */
  readonly queueBytes: number;
  /** Signals that may wait behind a message in fragments of their own sender. */
  readonly heldSignals: number;
  /** No progress for so many milliseconds while bytes wait: the peer does not read. */
  readonly stallMs: number;
  /** Missed ticks before the peer counts as gone. */
  readonly tickIntensity: number;
}

/** How long a peer may take to read what was said before we hang up. */
const GOODBYE_MS = 1000;

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
  readonly #writer: MessageWriter;
  readonly #queue: SendQueue;
  readonly #options: ConnectionOptions;
  readonly #busyBytes: number;
  readonly #patience: Patience;
  readonly #upSince: number;
  #signalsReceived = 0;
  #busy = false;
  #busyCount = 0;
  #reassemblyBytes = 0;
  #closing: { readonly reason: NodedownReason; readonly error: Error | undefined } | undefined;
  #closed = false;
  #goodbye: Timer | undefined;
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
    this.#upSince = this.#flushedAt = options.clock.now();
    this.#busyBytes = Math.min(options.busyBytes, options.queueBytes);
    this.#patience = new Patience(options.clock, () => this.#hurry());
    const { flags } = options.peer;
    this.#reader = new MessageReader({
      ...options.reader,
      flags,
      peer: options.peer.node.text,
      onSignal: (signal, bytes) => {
        this.#signalsReceived++;
        if (signalReceived.hasSubscribers) this.#traceReceived(signal, bytes);
        this.#handler.signal(this, signal, bytes);
      },
      onTick: () => {},
    });
    this.#writer = new MessageWriter({ flags });
    const { channel, clock } = options;
    this.#queue = new SendQueue(channel, clock, this.#writer, () => this.#relieved());
    options.siblings.add(this);
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

  /** More waits than the busy threshold, or did and not half of it is gone. */
  get busy(): boolean {
    return this.#busy;
  }

  /**
   * Whether more waits than `times` what may wait. A message in fragments is memory of the program's
   * that waits for its turn, and does not keep small ones from being sent; but several of them have
   * an end, too. Only a connection that is {@link busy} can be full.
   */
  isFull(times = 1): boolean {
    const { queueBytes, heldSignals } = this.#options;
    const { pendingBytes, fragmentBytes } = this.#queue;
    return (
      pendingBytes - fragmentBytes > times * queueBytes ||
      fragmentBytes > times * 4 * queueBytes ||
      this.#queue.heldSignals > times * heldSignals
    );
  }

  /** Whether the peer has taken nothing of what waits for it for a second, though it could have. */
  get isDeaf(): boolean {
    return this.#patience.isExhausted;
  }

  /** Bytes held of messages in fragments that are not complete. */
  get reassemblyBytes(): number {
    return this.#reassemblyBytes;
  }

  get stats(): ConnectionStats {
    const queue = this.#queue;
    const read = this.#reader.counts;
    return {
      bytesReceived: this.#channel.receivedBytes,
      bytesSent: queue.writtenBytes,
      signalsReceived: this.#signalsReceived,
      signalsSent: queue.signals,
      framesReceived: read.frames,
      framesSent: queue.frames,
      fragmentsReceived: read.fragments,
      fragmentsSent: queue.fragments,
      ticksReceived: read.ticks,
      ticksSent: queue.ticks,
      atomsCachedIn: read.cachedAtoms,
      atomsCachedOut: this.#writer.cachedAtoms,
      pendingBytes: queue.pendingBytes,
      pendingSignals: queue.pendingSignals,
      reassemblyBytes: this.#reassemblyBytes,
      busyCount: this.#busyCount,
      busy: this.#busy,
      uptimeMs: this.#clock.now() - this.#upSince,
    };
  }

  get remoteAddress(): Channel["remote"] {
    return this.#channel.remote;
  }

  /** Name of the carrier. */
  get carrier(): string {
    return this.#options.carrier;
  }

  get tls(): Channel["tls"] {
    return this.#channel.tls;
  }

  /**
   * Sends a signal.
   * @returns false when more waits than the busy threshold.
   * @throws EtfError, TypeError when it cannot be encoded; nothing of it goes out then.
   */
  send(signal: Signal): boolean {
    if (this.#closing !== undefined || this.#closed) return true;
    this.#queue.send(signal);
    if (signalSent.hasSubscribers) this.#traceSent(signal);
    if (!this.#busy && this.#queue.pendingBytes > this.#busyBytes) this.#becomeBusy();
    return !this.#busy;
  }

  /** Ends the connection; `handler.closed` follows. */
  close(reason: NodedownReason, error?: Error): void {
    if (this.#closing !== undefined || this.#closed) return;
    this.#closing = { reason, error };
    this.#patience.end();
    this.#reader.stop();
    this.#countReassembly();
    // What was said before goes out, except to a peer that has stopped to listen or to make sense.
    if (reason === "disconnect" || reason === "shutdown" || reason === "net_kernel_terminated") {
      this.#queue.finish();
      this.#channel.end();
      this.#goodbye = this.#clock.after(GOODBYE_MS, () => this.#channel.destroy()).unref();
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
    if (!late) this.#sweep();
    if (this.#closing !== undefined || this.#stalled(late)) return;
    const idle = this.#queue.writtenBytes === this.#seenWritten && this.#queue.pendingBytes === 0;
    if (idle || (this.peer.hidden && silent)) this.#queue.tick();
    this.#seenWritten = this.#queue.writtenBytes;
  }

  /** A tick beside those of the net ticker, while net_ticktime is being changed (`aux_tick`). */
  extraTick(): void {
    if (this.#closing !== undefined || this.#closed || this.#queue.pendingBytes > 0) return;
    this.#queue.tick();
  }

  #sweep(): void {
    try {
      this.#reader.sweep(this.#clock.now());
    } catch (error) {
      this.#offended(error as Error);
    }
  }

  #stalled(late: boolean): boolean {
    const flushed = this.#queue.writtenBytes - this.#channel.pendingBytes;
    const now = this.#clock.now();
    if (late || flushed !== this.#flushedBytes || this.#queue.pendingBytes === 0) {
      this.#flushedBytes = flushed;
      this.#flushedAt = now;
      return false;
    }
    if (now - this.#flushedAt < this.#options.stallMs) return false;
    this.close("slow_peer", slowPeer(this));
    return true;
  }

  #received(chunk: Uint8Array): void {
    if (this.#closing !== undefined) return;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#offended(error as Error);
    }
    this.#countReassembly();
  }

  #countReassembly(): void {
    const change = this.#reader.fragmentBytes - this.#reassemblyBytes;
    if (change === 0) return;
    this.#reassemblyBytes += change;
    this.#options.siblings.reassemblyChanged(change);
  }

  #traceReceived(signal: Signal, bytes: number): void {
    const { local } = this.#options.siblings;
    signalReceived.publish({ local, node: this.peer.node.text, signal, bytes });
  }

  #traceSent(signal: Signal): void {
    const { local } = this.#options.siblings;
    signalSent.publish({ local, node: this.peer.node.text, signal });
  }

  /** What the peer did ends the connection, never the program. */
  #offended(error: Error): void {
    this.close(isLimit(error) ? "limit_exceeded" : "protocol_error", error);
  }

  #becomeBusy(): void {
    this.#busy = true;
    this.#busyCount++;
    this.#patience.begin();
    this.#handler.busy(this);
  }

  /** A peer that takes nothing must not make us hold more than the hard cap for it. */
  #hurry(): void {
    if (this.isDeaf && this.isFull()) this.close("slow_peer", slowPeer(this));
  }

  /** Less waits than before. */
  #relieved(): void {
    if (!this.#busy) return;
    this.#patience.progress();
    if (this.#queue.pendingBytes > this.#busyBytes / 2) return;
    this.#busy = false;
    this.#patience.end();
    if (this.#closing === undefined) this.#handler.drained(this);
  }

  #ended(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#goodbye?.cancel();
    this.#patience.end();
    this.#reader.stop();
    this.#countReassembly();
    this.#options.siblings.remove(this);
    const { reason, error: cause } = this.#closing ?? { reason: "connection_closed", error };
    this.#handler.closed(this, reason, cause);
  }
}

/** What is told of a peer that does not read. */
export function slowPeer({ peer, pendingBytes }: Connection): Error {
  return new Error(
    `${peer.node.text} does not read: ${pendingBytes} bytes wait for it, and none of them leave`,
  );
}

/** Whether bytes were legal, and only more than we allow. */
function isLimit(error: unknown): boolean {
  if (!(error instanceof WireError)) return false;
  const { code, cause } = error;
  return code === "ERR_WIRE_LIMIT" || (cause instanceof EtfError && cause.code === "ERR_ETF_LIMIT");
}
