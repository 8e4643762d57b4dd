import type { Clock, Timer } from "../carrier/clock.ts";
import type { EpmdServerLimits } from "./server-options.ts";

/** A connection that is not a registration (yet). */
export interface PendingConnection {
  /** Counted together with others from there. */
  readonly source: string;
  readonly loopback: boolean;
}

/** What is to be done about a new connection. */
export type Admission<C> =
  | { readonly admitted: true; readonly evicted: C | undefined }
  | { readonly admitted: false; readonly limit: keyof EpmdServerLimits };

/**
 * Connections that may not stay: counted, limited, and told when their time is over.
 *
 * All have the same time, so they run out in the order in which they came and one timer is enough.
 * When every place is taken, the oldest connection of the source that has most is given up: a
 * request takes a millisecond, so who has been here longest is the least likely to ask anything.
 */
export class PendingConnections<C extends PendingConnection> {
  readonly #limits: EpmdServerLimits;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onTimeout: (connection: C) => void;
  /** Deadlines, in the order of arrival. */
  readonly #deadlines = new Map<C, number>();
  /** `undefined` while so few are open that no limit is near: sources need not be known then. */
  #bySource: Map<string, Set<C>> | undefined;
  #foreign = 0;
  #timer: Timer | undefined;

  constructor(options: {
    readonly limits: EpmdServerLimits;
    readonly clock: Clock;
    readonly timeoutMs: number;
    readonly onTimeout: (connection: C) => void;
  }) {
    this.#limits = options.limits;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
    this.#onTimeout = options.onTimeout;
  }

  get size(): number {
    return this.#deadlines.size;
  }

  /** All of them, oldest first. */
  all(): C[] {
    return [...this.#deadlines.keys()];
  }

  /** Takes in a connection, or says which limit forbids it. The caller closes who was evicted. */
  add(connection: C): Admission<C> {
    const { connections, connectionsPerSource, reservedForLoopback } = this.#limits;
    if (this.#deadlines.size < Math.min(connectionsPerSource, connections - reservedForLoopback)) {
      this.#insert(connection);
      return { admitted: true, evicted: undefined };
    }
    const bySource = this.#counted();
    const sameSource = bySource.get(connection.source)?.size ?? 0;
    if (!connection.loopback && sameSource >= connectionsPerSource) {
      return { admitted: false, limit: "connectionsPerSource" };
    }
    let evicted: C | undefined;
    if (!connection.loopback && this.#foreign >= connections - reservedForLoopback) {
      evicted = oldestOfBusiest(bySource, (one) => !one.loopback);
    } else if (this.#deadlines.size >= connections) {
      evicted = oldestOfBusiest(bySource, () => true);
    }
    if (evicted !== undefined) this.delete(evicted);
    this.#insert(connection);
    return { admitted: true, evicted };
  }

  /** Who is here, by source; counted now when it was not yet. */
  #counted(): Map<string, Set<C>> {
    if (this.#bySource === undefined) {
      this.#bySource = new Map();
      for (const connection of this.#deadlines.keys()) this.#count(this.#bySource, connection);
    }
    return this.#bySource;
  }

  #count(bySource: Map<string, Set<C>>, connection: C): void {
    const same = bySource.get(connection.source);
    if (same === undefined) bySource.set(connection.source, new Set([connection]));
    else same.add(connection);
    if (!connection.loopback) this.#foreign += 1;
  }

  #insert(connection: C): void {
    this.#deadlines.set(connection, this.#clock.now() + this.#timeoutMs);
    if (this.#bySource !== undefined) this.#count(this.#bySource, connection);
    this.#timer ??= this.#clock.after(this.#timeoutMs, () => this.#expire()).unref();
  }

  /** The connection is gone, or has become a registration. */
  delete(connection: C): void {
    if (!this.#deadlines.delete(connection) || this.#bySource === undefined) return;
    if (this.#deadlines.size === 0) {
      this.#forgetSources();
      return;
    }
    const same = this.#bySource.get(connection.source);
    same?.delete(connection);
    if (same?.size === 0) this.#bySource.delete(connection.source);
    if (!connection.loopback) this.#foreign -= 1;
  }

  #forgetSources(): void {
    this.#bySource = undefined;
    this.#foreign = 0;
  }

  #expire(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (const [connection, deadline] of this.#deadlines) {
      if (deadline > now) {
        this.#timer = this.#clock.after(deadline - now, () => this.#expire()).unref();
        return;
      }
      this.delete(connection);
      this.#onTimeout(connection);
    }
  }

  /** Stops the timer; connections are the caller's to close. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#deadlines.clear();
    this.#forgetSources();
  }
}

function oldestOfBusiest<C>(
  bySource: ReadonlyMap<string, ReadonlySet<C>>,
  counts: (connection: C) => boolean,
): C | undefined {
  let busiest: ReadonlySet<C> | undefined;
  for (const set of bySource.values()) {
    const [oldest] = set;
    if (oldest === undefined || !counts(oldest)) continue;
    if (busiest === undefined || set.size > busiest.size) busiest = set;
  }
  const [oldest] = busiest ?? [];
  return oldest;
}
