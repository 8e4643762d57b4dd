import type { Pid } from "../term/pid.ts";
import type { PeerIndex } from "./peer-index.ts";

interface LinkEntry {
  pid: Pid;
  /** Whether it is one of this node. */
  readonly isLocal: boolean;
  active: boolean;
  /** The unlink that waits for its ack; meaningful only while inactive. */
  unlinkId: bigint;
}

/** Who knows the pids of this node. */
export interface OwnPids {
  isOwnPid(pid: Pid): boolean;
}

/**
 * The links of one process, with the state that keeps link, unlink and exit signals that cross on
 * the way from being misread. Mirrors `erl_monitor_link.c`; rules: protocol SG-11 to SG-13.
 *
 * A process counts as linked only while the entry is *active*. After an unlink the entry stays,
 * inactive, until the ack with the same id arrives.
 */
export class Links<Owner = unknown> {
  /** By the number of local pids, by the key of others, whose numbers are of their choice. */
  readonly #entries = new Map<number | string, LinkEntry>();
  readonly #index: PeerIndex<Owner>;
  readonly #owner: Owner;
  readonly #own: OwnPids;
  #lastUnlinkId = 0n;

  constructor(index: PeerIndex<Owner>, owner: Owner, own: OwnPids) {
    this.#index = index;
    this.#owner = owner;
    this.#own = own;
  }

  #find(pid: Pid): LinkEntry | undefined {
    return this.#entries.get(this.#own.isOwnPid(pid) ? pid.id : pid.key);
  }

  /** Entries, waiting acks included. */
  get size(): number {
    return this.#entries.size;
  }

  /** The processes linked to. */
  *linked(): Generator<Pid> {
    for (const entry of this.#entries.values()) if (entry.active) yield entry.pid;
  }

  isLinked(pid: Pid): boolean {
    return this.#find(pid)?.active === true;
  }

  /** We link: true when a link signal has to be sent. */
  link(pid: Pid): boolean {
    const entry = this.#find(pid);
    if (entry === undefined) {
      this.#add(pid);
      return true;
    }
    if (entry.active) return false;
    entry.active = true;
    entry.unlinkId = 0n;
    return true;
  }

  /** We unlink: the id for the unlink signal, or undefined when there was no link. */
  unlink(pid: Pid): bigint | undefined {
    const entry = this.#find(pid);
    if (entry === undefined || !entry.active) return undefined;
    this.#lastUnlinkId = BigInt.asUintN(64, this.#lastUnlinkId + 1n) || 1n;
    entry.active = false;
    entry.unlinkId = this.#lastUnlinkId;
    return entry.unlinkId;
  }

  /** A link signal came. An entry with an unlink under way is not revived: the peer will see it. */
  linkReceived(pid: Pid): void {
    if (this.#find(pid) === undefined) this.#add(pid);
  }

  /** An unlink signal came; the caller acknowledges it in any case. */
  unlinkReceived(pid: Pid): void {
    const entry = this.#find(pid);
    if (entry?.active === true) this.#remove(entry);
  }

  unlinkAckReceived(pid: Pid, id: bigint): void {
    const entry = this.#find(pid);
    if (entry !== undefined && !entry.active && entry.unlinkId === id) {
      this.#remove(entry);
    }
  }

  /** The other process ended: true when the exit concerns us, false when there was no link (any more). */
  exitReceived(pid: Pid): boolean {
    const entry = this.#find(pid);
    if (entry === undefined) return false;
    this.#remove(entry);
    return entry.active;
  }

  /** Forgets all links to processes for which `gone` holds, and gives those that were active. */
  takeWhere(gone: (pid: Pid) => boolean): Pid[] {
    const taken: Pid[] = [];
    for (const entry of this.#entries.values()) {
      if (!gone(entry.pid)) continue;
      this.#remove(entry);
      if (entry.active) taken.push(entry.pid);
    }
    return taken;
  }

  /** The own node was named anew: links to its processes go by their new pids. */
  rename(moved: (pid: Pid) => Pid): void {
    for (const entry of this.#entries.values()) if (entry.isLocal) entry.pid = moved(entry.pid);
  }

  #add(pid: Pid): void {
    const isLocal = this.#own.isOwnPid(pid);
    const entry = { pid, isLocal, active: true, unlinkId: 0n };
    this.#entries.set(isLocal ? pid.id : pid.key, entry);
    if (!isLocal) this.#index.add(pid.node, this.#owner, 1);
  }

  #remove({ pid, isLocal }: LinkEntry): void {
    this.#entries.delete(isLocal ? pid.id : pid.key);
    if (!isLocal) this.#index.add(pid.node, this.#owner, -1);
  }
}
