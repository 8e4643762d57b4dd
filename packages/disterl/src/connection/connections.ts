import type { Connection } from "./connection.ts";
import { type ConnectionTotals, StatsSum } from "./connection-stats.ts";

/** What the connections of one node have in common. */
export class Connections {
  /** Bytes of unfinished messages of all connections together. */
  reassemblyBytes = 0;
  readonly #local: () => string;
  readonly #reassemblyLimit: number;
  readonly #up = new Set<Connection>();
  readonly #sum = new StatsSum();

  /**
   * @param local gives the name of the node, which may change.
   * @param reassemblyLimit most {@link reassemblyBytes}.
   */
  constructor(local: () => string, reassemblyLimit: number) {
    this.#local = local;
    this.#reassemblyLimit = reassemblyLimit;
  }

  /** Name of the node. */
  get local(): string {
    return this.#local();
  }

  add(connection: Connection): void {
    this.#up.add(connection);
    this.#sum.connectionMade();
  }

  /** A connection has ended: once. */
  remove(connection: Connection): void {
    this.#up.delete(connection);
    this.#sum.connectionGone(connection.stats);
  }

  /** Counters of all connections so far. */
  get totals(): ConnectionTotals {
    return this.#sum.totals([...this.#up].map((connection) => connection.stats));
  }

  /**
   * A connection holds so many bytes more of unfinished messages, or less. Over the limit the one
   * that holds most is the one that goes, whoever brought the last byte.
   */
  reassemblyChanged(bytes: number): void {
    this.reassemblyBytes += bytes;
    while (this.reassemblyBytes > this.#reassemblyLimit) {
      let most: Connection | undefined;
      for (const connection of this.#up) {
        if (connection.reassemblyBytes > (most?.reassemblyBytes ?? 0)) most = connection;
      }
      if (most === undefined) return;
      most.close(
        "limit_exceeded",
        new Error(
          `${this.reassemblyBytes} bytes of unfinished messages, at most ` +
            `${this.#reassemblyLimit} are held by the node (limit nodeFragBytes); ` +
            `${most.reassemblyBytes} of them came from ${most.peer.node.text}`,
        ),
      );
    }
  }
}
