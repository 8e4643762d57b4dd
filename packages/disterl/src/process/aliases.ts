import type { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { ReferenceTable } from "./reference-table.ts";

/** An address that can be taken back. */
export interface Alias {
  readonly ref: Reference;
  /** Gone after the first message (`reply_demonitor`). */
  readonly once: boolean;
  receive(message: Term, bytes: number): void;
}

/** References that processes and calls of this node accept as addresses (protocol SG-30). */
export class Aliases {
  readonly #active = new ReferenceTable<Alias>();

  get size(): number {
    return this.#active.size;
  }

  activate(alias: Alias): void {
    this.#active.set(alias);
  }

  /** @returns whether it was active. */
  deactivate(ref: Reference): boolean {
    return this.#active.take(ref) !== undefined;
  }

  /** A message to an alias that is not active is dropped, as everywhere in Erlang. */
  deliver(ref: Reference, message: Term, bytes: number): void {
    const alias = this.#active.get(ref);
    if (alias === undefined) return;
    if (alias.once) this.#active.take(ref);
    alias.receive(message, bytes);
  }
}
