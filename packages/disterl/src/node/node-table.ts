import type { Connection } from "../connection/connection.ts";
import type { Atom } from "../term/atom.ts";
import type { ExitingPeer } from "./exiting-peer.ts";
import type { PendingPeer } from "./pending-peer.ts";

/** A connection that is up. */
export interface ConnectedPeer {
  readonly state: "connected";
  readonly connection: Connection;
  /** Unlike that of any other connection of this node. */
  readonly connectionId: number;
}

/** As in the emulator's node table (`erl_node_tables.h`). A peer that is not in the table is idle. */
export type Peer = PendingPeer | ConnectedPeer | ExitingPeer;

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

  /** The connection that is being set up, or will be when the one before has ended. */
  pending(node: Atom): PendingPeer | undefined {
    const peer = this.#peers.get(node);
    if (peer?.state === "pending") return peer;
    return peer?.state === "exiting" ? peer.next : undefined;
  }

  *connections(): Generator<Connection> {
    for (const peer of this.#peers.values()) if (peer.state === "connected") yield peer.connection;
  }

  entries(): Iterable<[Atom, Peer]> {
    return this.#peers.entries();
  }

  /** Connected, pending and exiting ones. */
  get size(): number {
    return this.#peers.size;
  }
}
