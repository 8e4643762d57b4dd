import type { Term } from "../term/term.ts";
import type { Actor } from "./actor.ts";

/** `for await` over the messages of a process, with one promise for each. */
export class MessageIterator implements AsyncIterableIterator<Term, undefined> {
  readonly #actor: Actor;

  constructor(actor: Actor) {
    this.#actor = actor;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Term, undefined>> {
    return this.#actor.nextMessage();
  }
}
