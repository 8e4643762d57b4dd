import type { Name } from "../signal/signal.ts";
import type { Atom } from "../term/atom.ts";
import type { Pid } from "../term/pid.ts";
import type { Reference } from "../term/reference.ts";
import type { RelationCounts } from "./relation-counts.ts";

/** One process that watches ours. */
export interface Watcher {
  readonly from: Pid;
  readonly ref: Reference;
  /** Our pid or name, as it was monitored: what the down signal says (protocol SG-21). */
  readonly as: Pid | Name;
}

/** Who monitors one process. */
export class Watchers {
  readonly #byRef = new Map<string, Watcher>();
  readonly #counts: RelationCounts;

  constructor(counts: RelationCounts) {
    this.#counts = counts;
  }

  get size(): number {
    return this.#byRef.size;
  }

  /** A second monitor with the same reference changes nothing. */
  add(watcher: Watcher): void {
    const key = watcher.ref.key;
    if (this.#byRef.has(key)) return;
    this.#byRef.set(key, watcher);
    this.#counts.add(watcher.from.node, 1);
  }

  remove(from: Pid, ref: Reference): void {
    const key = ref.key;
    const watcher = this.#byRef.get(key);
    if (watcher === undefined || !watcher.from.equals(from)) return;
    this.#byRef.delete(key);
    this.#counts.add(from.node, -1);
  }

  /** Forgets the watchers of a node that is gone. */
  removeNode(node: Atom): void {
    for (const [key, watcher] of this.#byRef) {
      if (watcher.from.node !== node) continue;
      this.#byRef.delete(key);
      this.#counts.add(node, -1);
    }
  }

  /** Gives all watchers and forgets them. */
  takeAll(): Watcher[] {
    const all = [...this.#byRef.values()];
    this.#byRef.clear();
    for (const watcher of all) this.#counts.add(watcher.from.node, -1);
    return all;
  }
}
