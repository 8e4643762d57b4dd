import type { Term } from "../../term/term.ts";
import { TermMap } from "../../term/term-map.ts";

/** Values of any kind by a key that is a term; keys are the same when they are `=:=` in Erlang. */
export class TermTable<Value> {
  readonly #numbers = new TermMap<Term, number>();
  readonly #values = new Map<number, Value>();
  #next = 0;

  get size(): number {
    return this.#values.size;
  }

  get(key: Term): Value | undefined {
    const number = this.#numbers.get(key);
    return number === undefined ? undefined : this.#values.get(number);
  }

  set(key: Term, value: Value): void {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#next++;
      this.#numbers.set(key, number);
    }
    this.#values.set(number, value);
  }

  delete(key: Term): void {
    const number = this.#numbers.get(key);
    if (number === undefined) return;
    this.#numbers.delete(key);
    this.#values.delete(number);
  }

  values(): IterableIterator<Value> {
    return this.#values.values();
  }
}
