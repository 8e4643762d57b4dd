import type { Atom } from "../../term/atom.ts";
import { type KnownNode, PROTOCOL_VERSION } from "./messages.ts";

/**
 * Who belongs to the partition of this node, and who is about to. A node is *connected* first, then
 * *pending* once it has said which version it speaks, then *known*: part of the partition, asked for
 * every lock and told every name. It is *in sync* when it has the same names.
 */
export class Membership {
  readonly connected = new Set<Atom>();
  /** Version that each speaks; 0: others know it, we do not yet. */
  readonly known = new Map<Atom, number>();
  readonly pending = new Map<Atom, number>();
  readonly synced = new Set<Atom>();
  /** Disconnected on purpose: their nodedown is no loss that others have to hear of. */
  readonly removing = new Set<Atom>();
  readonly #most: number;

  /** `most` nodes can be known. */
  constructor(most: number) {
    this.#most = most;
  }

  isPotentiallyKnown(node: Atom): boolean {
    return this.known.has(node) || this.pending.has(node);
  }

  version(node: Atom, own: Atom): number {
    if (node === own) return PROTOCOL_VERSION;
    return this.known.get(node) ?? this.pending.get(node) ?? 0;
  }

  /** Adds nodes of a partition that this one was merged with; gives those that are new. */
  add(nodes: readonly KnownNode[], own: Atom): Atom[] {
    const added: Atom[] = [];
    for (const [node, version] of nodes) {
      if (node === own) continue;
      const before = this.known.get(node);
      // What is known of it stays.
      if (before !== undefined || this.known.size >= this.#most) continue;
      this.known.set(node, version);
      added.push(node);
    }
    return added;
  }

  /** Nodes that hear of a lost connection: those that understand the message, but one. */
  hearers(except: Atom): Atom[] {
    const nodes = new Set<Atom>();
    for (const members of [this.known, this.pending]) {
      for (const [node, version] of members) {
        if (node !== except && version >= LOST_CONNECTION_VERSION) nodes.add(node);
      }
    }
    return [...nodes];
  }
}

/** The first that knows of overlapping partitions and how to prevent them. */
export const LOST_CONNECTION_VERSION = 7;
