import type { Socket } from "node:net";
import type { Channel, ChannelHandler, NetAddress } from "./carrier.ts";
import type { Clock, Timer } from "./clock.ts";
import { lostError } from "./errors.ts";
import { Fifo } from "./fifo.ts";

/** More bytes pending than this make {@link Channel.write} return false. */
const HIGH_WATER_BYTES = 256 * 1024;

/**
 * How long an ended channel waits for the peer to close, in milliseconds. Closing with unread bytes
 * would make the system send a reset, and a reset may overtake what we sent last.
 */
const LINGER_MS = 2_000;

/**
 * A channel over a connected `net.Socket`, or a `tls.TLSSocket`, that allows half-open and is paused.
 * What its socket reads goes into {@link received}.
 */
export class SocketChannel implements Channel {
  readonly local: NetAddress;
  readonly remote: NetAddress;
  readonly #socket: Socket;
  readonly #clock: Clock;
  #handler: ChannelHandler | undefined;
  #receivedBytes = 0;
  #needsDrain = false;
  /** In the order of the writes. */
  readonly #unflushed = new Fifo<() => void>();
  #state: "open" | "ending" | "destroyed" | "closed" = "open";
  #error: Error | undefined;
  #linger: Timer | undefined;

  constructor(socket: Socket, local: NetAddress, remote: NetAddress, clock: Clock) {
    this.#socket = socket;
    this.local = local;
    this.remote = remote;
    this.#clock = clock;
    socket.on("error", (error) => {
      this.#failed(error);
      socket.destroy(); // a TLS socket tells of a broken record, or of an alert, and stays
    });
    socket.on("end", () => socket.destroy());
    socket.on("finish", () => this.#finished());
    socket.on("close", () => this.#closed());
  }

  protected get isOpen(): boolean {
    return this.#state === "open";
  }

  get pendingBytes(): number {
    return this.#state === "closed" ? 0 : this.#socket.writableLength;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  handle(handler: ChannelHandler): void {
    this.#handler = handler;
    if (this.#state === "closed") process.nextTick(() => handler.onClose(this.#error));
    else this.resume();
  }

  pause(): void {
    if (this.#state === "open") this.#socket.pause();
  }

  resume(): void {
    if (this.#state === "open") this.#socket.resume();
  }

  /** What the socket has read. @internal */
  received(chunk: Uint8Array): void {
    this.#receivedBytes += chunk.length;
    if (this.#state === "open") this.handOut(chunk);
  }

  /** Gives the handler what has been read. */
  protected handOut(chunk: Uint8Array): void {
    this.#handler?.onData(chunk);
  }

  write(chunks: readonly Uint8Array[], flushed: () => void = noop): boolean {
    const last = chunks.findLastIndex((chunk) => chunk.length > 0);
    if (this.#state !== "open" || last < 0) {
      process.nextTick(flushed);
      return this.#state === "open";
    }
    this.#unflushed.push(flushed);
    this.beforeWrite();
    if (chunks.length > 1) this.#socket.cork();
    for (let index = 0; index < last; index++) {
      const chunk = chunks[index];
      if (chunk !== undefined && chunk.length > 0) this.#socket.write(chunk);
    }
    this.#socket.write(chunks[last] ?? EMPTY, this.#written);
    if (chunks.length > 1) this.#socket.uncork();
    this.afterWrite();
    if (this.#socket.writableLength < HIGH_WATER_BYTES) return true;
    this.#needsDrain = true;
    return false;
  }

  /** The oldest write has left the process, or never will. */
  readonly #written = (): void => {
    if (this.#state === "closed") return;
    this.afterWrite();
    this.#unflushed.shift()?.();
    if (!this.#needsDrain || this.#state !== "open" || this.#socket.writableLength > 0) return;
    this.#needsDrain = false;
    this.#handler?.onDrain();
  };

  /** Something is about to be written. */
  protected beforeWrite(): void {}

  /** Something was handed to the socket, or has left it. */
  protected afterWrite(): void {}

  /** Nothing more will be written. */
  protected beforeEnd(): void {}

  /** What the owner is told of a failure. */
  protected lossOf(error: Error): Error {
    return lostError(`${this.remote.address}:${this.remote.port}`, error);
  }

  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.beforeEnd();
    this.#socket.end();
    this.#socket.resume(); // what still comes is read and dropped, to see the peer close
  }

  #finished(): void {
    this.#linger = this.#clock.after(LINGER_MS, () => this.#socket.destroy()).unref();
  }

  destroy(error?: Error): void {
    if (this.#state === "destroyed" || this.#state === "closed") return;
    this.#state = "destroyed";
    this.#error = error;
    this.#socket.destroy();
  }

  #failed(error: Error): void {
    // After a finished end() all that was promised has happened: how the peer leaves is its business.
    if (this.#state === "destroyed" || this.#socket.writableFinished) return;
    this.#error = this.lossOf(error);
  }

  #closed(): void {
    this.#state = "closed";
    this.#linger?.cancel();
    while (this.#unflushed.length > 0) this.#unflushed.shift()?.();
    this.#handler?.onClose(this.#error);
  }
}

const EMPTY = new Uint8Array(0);
function noop(): void {}
