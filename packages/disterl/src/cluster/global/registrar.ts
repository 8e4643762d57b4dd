import type { Process } from "../../process/process.ts";
import type { Atom } from "../../term/atom.ts";
import { t } from "../../term/tuple.ts";
import {
  currentNames,
  deleteGlobalLock,
  deleteLockOnNodes,
  type LockCaller,
  randomSleep,
  setLockOnNodes,
  theBoss,
} from "./lock-calls.ts";
import { GLOBAL, type LockId } from "./lock-table.ts";

/**
 * Changes names, one change at a time, each under the lock on `global` of all nodes that are known.
 * The requester of the lock is the registrar's process, which Erlang nodes monitor.
 */
export class Registrar {
  readonly #caller: LockCaller;
  readonly #known: () => Promise<readonly Atom[]>;
  #last: Promise<unknown> = Promise.resolve();

  /** `known` gives the nodes that are known, as of all messages that have arrived. */
  constructor(caller: LockCaller, known: () => Promise<readonly Atom[]>) {
    this.#caller = caller;
    this.#known = known;
  }

  /** The requester and holder of its locks. */
  get process(): Process {
    return this.#caller.process;
  }

  /**
   * Runs `change` when it is its turn, with the lock on all nodes that it is given. Nodes that have left
   * meanwhile are not among them: to tell them now would connect to them, and give them names that
   * their partition does not have.
   */
  transaction<Result>(change: (nodes: readonly Atom[]) => Promise<Result>): Promise<Result> {
    const run = async (): Promise<Result> => {
      const { process } = this.#caller;
      const id = t(GLOBAL, process.pid);
      const nodes = await this.#lockKnown(id);
      try {
        const known = new Set([process.pid.node, ...(await this.#known())]);
        const isThere = (node: Atom): boolean => known.has(node) && this.#caller.mayAsk(node);
        return await change(currentNames(this.#caller, nodes).filter(isThere));
      } finally {
        await deleteGlobalLock(this.#caller, id, nodes);
      }
    };
    const result = this.#last.then(run, run);
    this.#last = result;
    return result;
  }

  async #lockKnown(id: LockId): Promise<readonly Atom[]> {
    for (let times = 0; ; times++) {
      const known = await this.#known();
      const nodes = [this.#caller.process.pid.node, ...known];
      const boss = theBoss(nodes);
      if (await setLockOnNodes(this.#caller, id, [boss])) {
        if (!(await setLockOnNodes(this.#caller, id, nodes))) {
          await deleteLockOnNodes(this.#caller, id, [boss]);
        } else if ((await this.#known()).every((node) => known.includes(node))) {
          return nodes;
        } else {
          // A node became known meanwhile: it has not been asked.
          await deleteGlobalLock(this.#caller, id, nodes);
        }
      }
      await randomSleep(this.#caller, times);
    }
  }
}
