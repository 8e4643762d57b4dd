import type { Name } from "../signal/signal.ts";
import { atoms } from "../term/atom.ts";
import type { Pid } from "../term/pid.ts";
import { ProcessError } from "./errors.ts";
import type { Process } from "./process.ts";

/** The registered names of this node (`erlang:register/2`). */
export class NameRegistry {
  readonly #byName = new Map<Name, Process>();

  /**
   * @throws ProcessError `ERR_NAME_REGISTERED` when another has the name, `ERR_PROCESS_NAMED` when the
   *   process has one; TypeError for `undefined`, which is no name.
   */
  register(name: Name, process: Process): void {
    this.assertFree(name);
    if (process.registeredName !== undefined) {
      const text = `${process.pid.toString()} is registered as ${String(process.registeredName)}: unregister that first`;
      throw new ProcessError("ERR_PROCESS_NAMED", text);
    }
    this.#byName.set(name, process);
    process.registeredName = name;
  }

  /** @throws as {@link register}, about the name. */
  assertFree(name: Name): void {
    if (name === atoms.undefined) throw new TypeError("undefined cannot be registered");
    const holder = this.#byName.get(name);
    if (holder === undefined) return;
    const text = `the name ${String(name)} is registered to ${holder.pid.toString()}: unregister it first, or take another`;
    throw new ProcessError("ERR_NAME_REGISTERED", text);
  }

  /** @returns whether the name was registered. */
  unregister(name: Name): boolean {
    const process = this.#byName.get(name);
    if (process === undefined) return false;
    process.registeredName = undefined;
    return this.#byName.delete(name);
  }

  find(name: Name): Process | undefined {
    return this.#byName.get(name);
  }

  whereis(name: Name): Pid | undefined {
    return this.#byName.get(name)?.pid;
  }

  names(): Name[] {
    return [...this.#byName.keys()];
  }
}
