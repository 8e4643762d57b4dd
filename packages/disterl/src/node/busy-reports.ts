import type { Clock } from "../carrier/clock.ts";
import type { Connection } from "../connection/connection.ts";
import type { StatusFeed } from "./status.ts";

/** A connection that is busy again within this time after a report makes no new one. */
const WINDOW_MS = 1000;

interface Report {
  readonly busyAt: number;
  isOpen: boolean;
}

/**
 * Says `busy` and `drained` of connections. One that is used to the full is both a thousand times a
 * second, and must not push other events out of the feed: the counters tell how often it was.
 */
export class BusyReports {
  readonly #status: StatusFeed;
  readonly #clock: Clock;
  readonly #reports = new WeakMap<Connection, Report>();

  constructor(status: StatusFeed, clock: Clock) {
    this.#status = status;
    this.#clock = clock;
  }

  busy(connection: Connection): void {
    const now = this.#clock.now();
    const last = this.#reports.get(connection);
    if (last !== undefined && now - last.busyAt < WINDOW_MS) return;
    this.#reports.set(connection, { busyAt: now, isOpen: true });
    const { peer, pendingBytes } = connection;
    this.#status.publish({ type: "busy", node: peer.node.text, pendingBytes });
  }

  drained(connection: Connection): void {
    const report = this.#reports.get(connection);
    if (report?.isOpen !== true) return;
    report.isOpen = false;
    const busyMs = this.#clock.now() - report.busyAt;
    this.#status.publish({ type: "drained", node: connection.peer.node.text, busyMs });
  }
}
