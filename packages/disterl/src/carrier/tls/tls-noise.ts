import type { TLSSocket } from "node:tls";
import type { Channel } from "../carrier.ts";
import type { Clock } from "../clock.ts";
import { noiseError } from "./tls-errors.ts";

/**
 * TLS has messages of its own that a peer may send at any time and as often as it likes: KeyUpdate,
 * tickets, HelloRequest. OpenSSL works through them within one read, answers most of them, and tells
 * nobody; so what has arrived is held against the data that came out of it.
 */

/** How often connections are looked at, in milliseconds. */
const EVERY_MS = 1_000;

/** Bytes that may have arrived in that time and carry nothing: a tick has 4, and 22 to 85 around it. */
const MOST_NOISE = 256 * 1024;

/** Bytes that may have arrived for each byte of data: the smallest message has 25, and as many around it. */
const MOST_AROUND = 8;

/** Bytes that may wait to go out and were written by nobody here: answers that are not read. */
const MOST_ANSWERS = 1024 * 1024;

/** What is known of a connection under TLS; Node.js documents no way to it. */
interface Handle {
  /** What waits to go out, encrypted. */
  readonly writeQueueSize?: number;
  /** The connection below. */
  readonly _parent?: { readonly bytesRead?: number };
}

interface Watched {
  readonly socket: TLSSocket;
  readonly channel: Channel;
  /** When it was looked at last: all that had arrived, and what was data of it. */
  arrived: number;
  data: number;
}

/** One look at all connections of a clock costs less than a timer for each. */
const watches = new WeakMap<Clock, NoiseWatch>();

/** Ends the channel when its TLS is mostly noise. */
export function watchNoise(socket: TLSSocket, channel: Channel, clock: Clock): void {
  const arrived = handleOf(socket)?._parent?.bytesRead;
  if (arrived === undefined) return;
  let watch = watches.get(clock);
  if (watch === undefined) watches.set(clock, (watch = new NoiseWatch(clock)));
  watch.add({ socket, channel, arrived, data: channel.receivedBytes });
}

class NoiseWatch {
  readonly #clock: Clock;
  readonly #watched = new Set<Watched>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(watched: Watched): void {
    this.#watched.add(watched);
    if (this.#watched.size === 1) this.#lookLater();
  }

  readonly #look = (): void => {
    for (const watched of this.#watched) {
      if (watched.socket.destroyed) this.#watched.delete(watched);
      else judge(watched);
    }
    if (this.#watched.size > 0) this.#lookLater();
  };

  #lookLater(): void {
    this.#clock.after(EVERY_MS, this.#look).unref();
  }
}

function judge(watched: Watched): void {
  const { socket, channel } = watched;
  const handle = handleOf(socket);
  const arrived = handle?._parent?.bytesRead ?? watched.arrived;
  const noise = arrived - watched.arrived;
  const data = channel.receivedBytes - watched.data;
  watched.arrived = arrived;
  watched.data = channel.receivedBytes;
  const { address, port } = channel.remote;
  const peer = `${address}:${port}`;
  if (noise > MOST_NOISE + MOST_AROUND * data) {
    const what = `${noise} bytes of TLS in ${EVERY_MS} ms with ${data} bytes of data in them`;
    channel.destroy(noiseError(peer, what));
    return;
  }
  const answers = handle?.writeQueueSize ?? 0;
  if (answers <= MOST_ANSWERS + 2 * socket.writableLength) return;
  channel.destroy(noiseError(peer, `it makes TLS answer and reads none of ${answers} bytes`));
}

function handleOf(socket: TLSSocket): Handle | null | undefined {
  return (socket as unknown as { readonly _handle?: Handle | null })._handle;
}
