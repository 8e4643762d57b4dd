import type { Atom } from "../term/atom.ts";

interface Relations<Owner> {
  count: number;
  readonly owners: Map<Owner, number>;
}

/**
 * Which of our processes have links with (or are monitored from) each other node, and how many in
 * all: what the limits look at, and whom the end of a connection concerns.
 */
export class PeerIndex<Owner> {
  readonly #byNode = new Map<Atom, Relations<Owner>>();

  /** How many relations there are with a node. */
  of(node: Atom): number {
    return this.#byNode.get(node)?.count ?? 0;
  }

  /** The processes that have any with a node. */
  owners(node: Atom): Owner[] {
    return [...(this.#byNode.get(node)?.owners.keys() ?? [])];
  }

  /** The nodes that any process has relations with. */
  nodes(): Iterable<Atom> {
    return this.#byNode.keys();
  }

  /** `delta` is 1 or -1. */
  add(node: Atom, owner: Owner, delta: number): void {
    let relations = this.#byNode.get(node);
    if (relations === undefined) {
      relations = { count: 0, owners: new Map() };
      this.#byNode.set(node, relations);
    }
    relations.count += delta;
    const count = (relations.owners.get(owner) ?? 0) + delta;
    if (count === 0) relations.owners.delete(owner);
    else relations.owners.set(owner, count);
    if (relations.count === 0) this.#byNode.delete(node);
  }
}
