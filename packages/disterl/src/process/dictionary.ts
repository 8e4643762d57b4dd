import { equalTerms } from "../term/equal-terms.ts";
import type { Term } from "../term/term.ts";
import { TermMap } from "../term/term-map.ts";

/** The dictionary of a process: terms by terms, gone with the process (`erlang:put/2`). */
export class Dictionary {
  readonly #entries = new TermMap();

  /** Stores a value, and gives the one that was there. */
  put(key: Term, value: Term): Term | undefined {
    const before = this.#entries.get(key);
    this.#entries.set(key, value);
    return before;
  }

  get(key: Term): Term | undefined {
    return this.#entries.get(key);
  }

  /** Removes a value, and gives it. */
  erase(key: Term): Term | undefined {
    const before = this.#entries.get(key);
    this.#entries.delete(key);
    return before;
  }

  /** All keys, or those with this value (`erlang:get_keys/0,1`). */
  keys(value?: Term): Term[] {
    const keys: Term[] = [];
    for (const [key, each] of this.#entries) {
      if (value === undefined || equalTerms(each, value)) keys.push(key);
    }
    return keys;
  }

  entries(): [Term, Term][] {
    return [...this.#entries];
  }

  get size(): number {
    return this.#entries.size;
  }

  clear(): void {
    this.#entries.clear();
  }
}
