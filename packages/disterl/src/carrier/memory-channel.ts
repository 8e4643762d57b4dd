import type { Channel, ChannelHandler, NetAddress } from "./carrier.ts";
import type { Clock, Timer } from "./clock.ts";
import { Fifo } from "./fifo.ts";

/**
 * How bytes are cut when they arrive: as they were written, one by one, or at random (and joined at
 * random, too).
 */
export type Chunking = "whole" | "bytes" | "random";

/** What a pair of channels knows of the network between them. */
export interface MemoryWire {
  readonly clock: Clock;
  readonly chunking: Chunking;
  readonly windowBytes: number;
  readonly chance: () => number;
  readonly travel: (arrive: () => void) => void;
  readonly closed: (channel: MemoryChannel) => void;
}

/** More bytes pending than this make {@link Channel.write} return false. */
const HIGH_WATER_BYTES = 64 * 1024;
/** How long an ended channel waits for the peer to close, in milliseconds. */
const LINGER_MS = 2_000;
/** What a chunk is overwritten with after its call: who kept it without copying shall notice. */
const SCRIBBLE = 0xdb;

interface Pending {
  readonly bytes: Uint8Array;
  sent: number;
  readonly flushed: (() => void) | undefined;
}

/** One end of a connection in memory. Never calls its handler during a call of its owner. */
export class MemoryChannel implements Channel {
  readonly local: NetAddress;
  readonly remote: NetAddress;
  readonly #wire: MemoryWire;
  #peer!: MemoryChannel;
  #handler: ChannelHandler | undefined;
  #state: "open" | "ending" | "destroyed" | "closed" = "open";
  #error: Error | undefined;
  #paused = true;
  #receivedBytes = 0;
  #pendingBytes = 0;
  readonly #pending = new Fifo<Pending>();
  #needsDrain = false;
  /** Bytes that have left us and that the peer's handler has not seen. */
  #underWay = 0;
  /** On the wire towards the peer, in order. */
  readonly #transit = new Fifo<Uint8Array | "end">();
  /** Arrived here, in order. */
  readonly #inbox = new Fifo<Uint8Array | "end">();
  #pumpIsDue = false;
  #deliveryIsDue = false;
  #linger: Timer | undefined;

  private constructor(wire: MemoryWire, local: NetAddress, remote: NetAddress) {
    this.#wire = wire;
    this.local = local;
    this.remote = remote;
  }

