import type { Router } from "../signal/router.ts";
import type { Name, SpawnReply } from "../signal/signal.ts";
import { type Atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import type { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { ReferenceTable } from "./reference-table.ts";

/** The answer to a spawn request: the new process and its flags, or why there is none. */
export type SpawnOutcome = (result: Pid | Name, flags: number, token: Term | undefined) => void;

interface Waiting {
  readonly ref: Reference;
  /** Who was asked: nobody else may answer. */
  readonly node: Atom;
  readonly outcome: SpawnOutcome;
}

/** Nobody waits for the reply any more. */
interface Orphan {
  readonly ref: Reference;
  readonly node: Atom;
  /** What a process that was linked is told. */
  readonly reason: Term;
}

/** Spawn requests of ours that wait for their reply (`erlang:spawn_request/5`). */
export class SpawnRequests {
  readonly #router: Router;
  readonly #waiting = new ReferenceTable<Waiting>();
  readonly #orphans = new ReferenceTable<Orphan>();

  constructor(router: Router) {
    this.#router = router;
  }

  /** How many replies are outstanding, those that nobody waits for included. */
  get size(): number {
    return this.#waiting.size + this.#orphans.size;
  }

  expect(ref: Reference, node: Atom, outcome: SpawnOutcome): void {
    this.#waiting.set({ ref, node, outcome });
  }

  /** The request was never sent: there will be no reply. */
  forget(ref: Reference): void {
    this.#waiting.take(ref);
  }

  /**
   * Whoever waited does not any more (`spawn_request_abandon/1`): a process that was started loses its
   * monitor, and hears `reason` over its link. False when the reply had come.
   */
  abandon(ref: Reference, reason: Term = atoms.abandoned): boolean {
    const waiting = this.#waiting.take(ref);
    if (waiting === undefined) return false;
    this.#orphans.set({ ref, node: waiting.node, reason });
    return true;
  }

  /**
   * A reply that nobody waits for takes back what was set up for it (protocol SG-57). `from` is the
   * node it came from; undefined when it is ours, in the name of one that cannot be reached.
   */
  reply({ ref, to, flags, result, token }: SpawnReply, from: Atom | undefined): void {
    const waiting = this.#waiting.get(ref) ?? this.#orphans.get(ref);
    if (waiting !== undefined && from !== undefined && from !== waiting.node) return;
    if (waiting !== undefined && "outcome" in waiting) {
      this.#waiting.take(ref);
      waiting.outcome(result, flags, token);
      return;
    }
    this.#orphans.take(ref);
    if (!(result instanceof Pid)) return;
    if ((flags & 2) !== 0) {
      this.#router.route(result.node, { type: "demonitor", from: to, to: result, ref });
    }
    if ((flags & 1) !== 0) {
      const reason = waiting?.reason ?? atoms.abandoned;
      const exit = { type: "exit", from: to, to: result, reason, token: undefined } as const;
      this.#router.route(result.node, exit);
    }
  }

  /** The connection to a node is gone: no reply will come. */
  nodeDown(node: Atom): void {
    for (const orphan of this.#orphans.entries()) {
      if (orphan.node === node) this.#orphans.take(orphan.ref);
    }
    for (const waiting of this.#waiting.entries()) {
      if (waiting.node !== node || this.#waiting.take(waiting.ref) === undefined) continue;
      waiting.outcome(atoms.noconnection, 0, undefined);
    }
  }
}
