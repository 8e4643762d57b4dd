import type { Connection } from "../connection/connection.ts";
import type { PendingPeer } from "./pending-peer.ts";

/**
 * A connection that counts as gone, and is still saying goodbye: its last bytes are on their way out.
 * What is to be said to the node meanwhile waits for the next connection, which is dialled when this
 * one has ended.
 */
export class ExitingPeer {
  readonly state = "exiting";
  readonly connection: Connection;
  /** The next connection, once somebody wants it. */
  next: PendingPeer | undefined;

  constructor(connection: Connection) {
    this.connection = connection;
  }
}
