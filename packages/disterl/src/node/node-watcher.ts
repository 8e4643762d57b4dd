import type { NodedownReason } from "../connection/errors.ts";
import type { Atom } from "../term/atom.ts";

/** A node, or this one itself, that others can be told of. */
export interface WatchedNode {
  readonly node: Atom;
  readonly hidden: boolean;
  /** Tells connections apart; undefined for this node itself. */
  readonly connectionId: number | undefined;
}

/**
 * Is told, within the event itself, which nodes come and go; this node, too, when it gets its name and
 * when it loses it. Up comes before whatever arrives over the connection, down after all of that.
 */
export interface NodeWatcher {
  nodeUp(node: WatchedNode): void;
  nodeDown(node: WatchedNode, reason: NodedownReason): void;
}
