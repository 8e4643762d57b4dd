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
  /** Called once, when the target is gone; the monitor is no more by then. */
  down(reason: Term): void;
}

/** All monitors held by this node's processes, by reference. */
export class Monitors {
  readonly #byRef = new ReferenceTable<OutgoingMonitor>();

  get size(): number {
    return this.#byRef.size;
  }

  add(monitor: OutgoingMonitor): void {
    this.#byRef.set(monitor);
  }

  get(ref: Reference): OutgoingMonitor | undefined {
    return this.#byRef.get(ref);
  }

  /** Removes a monitor: its `down` will not be called. */
  remove(ref: Reference): OutgoingMonitor | undefined {
    return this.#byRef.take(ref);
  }

  /** The target is gone. A reference that is not (or no longer) known is ignored. */
  fire(ref: Reference, reason: Term): void {
    this.remove(ref)?.down(reason);
  }

  /** The connection to `node` is gone: every monitor across it fires, once. */
  nodeDown(node: Atom, reason: Term): void {
    for (const monitor of this.#byRef.entries()) {
      if (monitor.node === node) this.fire(monitor.ref, reason);
    }
  }
}
