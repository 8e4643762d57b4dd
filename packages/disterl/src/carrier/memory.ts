import type {
  Carrier,
  Channel,
  ConnectOptions,
  Listener,
  ListenOptions,
  NetAddress,
} from "./carrier.ts";
import type { Clock } from "./clock.ts";
import { CarrierError } from "./errors.ts";
import { type Chunking, MemoryChannel, type MemoryWire } from "./memory-channel.ts";

/** Milliseconds a byte travels one way; a pair is drawn from, for each write. */
export type Latency = number | readonly [least: number, most: number];

/** How a {@link MemoryNetwork} behaves. */
export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** What all chance is drawn from: the same seed, the same course. Default 1. */
  readonly seed?: number | undefined;
  /** Milliseconds a byte travels one way; a pair is drawn from, for each write. Default 0. */
  readonly latencyMs?: Latency | undefined;
  /** How what was written is cut when it arrives. Default `whole`. */
  readonly chunking?: Chunking | undefined;
  /** Bytes under way in one direction before the sender has to wait. Default 64 KiB. */
  readonly windowBytes?: number | undefined;
  /** As {@link Carrier.handshakeLengthBytes}. Default 2. */
  readonly handshakeLengthBytes?: 2 | 4 | undefined;
}

/** `cut`: nothing passes, connections are lost. `frozen`: nothing passes, and nothing is lost. */
type LinkState = "cut" | "frozen";

interface Link {
  state: LinkState | undefined;
  /** Instead of that of the network. */
  latencyMs: Latency | undefined;
  /** Goes on when the link is healed. */
  readonly waiting: (() => void)[];
  readonly channels: Set<MemoryChannel>;
}

/**
 * Hosts in one process, joined by links that a test cuts, freezes and heals. On a `VirtualClock`
 * everything that happens in it is repeatable, and takes no time. Also the example of how a carrier
 * is written: see docs/guide.
 *
 *     const network = new MemoryNetwork({ clock, latencyMs: [1, 20], chunking: "random", seed: 7 });
 *     const here = network.carrier("alpha");
 *     const there = network.carrier("beta");
 *     network.cut("alpha", "beta");
 */
export class MemoryNetwork {
  readonly #options: MemoryNetworkOptions;
  readonly #hosts = new Set<string>();
  readonly #listeners = new Map<string, (channel: Channel) => void>();
  readonly #links = new Map<string, Link>();
  #random: number;
  #nextPort = 40_000;

  constructor(options: MemoryNetworkOptions) {
    this.#options = options;
    this.#random = options.seed ?? 1;
  }

  /** The carrier that nodes of a host use. The host exists from now on. */
  carrier(host: string): Carrier {
    this.#hosts.add(host);
    return {
      name: "memory",
      handshakeLengthBytes: this.#options.handshakeLengthBytes ?? 2,
      listen: (options, onChannel) => this.#listen(host, options, onChannel),
      connect: (options) => this.#connect(host, options),
    };
  }

  /** Breaks all connections between two hosts, and lets none be made. */
  cut(one: string, other: string): void {
    const link = this.#link(one, other);
    link.state = "cut";
    const lost = new CarrierError(
      "ERR_CARRIER_CLOSED",
      `carrier: the link between ${one} and ${other} was cut`,
    );
    for (const channel of link.channels) channel.lose(lost);
    this.#release(link);
  }

  /** Holds everything back between two hosts; nothing is lost and nobody notices. */
  freeze(one: string, other: string): void {
    this.#link(one, other).state = "frozen";
  }

  /** What is sent from now on between two hosts travels so long. */
  delay(one: string, other: string, latencyMs: Latency): void {
    this.#link(one, other).latencyMs = latencyMs;
  }

  /**
   * Breaks the connections there are between two hosts; new ones can be made. With `seenBy` only that
   * host notices: what the other one sends is lost without a trace, until it gives up (half-open).
   */
  drop(one: string, other: string, seenBy?: string): void {
    const lost = new CarrierError(
      "ERR_CARRIER_CLOSED",
      `carrier: the connection between ${one} and ${other} was dropped`,
    );
    for (const channel of [...this.#link(one, other).channels]) {
      if (seenBy === undefined || channel.local.address === seenBy) channel.lose(lost);
    }
  }

  /** Undoes {@link cut}, {@link freeze} and {@link delay}: what was held back passes now. */
  heal(one: string, other: string): void {
    const link = this.#link(one, other);
    link.state = undefined;
    link.latencyMs = undefined;
    this.#release(link);
  }

  #release(link: Link): void {
    for (const goOn of link.waiting.splice(0)) this.#options.clock.soon(goOn);
  }

