import type { NetAddress } from "../carrier/carrier.ts";
import { type Atom, existingAtom } from "../term/atom.ts";
import type { Peer } from "../node/node-table.ts";
import type { NodeParts } from "./net-sup.ts";

/**
 * Which nodes a list has (`erlang:nodes/1`).
 *
 * - `visible`, `hidden`: connected, as that; `connected`: both;
 * - `this`: this node;
 * - `known`: this node, and those that it has to do with: connected, being connected, barred by
 *   `dist_auto_connect once`, kept by the program, or at the other end of a link or monitor. Differs
 *   in: in OTP also those of which only a pid or reference is left somewhere, which a JavaScript
 *   program cannot find out.
 */
export type NodesKind = "visible" | "hidden" | "connected" | "this" | "known";

const KINDS = new Set<unknown>(["visible", "hidden", "connected", "this", "known"]);

/** A node of a list, with what is known of it (`erlang:nodes/2`). */
export interface ListedNode {
  /** Full name. */
  readonly name: string;
  /** `known`: not connected. */
  readonly nodeType: "visible" | "hidden" | "this" | "known";
  /** Tells this connection from earlier and later ones; undefined where there is none. */
  readonly connectionId: number | undefined;
}

/** One entry of the node table (`net_kernel:node_info/1`). */
export interface NodeTableEntry {
  /** Full name. */
  readonly name: string;
  /**
   * As in the emulator. `idle`: nothing is going on; `pending`: it is being connected; `exiting`: it
   * is down, and the last bytes are going out.
   */
  readonly state: "idle" | "pending" | "connected" | "exiting";
  /** Of the connection; undefined while there is none. */
  readonly type: "normal" | "hidden" | undefined;
  /** Where the other end is. */
  readonly address: NetAddress | undefined;
  /** Signals that came in over the connection. */
  readonly in: number;
  /** Signals that were sent over it. */
  readonly out: number;
  /** Tells this connection from earlier and later ones; undefined where there is none. */
  readonly connectionId: number | undefined;
  /** Signals that wait for the connection that is being set up. */
  readonly held: number;
  /** Whether `dist_auto_connect once` keeps signals from connecting to it. */
  readonly barred: boolean;
}

/** The nodes of these kinds, each once. */
export function listNodes(parts: NodeParts, kinds: readonly NodesKind[]): ListedNode[] {
  const { nodes, identity } = parts;
  for (const kind of kinds) {
    if (!KINDS.has(kind)) throw new TypeError(`there is no kind of nodes "${String(kind)}"`);
  }
  const wants = new Set<string>(kinds);
  const found = new Map<Atom, ListedNode>();
  const add = (node: Atom, nodeType: ListedNode["nodeType"], connectionId?: number): void => {
    if (!found.has(node)) found.set(node, { name: node.text, nodeType, connectionId });
  };
  if (wants.has("this") || wants.has("known")) add(identity.node, "this");
  for (const [node, peer] of nodes.entries()) {
    if (peer.state !== "connected") continue;
    const type = peer.connection.peer.hidden ? "hidden" : "visible";
    if (wants.has(type) || wants.has("connected") || wants.has("known")) {
      add(node, type, peer.connectionId);
    }
  }
  if (wants.has("known")) for (const node of knownNodes(parts)) add(node, "known");
  return [...found.values()];
}

function* knownNodes({ nodes, processes, kept }: NodeParts): Generator<Atom> {
  for (const [node] of nodes.entries()) yield node;
  yield* nodes.barred;
  yield* kept.nodes();
  yield* processes.relatedNodes();
}

/** The node table: all nodes that are not idle (`net_kernel:nodes_info/0`). */
export function nodesInfo({ nodes }: NodeParts): NodeTableEntry[] {
  return [...nodes.entries()].map(([node, peer]) => entryOf(node.text, peer, nodes.barred));
}

/** What the node table has about one node. */
export function nodeInfo({ nodes }: NodeParts, name: string): NodeTableEntry {
  const node = existingAtom(name);
  return entryOf(name, node === undefined ? undefined : nodes.get(node), nodes.barred);
}

function entryOf(name: string, peer: Peer | undefined, barred: ReadonlySet<Atom>): NodeTableEntry {
  const connection = peer === undefined || peer.state === "pending" ? undefined : peer.connection;
  const node = existingAtom(name);
  const waits =
    peer?.state === "pending" ? peer : peer?.state === "exiting" ? peer.next : undefined;
  return {
    name,
    state: peer?.state ?? "idle",
    type: connection === undefined ? undefined : connection.peer.hidden ? "hidden" : "normal",
    address: connection?.remoteAddress,
    in: connection?.stats.signalsReceived ?? 0,
    out: connection?.stats.signalsSent ?? 0,
    connectionId: peer?.state === "connected" ? peer.connectionId : undefined,
    held: waits?.held.length ?? 0,
    barred: node !== undefined && barred.has(node),
  };
}
