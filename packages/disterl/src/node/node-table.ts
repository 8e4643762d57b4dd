import type { Connection } from "../connection/connection.ts";
import type { Atom } from "../term/atom.ts";
import type { PendingPeer } from "./pending-peer.ts";

/** As in the emulator's node table (`erl_node_tables.h`). A peer that is not in the table is idle. */
export type Peer =
  | PendingPeer
  | { readonly state: "connected"; readonly connection: Connection }
  /** The connection is closing: nothing is sent, and its `closed` will come. */
  | { readonly state: "exiting"; readonly connection: Connection };

/** The other nodes, by name. */
export class NodeTable {
  readonly #peers = new Map<Atom, Peer>();
  /** Peers that `dist_auto_connect once` has barred after a nodedown. */
  readonly barred = new Set<Atom>();

  get(node: Atom): Peer | undefined {
    return this.#peers.get(node);
  }

  set(node: Atom, peer: Peer): void {
    this.#peers.set(node, peer);
  }

  delete(node: Atom): void {
    this.#peers.delete(node);
  }

  connection(node: Atom): Connection | undefined {
    const peer = this.#peers.get(node);
    return peer?.state === "connected" ? peer.connection : undefined;
  }

  *connections(): Generator<Connection> {
    for (const peer of this.#peers.values()) if (peer.state === "connected") yield peer.connection;
  }

  entries(): Iterable<[Atom, Peer]> {
    return this.#peers.entries();
  }

  /** Connected and pending ones. */
  get size(): number {
    return this.#peers.size;
  }
}
