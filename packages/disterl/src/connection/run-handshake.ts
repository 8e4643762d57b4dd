import type { Channel, ChannelHandler } from "../carrier/carrier.ts";
import type { Clock, Timer } from "../carrier/clock.ts";
import { closedAt, HandshakeError, type HandshakeStep, timedOutAt } from "../handshake/errors.ts";
import type { Handshake, HandshakeEffect } from "../handshake/handshake.ts";
import type { HandshakeTrace } from "../trace/handshake-trace.ts";
import { PacketSplitter } from "./packet-splitter.ts";

/** How long and how big a handshake may get. */
export interface HandshakeLimits {
  /** Milliseconds for each step; `net_setuptime`. Default 7,000. */
  readonly stepMs: number;
  /** Milliseconds for the whole. Default 12,000, or {@link stepMs} where that is more. */
  readonly totalMs: number;
  /** Bytes of one packet. Default 2,048. */
  readonly packetBytes: number;
}

export const defaultHandshakeLimits: HandshakeLimits = {
  stepMs: 7_000,
  totalMs: 12_000,
  packetBytes: 2_048,
};

/** What is needed of the result of a handshake: who the peer turned out to be. */
interface Agreed {
  readonly name: string;
}

/** How long a channel gets to send a refusal before it is closed anyway. */
const FAREWELL_MS = 1_000;

export interface RunHandshakeOptions<Result extends Agreed> {
  /** Nobody handles it yet. */
  readonly channel: Channel;
  readonly handshake: Handshake<Result>;
  /** The carrier's `handshakeLengthBytes`. */
  readonly lengthBytes: 2 | 4;
  readonly clock: Clock;
  readonly limits?: Partial<HandshakeLimits> | undefined;
  /** Told how it goes. */
  readonly trace?: HandshakeTrace | undefined;
  /** Ends the attempt: closes the channel and rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A handshake that succeeded. */
export interface HandshakeOutcome<Result extends Agreed> {
  readonly result: Result;
  /**
   * Bytes that arrived after the last packet: the beginning of the first frames. The channel is
   * paused: give it its next handler with `channel.handle`, and this to that handler first.
   */
  readonly rest: Uint8Array;
}

/**
 * Carries a handshake out over a channel.
 *
 * The step timer starts anew with each packet, never with mere bytes, and the total timer never; so
 * a peer that trickles is cut like one that is silent. When the promise rejects, the channel is
 * closed or closing: what was sent last (a refusal) still goes out.
 *
 * @returns when the last packet of ours is written or the last of theirs has arrived.
 * @throws HandshakeError, or the reason of `signal`.
 */
export function runHandshake<Result extends Agreed>(
  options: RunHandshakeOptions<Result>,
): Promise<HandshakeOutcome<Result>> {
  return new Promise((resolve, reject) => {
    new HandshakeRun(options, resolve, reject).start();
  });
}

class HandshakeRun<Result extends Agreed> implements ChannelHandler {
  readonly #options: RunHandshakeOptions<Result>;
  readonly #limits: HandshakeLimits;
  readonly #splitter: PacketSplitter;
  readonly #resolve: (outcome: HandshakeOutcome<Result>) => void;
  readonly #reject: (error: unknown) => void;
  /** What is being waited for. */
  #step: HandshakeStep = "name";
  #awaitsPacket = false;
  /** The generator is running: it cannot be thrown into. */
  #running = false;
  /** What the generator has said and not written yet: packets that follow each other go in one write. */
  #unsent: Uint8Array[] = [];
  #wroteAnything = false;
  #over = false;
  #closed = false;
  #farewell: Timer | undefined;
  /** Set once: at each further step only {@link #stepEndsAt} moves, and the timer follows when it is due. */
  #stepTimer: Timer | undefined;
  #stepEndsAt = 0;
  #totalTimer: Timer | undefined;

