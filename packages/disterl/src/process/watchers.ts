import type { Name } from "../signal/signal.ts";
import type { Atom } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
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

/** A process that is watched by a name, which it may lose. */
export interface NamedWatch<Owner> {
  readonly ref: Reference;
  readonly owner: Owner;
}

/** What the processes of a node have in common. */
export interface WatcherTables<Owner> {
  readonly identity: OwnPids;
  readonly watcherCounts: PeerIndex<Owner>;
  readonly namedWatchers: ReferenceTable<NamedWatch<Owner>>;
  /** For the references of others. */
  readonly foreignHash: (ref: Reference) => number;
}

/** Who monitors one process. */
export class Watchers<Owner = unknown> {
  readonly #byRef: ReferenceTable<Watcher>;
  readonly #owner: Owner;
  readonly #shared: WatcherTables<Owner>;

  constructor(owner: Owner, shared: WatcherTables<Owner>) {
    this.#owner = owner;
    this.#shared = shared;
    this.#byRef = new ReferenceTable(shared.foreignHash);
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
    if (!(watcher.as instanceof Pid)) {
      this.#shared.namedWatchers.set({ ref: watcher.ref, owner: this.#owner });
    }
  }

  remove(from: Pid, ref: Reference): void {
    const watcher = this.#byRef.get(ref);
    if (watcher?.from.equals(from) !== true) return;
    this.#drop(watcher);
    watcher.removed?.();
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
    for (const watcher of all) this.#drop(watcher);
    return all;
  }

  #drop({ from, ref, as }: Watcher): void {
    this.#byRef.take(ref);
    this.#count(from, -1);
    if (!(as instanceof Pid)) this.#shared.namedWatchers.take(ref);
  }

  #count(from: Pid, delta: number): void {
    const { identity, watcherCounts } = this.#shared;
    if (!identity.isOwnPid(from)) watcherCounts.add(from.node, this.#owner, delta);
  }
}
