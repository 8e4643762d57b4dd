import type { Atom } from "../term/atom.ts";

/** How many nodes are remembered. */
const REMEMBERED = 256;

/** Why the last dial to a node failed: what a call that found no connection tells its caller. */
export class DialFailures {
  readonly #byNode = new Map<Atom, Error>();

  get(node: Atom): Error | undefined {
    return this.#byNode.get(node);
  }

  add(node: Atom, error: Error): void {
    this.#byNode.delete(node);
    this.#byNode.set(node, error);
    if (this.#byNode.size <= REMEMBERED) return;
    const [oldest] = this.#byNode.keys();
    if (oldest !== undefined) this.#byNode.delete(oldest);
  }

  forget(node: Atom): void {
    this.#byNode.delete(node);
  }
}
