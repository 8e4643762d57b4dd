import type { Atom } from "../term/atom.ts";

/** How many links (or monitors) our processes have with each node: what the limits look at. */
export class RelationCounts {
  readonly #byNode = new Map<Atom, number>();

  of(node: Atom): number {
    return this.#byNode.get(node) ?? 0;
  }

  add(node: Atom, delta: number): void {
    const count = this.of(node) + delta;
    if (count === 0) this.#byNode.delete(node);
    else this.#byNode.set(node, count);
  }
}
