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

  /** The value of a key (`erlang:get/1`). */
  get(key: Term): Term | undefined {
    return this.#entries.get(key);
  }

  /** Removes a value, and gives it (`erlang:erase/1`). */
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

  /** All of it (`erlang:get/0`). */
  entries(): [Term, Term][] {
    return [...this.#entries];
  }

  /** How many keys there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** Removes everything (`erlang:erase/0`). */
  clear(): void {
    this.#entries.clear();
  }
}