  static pair(wire: MemoryWire, near: NetAddress, far: NetAddress): [MemoryChannel, MemoryChannel] {
    const ours = new MemoryChannel(wire, near, far);
    const theirs = new MemoryChannel(wire, far, near);
    ours.#peer = theirs;
    theirs.#peer = ours;
    return [ours, theirs];
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  handle(handler: ChannelHandler): void {
    this.#handler = handler;
    if (this.#state === "closed") this.#wire.clock.soon(() => handler.onClose(this.#error));
    else this.resume();
  }

  pause(): void {
    if (this.#state === "open") this.#paused = true;
  }

  resume(): void {
    if (this.#state !== "open") return;
    this.#paused = false;
    this.#deliverSoon();
  }

  write(chunks: readonly Uint8Array[], flushed?: () => void): boolean {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (this.#state !== "open" || bytes === 0) {
      if (flushed !== undefined) this.#wire.clock.soon(flushed);
      return this.#state === "open";
    }
    const last = chunks.length - 1;
    chunks.forEach((chunk, index) => {
      this.#pending.push({ bytes: chunk, sent: 0, flushed: index === last ? flushed : undefined });
    });
    this.#pendingBytes += bytes;
    this.#pumpSoon();
    if (this.#pendingBytes < HIGH_WATER_BYTES) return true;
    this.#needsDrain = true;
    return false;
  }

  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.#paused = false;
    this.#pumpSoon();
    this.#deliverSoon();
  }

  destroy(error?: Error): void {
    if (this.#state === "destroyed" || this.#state === "closed") return;
    this.#leave(error);
    this.#send("end");
  }

  /** The connection is broken: for the network. @internal */
  lose(error: Error): void {
    if (this.#state === "destroyed" || this.#state === "closed") return;
    this.#transit.clear();
    this.#leave(error);
  }

  #leave(error: Error | undefined): void {
    this.#state = "destroyed";
    this.#error = error;
    this.#wire.clock.soon(() => this.#close());
  }

  #close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#linger?.cancel();
    this.#pendingBytes = 0;
    this.#inbox.clear();
    this.#wire.closed(this);
    while (this.#pending.length > 0) this.#pending.shift()?.flushed?.();
    this.#handler?.onClose(this.#error);
  }

  #pumpSoon(): void {
    if (this.#pumpIsDue) return;
    this.#pumpIsDue = true;
    this.#wire.clock.soon(() => {
      this.#pumpIsDue = false;
      this.#pump();
    });
  }

  /** Sends what the window allows. */
  #pump(): void {
    while (this.#state === "open" || this.#state === "ending") {
      const first = this.#pending.peek();
      const room = this.#wire.windowBytes - this.#underWay;
      if (first === undefined || room <= 0) break;
      const end = Math.min(first.sent + room, first.bytes.length);
      const piece = new Uint8Array(first.bytes.subarray(first.sent, end)); // a copy
      first.sent = end;
      this.#pendingBytes -= piece.length;
      this.#underWay += piece.length;
      if (piece.length > 0) this.#send(piece);
      if (end < first.bytes.length) break;
      this.#pending.shift();
      first.flushed?.();
    }
    if (this.#pending.length > 0) return;
    if (this.#state === "ending" && this.#linger === undefined) {
      this.#send("end");
      this.#linger = this.#wire.clock.after(LINGER_MS, () => this.#close());
    }
    if (!this.#needsDrain || this.#state !== "open") return;
    this.#needsDrain = false;
    this.#handler?.onDrain();
  }

  #send(item: Uint8Array | "end"): void {
    this.#transit.push(item);
    this.#wire.travel(() => {
      const arrived = this.#transit.shift();
      const peer = this.#peer;
      if (arrived !== undefined) peer.#arrive(arrived);
    });
  }

  #arrive(item: Uint8Array | "end"): void {
    if (this.#state === "destroyed" || this.#state === "closed") return;
    this.#inbox.push(item);
    this.#deliver();
  }

  #deliverSoon(): void {
    if (this.#deliveryIsDue) return;
    this.#deliveryIsDue = true;
    this.#wire.clock.soon(() => {
      this.#deliveryIsDue = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    while (!this.#paused && (this.#state === "open" || this.#state === "ending")) {
      const item = this.#inbox.shift();
      if (item === undefined) return;
      if (item === "end") {
        if (this.#state === "open") this.#send("end");
        return this.#close();
      }
      const piece = this.#cut(item);
      this.#receivedBytes += piece.length;
      const peer = this.#peer;
      peer.#underWay -= piece.length;
      peer.#pumpSoon();
      if (this.#state === "ending") continue;
      this.#handler?.onData(piece);
      piece.fill(SCRIBBLE);
    }
  }

  /** Takes a piece off the front of what has arrived, and puts the rest back. */
  #cut(item: Uint8Array): Uint8Array {
    const { chunking, chance } = this.#wire;
    let whole = item;
    const next = this.#inbox.peek();
    if (chunking === "random" && next instanceof Uint8Array && chance() < 0.5) {
      this.#inbox.shift();
      whole = Buffer.concat([item, next]);
    }
    const most = whole.length;
    const size =
      chunking === "whole" ? most : chunking === "bytes" ? 1 : 1 + Math.floor(chance() ** 3 * most);
    const length = Math.min(size, most);
    if (length < most) this.#inbox.unshift(whole.subarray(length));
    return new Uint8Array(whole.subarray(0, length));
  }
}
