import type { Name } from "../signal/signal.ts";
import type { Atom } from "../term/atom.ts";
import type { Pid } from "../term/pid.ts";
import type { Reference } from "../term/reference.ts";
import type { OwnPids } from "./links.ts";
import type { PeerIndex } from "./peer-index.ts";
import { ReferenceTable } from "./reference-table.ts";

/** One process that watches ours. */
export interface Watcher {
  readonly from: Pid;
  readonly ref: Reference;
  /** Our pid or name, as it was monitored: what the down signal says (protocol SG-21). */
  readonly as: Pid | Name;
  /** Told when it does not watch any more, other than because our process has ended. */
  readonly removed?: () => void;
}

/** Who monitors one process. */
export class Watchers<Owner = unknown> {
  readonly #byRef: ReferenceTable<Watcher>;
  readonly #index: PeerIndex<Owner>;
  readonly #owner: Owner;
  readonly #own: OwnPids;

  constructor(
    index: PeerIndex<Owner>,
    owner: Owner,
    own: OwnPids,
    hash: (ref: Reference) => number,
  ) {
    this.#index = index;
    this.#owner = owner;
    this.#own = own;
    this.#byRef = new ReferenceTable(hash);
  }

  get size(): number {
    return this.#byRef.size;
  }

  all(): Watcher[] {
    return this.#byRef.entries();
  }

  /** A second monitor with the same reference changes nothing. */
  add(watcher: Watcher): void {
    if (this.#byRef.get(watcher.ref) !== undefined) return;
    this.#byRef.set(watcher);
    this.#count(watcher.from, 1);
  }

  remove(from: Pid, ref: Reference): void {
    if (this.#byRef.get(ref)?.from.equals(from) !== true) return;
    this.#byRef.take(ref);
    this.#count(from, -1);
  }

  /** Forgets the watchers of a node that is gone. */
  removeNode(node: Atom): void {
    for (const { from, ref } of this.#byRef.entries()) {
      if (from.node === node) this.remove(from, ref);
    }
  }

  /** Gives all watchers and forgets them. */
  takeAll(): Watcher[] {
    const all = this.#byRef.entries();
    for (const { from, ref } of all) {
      this.#byRef.take(ref);
      this.#count(from, -1);
    }
    return all;
  }

  #count(from: Pid, delta: number): void {
    if (!this.#own.isOwnPid(from)) this.#index.add(from.node, this.#owner, delta);
  }
}
