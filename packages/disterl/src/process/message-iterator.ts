import type { Term } from "../term/term.ts";
import type { Actor } from "./actor.ts";

/** `for await` over the messages of a process. */
export class MessageIterator implements AsyncIterableIterator<Term> {
  readonly #actor: Actor;

  constructor(actor: Actor) {
    this.#actor = actor;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Term>> {
    return this.#actor.receive().then(
      (value) => ({ done: false, value }),
      (error: unknown) => {
        if (this.#actor.alive) throw error;
        return { done: true, value: undefined };
      },
    );
  }
}
