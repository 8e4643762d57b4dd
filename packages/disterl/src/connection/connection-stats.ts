/** Counters of one connection since it came up. All are of this node: received and sent by it. */
export interface ConnectionStats {
  /** Bytes that came in, ticks included. */
  readonly bytesReceived: number;
  /** Bytes handed to the carrier, ticks included. */
  readonly bytesSent: number;
  /** Signals that came in whole: messages, links, monitors, and all the others. */
  readonly signalsReceived: number;
  /** Signals that were given to the connection. */
  readonly signalsSent: number;
  /** Frames that came in, ticks not counted: whole signals and fragments. */
  readonly framesReceived: number;
  /** The same of those that were written. */
  readonly framesSent: number;
  /** Frames among them that continue a message begun in another. */
  readonly fragmentsReceived: number;
  readonly fragmentsSent: number;
  readonly ticksReceived: number;
  readonly ticksSent: number;
  /** Slots of the atom cache that the peer has filled, of 2048. */
  readonly atomsCachedIn: number;
  /** Slots of the atom cache that we have filled. */
  readonly atomsCachedOut: number;
  /** Bytes that wait to be sent. */
  readonly pendingBytes: number;
  /** Signals that wait, or of which a part does. */
  readonly pendingSignals: number;
  /** Bytes held of messages in fragments that are not complete. */
  readonly reassemblyBytes: number;
  /** How often more waited than the busy threshold (`+zdbbl`). */
  readonly busyCount: number;
  /** Whether more waits now. */
  readonly busy: boolean;
  /** Milliseconds since the connection came up. */
  readonly uptimeMs: number;
}

/** Sums over the connections of a node, those that have ended included. */
export interface ConnectionTotals {
  /** Connections that are up. */
  readonly connections: number;
  /** Connections that came up since the node started, those that are gone included. */
  readonly connectionsMade: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly signalsReceived: number;
  readonly signalsSent: number;
  readonly framesReceived: number;
  readonly framesSent: number;
  readonly fragmentsReceived: number;
  readonly fragmentsSent: number;
  readonly ticksReceived: number;
  readonly ticksSent: number;
  readonly busyCount: number;
  /** Of the connections that are up: bytes that wait to be sent. */
  readonly pendingBytes: number;
  /** Of the connections that are up: signals that wait to be sent. */
  readonly pendingSignals: number;
  /** Of the connections that are up: bytes of messages in fragments that are not complete. */
  readonly reassemblyBytes: number;
}

/** What keeps counting when a connection ends. */
const LASTING = [
  "bytesReceived",
  "bytesSent",
  "signalsReceived",
  "signalsSent",
  "framesReceived",
  "framesSent",
  "fragmentsReceived",
  "fragmentsSent",
  "ticksReceived",
  "ticksSent",
  "busyCount",
] as const;
const PRESENT = ["pendingBytes", "pendingSignals", "reassemblyBytes"] as const;

type Sums = { -readonly [Key in (typeof LASTING | typeof PRESENT)[number]]: number };

/** Adds up connections: those that are up when asked, those that are gone as they go. */
export class StatsSum {
  #made = 0;
  readonly #gone: Sums = noSums();

  connectionMade(): void {
    this.#made++;
  }

  /** A connection has ended with these counters. */
  connectionGone(stats: ConnectionStats): void {
    for (const key of LASTING) this.#gone[key] += stats[key];
  }

  /** With the counters of the connections that are up. */
  totals(up: Iterable<ConnectionStats>): ConnectionTotals {
    const sums = { ...this.#gone };
    let connections = 0;
    for (const stats of up) {
      connections++;
      for (const key of LASTING) sums[key] += stats[key];
      for (const key of PRESENT) sums[key] += stats[key];
    }
    return { connections, connectionsMade: this.#made, ...sums };
  }
}

function noSums(): Sums {
  return Object.fromEntries([...LASTING, ...PRESENT].map((key) => [key, 0])) as Sums;
}