  #link(one: string, other: string): Link {
    const key = one < other ? `${one} ${other}` : `${other} ${one}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = { state: undefined, latencyMs: undefined, waiting: [], channels: new Set() };
      this.#links.set(key, link);
    }
    return link;
  }

  /** A number from 0 to 1, from the seed (mulberry32). */
  #chance(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  #latency(link: Link): number {
    const latencyMs = link.latencyMs ?? this.#options.latencyMs ?? 0;
    if (typeof latencyMs === "number") return latencyMs;
    const [least, most] = latencyMs;
    return least + (most - least) * this.#chance();
  }

  async #listen(
    host: string,
    options: ListenOptions,
    onChannel: (channel: Channel) => void,
  ): Promise<Listener> {
    const port = this.#freePort(host, options);
    const key = `${host}:${port}`;
    this.#listeners.set(key, onChannel);
    return {
      address: address(host, port),
      close: async () => {
        if (this.#listeners.get(key) === onChannel) this.#listeners.delete(key);
      },
    };
  }

  #freePort(host: string, { port = 0, lastPort = port }: ListenOptions): number {
    if (port === 0) {
      while (this.#listeners.has(`${host}:${this.#nextPort}`)) this.#nextPort++;
      return this.#nextPort++;
    }
    for (let candidate = port; candidate <= lastPort; candidate++) {
      if (!this.#listeners.has(`${host}:${candidate}`)) return candidate;
    }
    throw new CarrierError(
      "ERR_CARRIER_ADDRESS_IN_USE",
      `carrier: somebody listens on ${host} port ${port} to ${lastPort}; choose another`,
    );
  }

  #connect(from: string, { host, port, signal }: ConnectOptions): Promise<Channel> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      let aborted = false;
      const onAbort = (): void => {
        aborted = true;
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      const fail = (error: CarrierError): void => {
        signal?.removeEventListener("abort", onAbort);
        reject(error);
      };
      if (!this.#hosts.has(host)) {
        return fail(new CarrierError("ERR_CARRIER_RESOLVE", `carrier: no host is called ${host}`));
      }
      this.#travel(this.#link(from, host), () => {
        if (aborted) return;
        const problem = this.#dialProblem(from, host, port);
        if (problem !== undefined) return fail(problem);
        const [ours, theirs] = this.#pair(from, host, port);
        this.#listeners.get(`${host}:${port}`)?.(theirs);
        this.#travel(this.#link(from, host), () => {
          signal?.removeEventListener("abort", onAbort);
          if (aborted) ours.destroy();
          else resolve(ours);
        });
      });
    });
  }

  #dialProblem(from: string, host: string, port: number): CarrierError | undefined {
    const to = `${host}:${port}`;
    if (this.#link(from, host).state === "cut") {
      const message = `carrier: cannot connect to ${to}: the link from ${from} is cut`;
      return new CarrierError("ERR_CARRIER_UNREACHABLE", message);
    }
    if (this.#listeners.has(to)) return undefined;
    return new CarrierError("ERR_CARRIER_REFUSED", `carrier: nobody listens on ${to}`);
  }

  #pair(from: string, host: string, port: number): [MemoryChannel, MemoryChannel] {
    const link = this.#link(from, host);
    const { clock, chunking = "whole", windowBytes = 65_536 } = this.#options;
    const wire: MemoryWire = {
      clock,
      chunking,
      windowBytes,
      chance: () => this.#chance(),
      travel: (arrive) => this.#travel(link, arrive),
      closed: (channel) => link.channels.delete(channel),
    };
    const near = address(from, this.#nextPort++);
    const far = address(host, port);
    const pair = MemoryChannel.pair(wire, near, far);
    for (const channel of pair) link.channels.add(channel);
    return pair;
  }

  /** Calls back after a trip over the link, which may take until it is healed. */
  #travel(link: Link, arrive: () => void): void {
    const goOn = (): void => {
      if (link.state === "frozen") link.waiting.push(goOn);
      else arrive();
    };
    this.#options.clock.after(this.#latency(link), goOn);
  }
}

function address(host: string, port: number): NetAddress {
  return { family: "memory", address: host, port };
}
