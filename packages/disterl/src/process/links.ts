import type { Pid } from "../term/pid.ts";
import type { RelationCounts } from "./relation-counts.ts";

interface LinkEntry {
  readonly pid: Pid;
  active: boolean;
  /** The unlink that waits for its ack; meaningful only while inactive. */
  unlinkId: bigint;
}

/**
 * The links of one process, with the state that keeps link, unlink and exit signals that cross on
 * the way from being misread. Mirrors `erl_monitor_link.c`; rules: protocol SG-11 to SG-13.
 *
 * A process counts as linked only while the entry is *active*. After an unlink the entry stays,
 * inactive, until the ack with the same id arrives.
 */
export class Links {
  readonly #entries = new Map<string, LinkEntry>();
  readonly #counts: RelationCounts;
  #lastUnlinkId = 0n;

  constructor(counts: RelationCounts) {
    this.#counts = counts;
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
    return this.#entries.get(pid.key)?.active === true;
  }

  /** We link: true when a link signal has to be sent. */
  link(pid: Pid): boolean {
    const entry = this.#entries.get(pid.key);
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
    const entry = this.#entries.get(pid.key);
    if (entry === undefined || !entry.active) return undefined;
    this.#lastUnlinkId = BigInt.asUintN(64, this.#lastUnlinkId + 1n) || 1n;
    entry.active = false;
    entry.unlinkId = this.#lastUnlinkId;
    return entry.unlinkId;
  }

  /** A link signal came. An entry with an unlink under way is not revived: the peer will see it. */
  linkReceived(pid: Pid): void {
    if (!this.#entries.has(pid.key)) this.#add(pid);
  }

  /** An unlink signal came; the caller acknowledges it in any case. */
  unlinkReceived(pid: Pid): void {
    const entry = this.#entries.get(pid.key);
    if (entry?.active === true) this.#remove(entry);
  }

  unlinkAckReceived(pid: Pid, id: bigint): void {
    const entry = this.#entries.get(pid.key);
    if (entry !== undefined && !entry.active && entry.unlinkId === id) {
      this.#remove(entry);
    }
  }

  /** The other process ended: true when the exit concerns us, false when there was no link (any more). */
  exitReceived(pid: Pid): boolean {
    const entry = this.#entries.get(pid.key);
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
  rename(moved: (pid: Pid) => Pid | undefined): void {
    for (const entry of [...this.#entries.values()]) {
      const pid = moved(entry.pid);
      if (pid === undefined) continue;
      this.#remove(entry);
      this.#entries.set(pid.key, { ...entry, pid });
      this.#counts.add(pid.node, 1);
    }
  }

  #add(pid: Pid): void {
    this.#entries.set(pid.key, { pid, active: true, unlinkId: 0n });
    this.#counts.add(pid.node, 1);
  }

  #remove(entry: LinkEntry): void {
    this.#entries.delete(entry.pid.key);
    this.#counts.add(entry.pid.node, -1);
  }
}