  constructor(
    options: RunHandshakeOptions<Result>,
    resolve: (outcome: HandshakeOutcome<Result>) => void,
    reject: (error: unknown) => void,
  ) {
    this.#options = options;
    const limits = { ...defaultHandshakeLimits, ...options.limits };
    const totalMs = options.limits?.totalMs ?? Math.max(limits.totalMs, limits.stepMs);
    this.#limits = { ...limits, totalMs };
    this.#splitter = new PacketSplitter(options.lengthBytes, this.#limits.packetBytes);
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    const { signal, clock, channel, handshake, trace } = this.#options;
    const { totalMs } = this.#limits;
    trace?.started(channel.remote, clock.now());
    channel.handle(this);
    if (signal?.aborted === true) return this.#fail(signal.reason);
    signal?.addEventListener("abort", this.#onAbort);
    this.#totalTimer = clock.after(totalMs, () => this.#fail(timedOutAt(this.#step, totalMs)));
    this.#advance(() => handshake.next(new Uint8Array(0)));
  }

  onData(chunk: Uint8Array): void {
    if (this.#over) return;
    this.#splitter.push(chunk);
    if (this.#awaitsPacket) this.#takePacket();
    else if (this.#splitter.heldBytes > this.#limits.packetBytes) {
      this.#fail(
        new HandshakeError(
          "ERR_HANDSHAKE_MALFORMED",
          this.#step,
          "the peer sends although it is its turn to wait",
        ),
      );
    }
  }

  onDrain(): void {}

  onClose(error: Error | undefined): void {
    this.#closed = true;
    this.#farewell?.cancel();
    // What TLS agreed on is gone with the socket; that it was TLS is not.
    const { channel } = this.#options;
    const tlsPeer =
      "tls" in channel ? `${channel.remote.address}:${channel.remote.port}` : undefined;
    if (!this.#over) this.#fail(closedAt(this.#step, error, tlsPeer));
  }

  readonly #onAbort = (): void => this.#fail(this.#options.signal?.reason);

  /** Resumes the generator and carries out what it yields, until it waits or ends. */
  #advance(resume: () => IteratorResult<HandshakeEffect, Result>): void {
    let next: IteratorResult<HandshakeEffect, Result> | undefined;
    try {
      this.#running = true;
      next = resume();
      while (!this.#over && next.done !== true && "send" in next.value) {
        this.#send(next.value.send);
        next = this.#options.handshake.next(new Uint8Array(0));
      }
    } catch (error) {
      this.#running = false;
      this.#flush();
      return this.#fail(error);
    }
    this.#running = false;
    this.#flush();
    if (this.#over) return this.#cleanUp();
    if (next.done === true) this.#succeed(next.value);
    else if ("expect" in next.value) this.#expect(next.value.expect);
    else if ("wait" in next.value) this.#wait(next.value.step, next.value.wait);
  }

  #send(packet: Uint8Array): void {
    const { lengthBytes } = this.#options;
    const framed = new Uint8Array(lengthBytes + packet.length);
    const view = new DataView(framed.buffer);
    if (lengthBytes === 2) view.setUint16(0, packet.length);
    else view.setUint32(0, packet.length);
    framed.set(packet, lengthBytes);
    this.#unsent.push(framed);
  }

  #flush(): void {
    if (this.#unsent.length === 0 || this.#over) return;
    this.#wroteAnything = true;
    this.#options.channel.write(this.#unsent);
    this.#unsent = [];
  }

  #expect(step: HandshakeStep): void {
    this.#enter(step);
    this.#awaitsPacket = true;
    this.#takePacket();
  }

  #wait(step: HandshakeStep, promise: Promise<unknown>): void {
    this.#enter(step);
    const { handshake } = this.#options;
    promise.then(
      () => {
        if (!this.#over) this.#advance(() => handshake.next(new Uint8Array(0)));
      },
      (error: unknown) => {
        if (!this.#over) this.#advance(() => handshake.throw(error));
      },
    );
  }

  #enter(step: HandshakeStep): void {
    this.#step = step;
    this.#options.trace?.entered(step);
    const { stepMs } = this.#limits;
    this.#stepEndsAt = this.#options.clock.now() + stepMs;
    this.#stepTimer ??= this.#options.clock.after(stepMs, this.#onStepTimer);
  }

  readonly #onStepTimer = (): void => {
    const { clock } = this.#options;
    const left = this.#stepEndsAt - clock.now();
    // Timers of Node.js may be early by less than a millisecond.
    if (left < 1) this.#fail(timedOutAt(this.#step, this.#limits.stepMs));
    else this.#stepTimer = clock.after(left, this.#onStepTimer);
  };

  #takePacket(): void {
    let packet: Uint8Array | undefined;
    try {
      packet = this.#splitter.next(this.#step);
    } catch (error) {
      return this.#fail(error);
    }
    if (packet === undefined) return;
    this.#awaitsPacket = false;
    const whole = packet;
    this.#advance(() => this.#options.handshake.next(whole));
  }

  #finish(): void {
    this.#over = true;
    this.#stepTimer?.cancel();
    this.#totalTimer?.cancel();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }

  #succeed(result: Result): void {
    this.#finish();
    const { channel, trace, clock } = this.#options;
    channel.pause();
    trace?.done(result.name, clock.now());
    this.#resolve({ result, rest: this.#splitter.rest() });
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#finish();
    const { channel, clock, trace } = this.#options;
    trace?.failed(this.#step, error, clock.now());
    if (!this.#running) this.#cleanUp(error);
    if (!this.#closed && this.#wroteAnything) {
      channel.end();
      this.#farewell = clock.after(FAREWELL_MS, () => channel.destroy()).unref();
    } else if (!this.#closed) channel.destroy();
    this.#reject(error);
  }

  /** Lets the generator give back what it holds. */
  #cleanUp(error: unknown = new Error("the handshake was given up")): void {
    try {
      this.#options.handshake.throw(error);
    } catch {
      // What it was given, or what ended it: told already.
    }
  }
}
