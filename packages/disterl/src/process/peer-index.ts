import type { Atom } from "../term/atom.ts";
import { IdTable } from "./id-table.ts";

interface Relations<Owner> {
  count: number;
  readonly owners: IdTable<{ readonly owner: Owner; count: number }>;
}

/**
 * Which of our processes have links with (or are monitored from) each other node, and how many in
 * all: what the limits look at, and whom the end of a connection concerns.
 */
export class PeerIndex<Owner> {
  readonly #byNode = new Map<Atom, Relations<Owner>>();
  readonly #idOf: (owner: Owner) => number;

  /** `idOf` gives the number that an owner is found by. */
  constructor(idOf: (owner: Owner) => number) {
    this.#idOf = idOf;
  }

  /** How many relations there are with a node. */
  of(node: Atom): number {
    return this.#byNode.get(node)?.count ?? 0;
  }

  /** The processes that have any with a node. */
  owners(node: Atom): Owner[] {
    return (this.#byNode.get(node)?.owners.values() ?? []).map(({ owner }) => owner);
  }

  /** The nodes that any process has relations with. */
  *nodes(): Generator<Atom> {
    for (const [node, { count }] of this.#byNode) if (count > 0) yield node;
  }

  /**
   * A node is gone. Not before: the only process that a node has to do with is often one that serves
   * its call, thousands of times a second.
   */
  forget(node: Atom): void {
    if (this.of(node) === 0) this.#byNode.delete(node);
  }

  /** `delta` is 1 or -1. */
  add(node: Atom, owner: Owner, delta: number): void {
    let relations = this.#byNode.get(node);
    if (relations === undefined) {
      relations = { count: 0, owners: new IdTable() };
      this.#byNode.set(node, relations);
    }
    const { owners } = relations;
    const id = this.#idOf(owner);
    let own = owners.get(id);
    if (own === undefined) {
      own = { owner, count: 0 };
      owners.set(id, own);
    }
    relations.count += delta;
    own.count += delta;
    if (own.count === 0) owners.delete(id);
  }
}
