import { ByteSink } from "../bytes/byte-sink.ts";
import type { Channel } from "../carrier/carrier.ts";
import type { Clock } from "../carrier/clock.ts";
import { TermEncoder } from "../etf/index.ts";
import type { Signal } from "../signal/signal.ts";
import type { Fragments } from "../wire/fragment-cutter.ts";
import type { MessageWriter } from "../wire/message-writer.ts";
import { Batches } from "./batches.ts";

/** A batch is written out once it holds so many bytes, whatever the time. */
const FLUSH_BYTES = 64 * 1024;
/** The same with referenced binaries: they take no memory of ours, and a call costs like any other. */
const FLUSH_REFERENCED_BYTES = 256 * 1024;
/** A message with no more than this left goes out whole: it would not hold up others for long. */
const WHOLE_BYTES = 256 * 1024;
/** How much of fragmented messages is moved to the socket before others get their turn. */
const PUMP_BYTES = 1024 * 1024;
/** What a signal that waits unencoded is counted with, beside its terms. */
const HELD_BYTES = 64;

/** A fragmented message under way, and what its sender has said since. */
interface InProgress {
  readonly fragments: Fragments;
  readonly behind: Held[];
}

interface Held {
  readonly signal: Signal;
  readonly bytes: number;
}

/**
 * What goes out over one connection: signals are encoded at once, straight into the batch that will
 * be written, so that nothing is copied twice and the order is that of the calls.
 *
 * When to write: the first signal of a turn of the event loop goes out at once, for its latency; the
 * others of that turn go out together (`docs/decisions/`). Monitors and their ends wait for what they
 * belong to: of a call, its monitor, its request and the end of the monitor before are one write.
 * Fragments of large messages take turns, and small signals pass between them; a sender's next signal
 * waits behind its own fragments. `onProgress` is called when less waits than before.
 */
export class SendQueue {
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #writer: MessageWriter;
  readonly #onProgress: () => void;
  readonly #batches = new Batches();
  /** Full batches that the channel had no room for. */
  #full: ByteSink[] = [];
  #fullBytes = 0;
  readonly #inProgress = new Map<string, InProgress>();
  #batch = this.#batches.next();
  #fragmentBytes = 0;
  #heldBytes = 0;
  #heldSignals = 0;
  /** Names fragmented messages that no process has sent. */
  #anonymous = 0;
  /** The first signal of this turn has gone. */
  #hot = false;
  /** The end of this turn is waited for. */
  #cooling = false;
  #blocked = false;
  #pumping = false;
  /** Bytes handed to the channel so far. */
  writtenBytes = 0;
  /** Signals taken so far. */
  signals = 0;
  /** Further fragments written so far. */
  fragments = 0;
  ticks = 0;
  /** Signals that have left, whole. */
  #goneSignals = 0;

  constructor(channel: Channel, clock: Clock, writer: MessageWriter, onProgress: () => void) {
    this.#channel = channel;
    this.#clock = clock;
    this.#writer = writer;
    this.#onProgress = onProgress;
  }

  /** Bytes that wait: in the channel, in the batch, in fragments or behind them. */
  get pendingBytes(): number {
    const encoded = this.#fullBytes + this.#batch.totalBytes;
    return this.#channel.pendingBytes + encoded + this.fragmentBytes;
  }

  /**
   * Bytes that wait of messages in fragments and of what stands behind them: most of it memory of
   * the program's, not copied.
   */
  get fragmentBytes(): number {
    return this.#fragmentBytes + this.#heldBytes;
  }

  /** Signals that wait, not encoded yet, behind a message in fragments of their own sender. */
  get heldSignals(): number {
    return this.#heldSignals;
  }

  /** Signals that wait, or of which a part does. */
  get pendingSignals(): number {
    return this.signals - this.#goneSignals;
  }

  /** Frames written so far, ticks not counted. */
  get frames(): number {
    return this.signals - this.#heldSignals + this.fragments;
  }

