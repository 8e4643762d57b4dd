import type { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import type { Process } from "./process.ts";
import { ReferenceTable } from "./reference-table.ts";

/** An address that can be taken back. */
export interface Alias {
  readonly ref: Reference;
  /** Gone after the first message (`reply_demonitor`). */
  readonly once: boolean;
  /** Whose it is; undefined for a call, which only takes its answer. */
  readonly owner?: Process | undefined;
  /** Whether messages may come with priority (OTP 28). */
  readonly priority?: boolean | undefined;
  /** `urgent`: it was sent with priority, and this alias has that. */
  receive(message: Term, bytes: number, token: Term | undefined, urgent: boolean): void;
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

  get(ref: Reference): Alias | undefined {
    return this.#active.get(ref);
  }

  /** A message to an alias that is not active is dropped, as everywhere in Erlang. */
  deliver(ref: Reference, message: Term, bytes = 0, token?: Term, priority = false): void {
    const alias = this.#active.get(ref);
    if (alias === undefined) return;
    if (alias.once) this.#active.take(ref);
    alias.receive(message, bytes, token, priority && alias.priority === true);
  }
}

/** Options of {@link Process.alias} (`erlang:alias/1`). */
export interface AliasOptions {
  /** The first message takes it back. */
  readonly reply?: boolean | undefined;
  /** Messages and exit signals may come with priority (OTP 28). */
  readonly priority?: boolean | undefined;
}

/** An alias of a process that is nothing else. */
export class ProcessAlias implements Alias {
  readonly ref: Reference;
  readonly owner: Process;
  readonly once: boolean;
  readonly priority: boolean;

  constructor(owner: Process, ref: Reference, { reply, priority }: AliasOptions) {
    this.owner = owner;
    this.ref = ref;
    this.once = reply ?? false;
    this.priority = priority ?? false;
  }

  receive(message: Term, bytes: number, token: Term | undefined, urgent: boolean): void {
    if (this.once) this.owner.heldAliases.delete(this);
    this.owner.deliver(message, bytes, token, urgent);
  }
}
