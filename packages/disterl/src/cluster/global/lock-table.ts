import type { Process } from "../../process/process.ts";
import type { Atom } from "../../term/atom.ts";
import { atom } from "../../term/atom.ts";
import { equalTerms } from "../../term/equal-terms.ts";
import type { Pid } from "../../term/pid.ts";
import type { Reference } from "../../term/reference.ts";
import type { Term } from "../../term/term.ts";
import type { Tuple } from "../../term/tuple.ts";
import { TermTable } from "./term-table.ts";

/** `{ResourceId, LockRequesterId}`. */
export type LockId = Tuple<readonly [Term, Term]>;

/** The resource under which names are changed and partitions merged. */
export const GLOBAL: Atom = atom("global");

interface Holder {
  pid: Pid;
  readonly ref: Reference;
}

interface Lock {
  readonly resource: Term;
  readonly requester: Term;
  readonly holders: Holder[];
}

/**
 * The locks of this node, as its peers and its own processes have set them. A requester may take a
 * lock again, through other processes, too; each of them holds a share of it until it gives it back
 * or ends (kernel GL-3, GL-4).
 */
export class LockTable {
  /** The lock on `global` was last lost by a death, not given back: what came with it is void. */
  globalLockDown = false;
  readonly #server: Process;
  readonly #most: number;
  readonly #locks = new TermTable<Lock>();
  readonly #byRef = new Map<string, Lock>();

  /** `server` monitors the holders; `most` is how many shares there may be. */
  constructor(server: Process, most: number) {
    this.#server = server;
    this.#most = most;
  }

  /** Shares held, of all locks. */
  get size(): number {
    return this.#byRef.size;
  }

  isSet(resource: Term): boolean {
    return this.#locks.get(resource) !== undefined;
  }

  /** Nobody else has it. */
  canSet([resource, requester]: LockId): boolean {
    const lock = this.#locks.get(resource);
    return lock === undefined || equalTerms(lock.requester, requester);
  }

  set(id: LockId, pid: Pid): boolean {
    if (!this.canSet(id)) return false;
    const [resource, requester] = id;
    const lock = this.#locks.get(resource) ?? { resource, requester, holders: [] };
    if (lock.holders.some((holder) => holder.pid.equals(pid))) return true;
    if (this.#byRef.size >= this.#most) return false;
    const ref = this.#server.monitor(pid);
    lock.holders.push({ pid, ref });
    this.#byRef.set(ref.key, lock);
    this.#locks.set(resource, lock);
    return true;
  }

  delete([resource, requester]: LockId, pid: Pid): void {
    const lock = this.#locks.get(resource);
    if (lock === undefined || !equalTerms(lock.requester, requester)) return;
    const holder = lock.holders.find((one) => one.pid.equals(pid));
    if (holder !== undefined) this.#release(lock, holder, false);
  }

  /** A monitored holder has ended; false when the reference is not of a lock. */
  down(ref: Reference): boolean {
    const lock = this.#byRef.get(ref.key);
    const holder = lock?.holders.find((one) => one.ref.equals(ref));
    if (lock === undefined || holder === undefined) return false;
    this.#release(lock, holder, true);
    return true;
  }

  /** What processes of a node hold goes with the node. */
  nodeDown(node: Atom): void {
    for (const lock of [...this.#locks.values()]) {
      for (const holder of lock.holders.filter(({ pid }) => pid.node === node)) {
        this.#release(lock, holder, true);
      }
    }
  }

  /** This node has another name than before: its processes have other pids. */
  rename(present: (pid: Pid) => Pid): void {
    for (const { holders } of this.#locks.values()) {
      for (const holder of holders) holder.pid = present(holder.pid);
    }
  }

  /**
   * Whether names that come with the lock on `global` are still covered by it: set through the process
   * that sends them, or by the requester that they name.
   */
  covers(by: Pid | { readonly requester: Term | undefined }): boolean {
    const lock = this.#locks.get(GLOBAL);
    if (lock === undefined) return !this.globalLockDown;
    if ("requester" in by) {
      return by.requester !== undefined && equalTerms(lock.requester, by.requester);
    }
    return lock.holders.some(({ pid }) => pid.equals(by));
  }

  #release(lock: Lock, holder: Holder, down: boolean): void {
    lock.holders.splice(lock.holders.indexOf(holder), 1);
    this.#byRef.delete(holder.ref.key);
    this.#server.demonitor(holder.ref, { flush: true });
    if (lock.holders.length > 0) return;
    this.#locks.delete(lock.resource);
    if (lock.resource === GLOBAL) this.globalLockDown = down;
  }
}
