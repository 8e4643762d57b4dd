import type { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { referenceNumber } from "./identity.ts";

interface Alias {
  readonly ref: Reference;
  readonly receive: (message: Term, bytes: number) => void;
  /** Gone after the first message (`reply_demonitor`). */
  readonly once: boolean;
}

/** References that processes and calls of this node accept as addresses (protocol SG-30). */
export class Aliases {
  readonly #byNumber = new Map<number, Alias>();

  get size(): number {
    return this.#byNumber.size;
  }

  activate(ref: Reference, once: boolean, receive: (message: Term, bytes: number) => void): void {
    this.#byNumber.set(referenceNumber(ref), { ref, receive, once });
  }

  /** @returns whether it was active. */
  deactivate(ref: Reference): boolean {
    const number = referenceNumber(ref);
    if (this.#byNumber.get(number)?.ref.equals(ref) !== true) return false;
    return this.#byNumber.delete(number);
  }

  /** A message to an alias that is not active is dropped, as everywhere in Erlang. */
  deliver(ref: Reference, message: Term, bytes: number): void {
    const number = referenceNumber(ref);
    const alias = this.#byNumber.get(number);
    if (alias === undefined || !alias.ref.equals(ref)) return;
    if (alias.once) this.#byNumber.delete(number);
    alias.receive(message, bytes);
  }
}
