import { isIP } from "node:net";
import { isLoopback, sourceOf } from "../bytes/ip-address.ts";
import type { Clock } from "../carrier/clock.ts";

/** How many strangers may be at the door, and how often they may guess. */
export interface PendingHandshakesOptions {
  /** Handshakes going on at once. Beyond it the oldest of the busiest source is dropped. Default 128. */
  readonly pendingHandshakes?: number | undefined;
  /** The same for one source. Beyond it the newest is turned away. Default 16. */
  readonly pendingPerSource?: number | undefined;
  /** The same for this very host, where nodes often start all at once. Default 128. */
  readonly pendingFromLoopback?: number | undefined;
  /** Wrong digests of one source in a minute before it is slowed down. Default 10. */
  readonly authFailPerSource?: number | undefined;
  /** The same for this very host. Default 100. */
  readonly authFailFromLoopback?: number | undefined;
}

/** One handshake's place. */
export interface HandshakeTicket {
  /** The handshake is over, either way. Idempotent. */
  done(): void;
}

/** A source that has sent a wrong digest: each handshake of it takes a token, tokens come back with time. */
interface Suspect {
  tokens: number;
  /** When the tokens were counted. */
  at: number;
  lastFailureAt: number;
}

const REFILL_MS = 60_000;
/** A source that failed too often waits this long, and again, before it is refused. A real node gives up after 7 s. */
const DELAYS_MS = [1_000, 2_000];
/** A source is under suspicion for this long after its last failure. */
const SUSPICION_MS = 600_000;
/** How many sources are remembered; the longest unchanged is forgotten first. */
const MAX_SUSPECTS = 4_096;

/**
 * The doorkeeper of a listener: who may begin a handshake, and who has guessed cookies too often.
 * Sources are told apart by address; IPv6 ones by their first 64 bits, as one host has them all.
 */
export class PendingHandshakes {
  readonly #clock: Clock;
  readonly #limits: Required<{ [K in keyof PendingHandshakesOptions]: number }>;
  /** By source; oldest first. */
  readonly #pending = new Map<string, Set<{ drop: () => void }>>();
  readonly #suspects = new Map<string, Suspect>();
  #count = 0;

  constructor(options: PendingHandshakesOptions & { readonly clock: Clock }) {
    this.#clock = options.clock;
    this.#limits = {
      pendingHandshakes: options.pendingHandshakes ?? 128,
      pendingPerSource: options.pendingPerSource ?? 16,
      pendingFromLoopback: options.pendingFromLoopback ?? 128,
      authFailPerSource: options.authFailPerSource ?? 10,
      authFailFromLoopback: options.authFailFromLoopback ?? 100,
    };
  }

  /** Handshakes going on. */
  get count(): number {
    return this.#count;
  }

  /**
   * A place for a handshake from that address; `undefined` when the source has too many already.
   * @param drop called when the place is needed for somebody else: close it.
   */
  admit(address: string, drop: () => void): HandshakeTicket | undefined {
    const source = sourceOf(address);
    const ofSource = this.#pending.get(source) ?? new Set();
    const { pendingPerSource, pendingFromLoopback, pendingHandshakes } = this.#limits;
    if (ofSource.size >= (isThisHost(source) ? pendingFromLoopback : pendingPerSource)) {
      return undefined;
    }
    const place = { drop };
    ofSource.add(place);
    this.#pending.set(source, ofSource);
    this.#count++;
    if (this.#count > pendingHandshakes) this.#dropOldestOfBusiest();
    return { done: () => this.#leave(source, place) };
  }

  #leave(source: string, place: { drop: () => void }): void {
    const ofSource = this.#pending.get(source);
    if (ofSource?.delete(place) !== true) return;
    this.#count--;
    if (ofSource.size === 0) this.#pending.delete(source);
  }

  #dropOldestOfBusiest(): void {
    let busiest = "";
    let most = 0;
    for (const [source, ofSource] of this.#pending) {
      if (ofSource.size > most) [busiest, most] = [source, ofSource.size];
    }
    const [oldest] = this.#pending.get(busiest) ?? [];
    if (oldest === undefined) return;
    this.#leave(busiest, oldest);
    oldest.drop();
  }

  /** Somebody at that address sent a wrong digest: its next handshakes are rationed. */
  failedDigest(address: string): void {
    const source = sourceOf(address);
    const now = this.#clock.now();
    const suspect = this.#suspect(source);
    const tokens = suspect?.tokens ?? this.#capacity(source) - 1;
    this.#suspects.delete(source);
    this.#suspects.set(source, { tokens, at: suspect?.at ?? now, lastFailureAt: now });
    if (this.#suspects.size <= MAX_SUSPECTS) return;
    for (const oldest of this.#suspects.keys()) {
      this.#suspects.delete(oldest);
      break;
    }
  }

  /**
   * Whether a handshake from that address is to be answered `not_allowed`. False for whoever has not
   * failed lately, as {@link mayBegin} says at once. Otherwise the handshake takes one of the source's
   * tokens, whether it will succeed or not; when there is none it has to wait, and is refused when there
   * still is none.
   */
  async shouldRefuse(address: string): Promise<boolean> {
    if (this.mayBegin(address)) return false;
    const source = sourceOf(address);
    for (const delay of DELAYS_MS) {
      await new Promise<void>((resolve) => {
        this.#clock.after(delay, resolve).unref();
      });
      if (this.#mayGuess(source)) return false;
    }
    return true;
  }

  /** Whether a handshake from that address needs not wait; it takes a token of the source then, if any. */
  mayBegin(address: string): boolean {
    return this.#mayGuess(sourceOf(address));
  }

  #mayGuess(source: string): boolean {
    const suspect = this.#suspect(source);
    if (suspect === undefined) return true;
    if (suspect.tokens < 1) return false;
    suspect.tokens--;
    return true;
  }

  /** The record of a source, with the tokens it has now. */
  #suspect(source: string): Suspect | undefined {
    const suspect = this.#suspects.get(source);
    if (suspect === undefined) return undefined;
    const now = this.#clock.now();
    if (now - suspect.lastFailureAt > SUSPICION_MS) {
      this.#suspects.delete(source);
      return undefined;
    }
    const capacity = this.#capacity(source);
    const refilled = ((now - suspect.at) / REFILL_MS) * capacity;
    suspect.tokens = Math.min(capacity, suspect.tokens + refilled);
    suspect.at = now;
    return suspect;
  }

  #capacity(source: string): number {
    const { authFailFromLoopback, authFailPerSource } = this.#limits;
    return isThisHost(source) ? authFailFromLoopback : authFailPerSource;
  }
}

/** This very host, whatever the carrier calls it: not every carrier has IP addresses. */
function isThisHost(source: string): boolean {
  return isLoopback(source) || (isIP(source) === 0 && !source.endsWith("/64"));
}
