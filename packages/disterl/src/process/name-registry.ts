import type { Name } from "../signal/signal.ts";
import type { Pid } from "../term/pid.ts";
import { ProcessError } from "./errors.ts";
import type { Process } from "./process.ts";

/** The registered names of this node (`erlang:register/2`). */
export class NameRegistry {
  readonly #byName = new Map<Name, Process>();

  /** @throws ProcessError `ERR_NAME_REGISTERED`. */
  register(name: Name, process: Process): void {
    const holder = this.#byName.get(name);
    if (holder !== undefined) {
      throw new ProcessError(
        "ERR_NAME_REGISTERED",
        `the name ${String(name)} is registered to ${holder.pid.toString()} already`,
      );
    }
    this.#byName.set(name, process);
    process.names.push(name);
  }

  /** @returns whether the name was registered. */
  unregister(name: Name): boolean {
    const process = this.#byName.get(name);
    if (process === undefined) return false;
    process.names.splice(process.names.indexOf(name), 1);
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
