import type { Connection } from "../connection/connection.ts";

/** Who waits for something to happen to a connection, once. */
export class ConnectionWaits {
  readonly #waits = new Map<Connection, (() => void)[]>();

  wait(connection: Connection): Promise<void> {
    return new Promise((resolve) => {
      const waits = this.#waits.get(connection);
      if (waits === undefined) this.#waits.set(connection, [resolve]);
      else waits.push(resolve);
    });
  }

  /** It happened. */
  settle(connection: Connection): void {
    const waits = this.#waits.get(connection);
    this.#waits.delete(connection);
    for (const resolve of waits ?? []) resolve();
  }
}
