import type { Atom } from "../term/atom.ts";
import type { Pid } from "../term/pid.ts";
import type { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import type { Name } from "../signal/signal.ts";
import { ReferenceTable } from "./reference-table.ts";

/** One monitor that a local process (or a call of the program) holds on something. */
export interface OutgoingMonitor {
  readonly ref: Reference;
  readonly from: Pid;
  /** Where the target is. */
  readonly node: Atom;
  readonly target: Pid | Name;
  /** Its neighbours among those of the same node. @internal */
  previousOfNode?: OutgoingMonitor | undefined;
  /** @internal */
  nextOfNode?: OutgoingMonitor | undefined;
  /** Called once, when the target is gone; the monitor is no more by then. */
  down(reason: Term): void;
}

/** All monitors held by this node's processes, by reference, and of each node in a list. */
export class Monitors {
  readonly #byRef = new ReferenceTable<OutgoingMonitor>();
  /** The newest on each node. */
  readonly #byNode = new Map<Atom, OutgoingMonitor>();

  get size(): number {
    return this.#byRef.size;
  }

  add(monitor: OutgoingMonitor): void {
    this.#byRef.set(monitor);
    const newest = this.#byNode.get(monitor.node);
    monitor.previousOfNode = undefined;
    monitor.nextOfNode = newest;
    if (newest !== undefined) newest.previousOfNode = monitor;
    this.#byNode.set(monitor.node, monitor);
  }

  get(ref: Reference): OutgoingMonitor | undefined {
    return this.#byRef.get(ref);
  }

  /** The nodes that anything is monitored on. */
  nodes(): Iterable<Atom> {
    return this.#byNode.keys();
  }

  /** Removes a monitor: its `down` will not be called. */
  remove(ref: Reference): OutgoingMonitor | undefined {
    const monitor = this.#byRef.take(ref);
    if (monitor !== undefined) this.#unlist(monitor);
    return monitor;
  }

  #unlist(monitor: OutgoingMonitor): void {
    const { node, previousOfNode: previous, nextOfNode: next } = monitor;
    if (next !== undefined) next.previousOfNode = previous;
    if (previous !== undefined) previous.nextOfNode = next;
    else if (next !== undefined) this.#byNode.set(node, next);
    else this.#byNode.delete(node);
    monitor.previousOfNode = undefined;
    monitor.nextOfNode = undefined;
  }

  /** The target is gone. A reference that is not (or no longer) known is ignored. */
  fire(ref: Reference, reason: Term): void {
    this.remove(ref)?.down(reason);
  }

  /** The connection to `node` is gone: every monitor across it fires, once, the oldest first. */
  nodeDown(node: Atom, reason: Term): void {
    const across: OutgoingMonitor[] = [];
    let monitor = this.#byNode.get(node);
    for (; monitor !== undefined; monitor = monitor.nextOfNode) across.push(monitor);
    // What one sets off may take others away.
    for (const { ref } of across.reverse()) this.fire(ref, reason);
  }
}