  /**
   * Queues a signal.
   * @throws EtfError, TypeError when it cannot be encoded; nothing of it goes out then.
   */
  send(signal: Signal): void {
    if (this.#inProgress.size > 0 && this.#waitsBehindItsOwn(signal)) return;
    const fragments = this.#writer.write(signal, this.#batch);
    this.signals++;
    if (fragments !== undefined && !this.#wroteWhole(fragments)) this.#begin(signal, fragments, []);
    this.#written(signal);
  }

  /** Queues a tick: a frame of no bytes. */
  tick(): void {
    this.ticks++;
    this.#batch.ensure(4);
    this.#batch.buffer.fill(0, this.#batch.length, this.#batch.length + 4);
    this.#batch.length += 4;
    this.#flush();
  }

  /** The channel is about to end: what is in the batch goes out before. */
  finish(): void {
    this.#blocked = false;
    this.#flush();
  }

  /** The channel has room again. */
  drained(): void {
    this.#blocked = false;
    this.#flush();
    if (this.#inProgress.size > 0) this.#pump();
  }

  #written(signal: Signal): void {
    if (this.#isFull()) {
      this.#flush();
    } else if (!this.#hot) {
      if (!waitsForCompany(signal)) {
        this.#hot = true;
        this.#flush();
      }
      if (this.#cooling) return;
      this.#cooling = true;
      this.#clock.soon(this.#cool);
    }
  }

  #isFull(): boolean {
    const { length, totalBytes } = this.#batch;
    return length >= FLUSH_BYTES || totalBytes >= FLUSH_REFERENCED_BYTES;
  }

  /** End of a turn. While every turn has something to send, each writes once. */
  readonly #cool = (): void => {
    const empty = this.#batch.totalBytes === 0;
    // While the channel has no room, its drain writes what there is.
    this.#hot = this.#cooling = !empty && !this.#blocked;
    if (this.#hot) {
      this.#flush();
      this.#clock.soon(this.#cool);
    } else if (empty) {
      this.#batches.release(this.#batch);
      this.#batch = this.#batches.next();
    }
  };

  #flush(): void {
    const batch = this.#batch;
    if (this.#blocked) {
      if (this.#isFull()) this.#putAside(batch);
      return;
    }
    const { totalBytes } = batch;
    if (this.#fullBytes + totalBytes === 0) return;
    const pieces = this.#full.flatMap((full) => full.pieces());
    const written = this.#full;
    if (totalBytes > 0) {
      pieces.push(...batch.pieces());
      written.push(batch);
      this.#batch = this.#batches.next(batch);
    }
    this.writtenBytes += this.#fullBytes + totalBytes;
    this.#full = [];
    this.#fullBytes = 0;
    const whole = this.signals - this.#heldSignals - this.#inProgress.size;
    const goOn = this.#channel.write(pieces, () => {
      for (const one of written) this.#batches.release(one);
      this.#goneSignals = whole;
      this.#onProgress();
    });
    if (!goOn) this.#blocked = true;
  }

  #putAside(batch: ByteSink): void {
    this.#full.push(batch);
    this.#fullBytes += batch.totalBytes;
    this.#batch = this.#batches.next(batch);
  }

  // ── fragments ─────────────────────────────────────────────────────────────────────────────────

  /** Where there is little left of a message, all of it goes into the batch. */
  #wroteWhole(fragments: Fragments): boolean {
    if (fragments.bytesLeft > WHOLE_BYTES) return false;
    do this.fragments++;
    while (!fragments.nextFragment(this.#batch));
    return true;
  }

  #waitsBehindItsOwn(signal: Signal): boolean {
    const key = senderKey(signal);
    const own = key === undefined ? undefined : this.#inProgress.get(key);
    if (own === undefined) return false;
    const bytes = HELD_BYTES + this.#encodedBytes(signal);
    this.signals++;
    own.behind.push({ signal, bytes });
    this.#heldBytes += bytes;
    this.#heldSignals++;
    return true;
  }

  /** Bytes of the terms that a signal carries. Throws now what writing it would throw later. */
  #encodedBytes(signal: Signal): number {
    const term =
      "message" in signal ? signal.message : "reason" in signal ? signal.reason : undefined;
    if (term === undefined) return 0;
    const sink = new ByteSink();
    new TermEncoder().encode(term, sink);
    return sink.totalBytes;
  }

  #begin(signal: Signal, fragments: Fragments, behind: Held[]): void {
    this.#inProgress.set(senderKey(signal) ?? `${++this.#anonymous}`, { fragments, behind });
    this.#fragmentBytes += fragments.bytesLeft;
    if (!this.#pumping) {
      this.#pumping = true;
      this.#clock.soon(this.#pumpSoon);
    }
  }

  /** The next signals of a sender whose message is out, up to its next large one. */
  #release(behind: readonly Held[]): void {
    for (const [index, { signal, bytes }] of behind.entries()) {
      this.#heldSignals--;
      this.#heldBytes -= bytes;
      try {
        const fragments = this.#writer.write(signal, this.#batch);
        if (fragments !== undefined && !this.#wroteWhole(fragments)) {
          this.#begin(signal, fragments, behind.slice(index + 1));
          return;
        }
      } catch {
        // It could be encoded when it was queued: who changed it since, loses it.
      }
      if (this.#isFull()) this.#flush();
    }
  }

  readonly #pumpSoon = (): void => {
    this.#pumping = false;
    this.#pump();
  };

  #pump(): void {
    const until = this.writtenBytes + PUMP_BYTES;
    for (const [key, { fragments, behind }] of this.#inProgress) {
      if (this.#blocked || this.writtenBytes >= until) break;
      const before = fragments.bytesLeft;
      const last = fragments.nextFragment(this.#batch);
      this.fragments++;
      this.#fragmentBytes += fragments.bytesLeft - before;
      // To the end of the rotation; or out of it, and its sender's next signals follow.
      this.#inProgress.delete(key);
      if (last) this.#release(behind);
      else this.#inProgress.set(key, { fragments, behind });
      if (this.#isFull()) this.#flush();
    }
    if (this.#batch.totalBytes > 0) this.#flush();
    if (this.#inProgress.size > 0 && !this.#blocked && !this.#pumping) {
      this.#pumping = true;
      this.#clock.soon(this.#pumpSoon);
    }
  }
}

/** Signals that something else follows as a rule, and that nobody waits for where nothing does. */
function waitsForCompany({ type }: Signal): boolean {
  return type === "monitor" || type === "demonitor";
}

/** Who must not overtake itself. Replies of the node itself have an order of their own. */
function senderKey(signal: Signal): string | undefined {
  if (signal.type === "group_leader" || signal.type === "spawn_reply") return undefined;
  const from = signal.from;
  return from === undefined || typeof from === "boolean" || !("key" in from) ? undefined : from.key;
}
