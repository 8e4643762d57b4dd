import { referenceNumber } from "../process/identity.ts";
import type { ProcessTable } from "../process/process-table.ts";
import type { Name, SpawnReply } from "../signal/signal.ts";
import { type Atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import type { Reference } from "../term/reference.ts";

/** The answer to a spawn request: the new process, or why there is none. */
export type SpawnOutcome = (result: Pid | Name) => void;

interface Waiting {
  readonly ref: Reference;
  /** Who was asked: nobody else may answer. */
  readonly node: Atom;
  readonly outcome: SpawnOutcome;
}

/** Spawn requests of ours that wait for their reply (`erlang:spawn_request/5`). */
export class SpawnRequests {
  readonly #processes: ProcessTable;
  readonly #waiting = new Map<number, Waiting>();

  constructor(processes: ProcessTable) {
    this.#processes = processes;
  }

  expect(ref: Reference, node: Atom, outcome: SpawnOutcome): void {
    this.#waiting.set(referenceNumber(ref), { ref, node, outcome });
  }

  /** Whoever waited does not any more (`spawn_request_abandon/1`). */
  abandon(ref: Reference): void {
    this.#waiting.delete(referenceNumber(ref));
  }

  /**
   * A reply that nobody waits for takes back what was set up for it (protocol SG-57). `from` is the
   * node it came from; undefined when it is ours, in the name of one that cannot be reached.
   */
  reply({ ref, to, flags, result }: SpawnReply, from: Atom | undefined): void {
    const number = referenceNumber(ref);
    const waiting = this.#waiting.get(number);
    if (waiting?.ref.equals(ref) === true) {
      if (from !== undefined && from !== waiting.node) return;
      this.#waiting.delete(number);
      waiting.outcome(result);
      return;
    }
    if (!(result instanceof Pid)) return;
    const { router } = this.#processes;
    if ((flags & 2) !== 0) {
      router.route(result.node, { type: "demonitor", from: to, to: result, ref });
    }
    if ((flags & 1) !== 0) {
      const exit = { type: "exit", from: to, to: result, reason: atoms.abandoned } as const;
      router.route(result.node, { ...exit, token: undefined });
    }
  }
}
