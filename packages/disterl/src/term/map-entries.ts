import type { KeyIndex } from "./key-index.ts";
import type { Term } from "./term.ts";

/** In place of a deleted key. Not a term, so no look-up finds it. @internal */
export const HOLE: Term = Symbol("hole") as unknown as Term;

/**
 * What a map holds: the two flat arrays the decoder made, and what was derived from them. The base of
 * `TermMap`, apart from it so that equality and hashing, which a map needs, can be written on it.
 */
export class MapEntries<K extends Term = Term, V extends Term = Term> {
  /** In order of insertion. A deleted one is {@link HOLE} until {@link pack}. @internal */
  keyArray: K[] = [];
  /** The value of the key at the same position. @internal */
  valueArray: V[] = [];
  /** How many keys are {@link HOLE}. @internal */
  holes = 0;
  /** Made by the first look-up that needs it. @internal */
  index: KeyIndex | undefined = undefined;
  /** Keyed hash of the contents, right in the pass `hashPass` only. @internal */
  hash = 0;
  /** @internal */
  hashPass = 0;

  /** How many keys there are. */
  get size(): number {
    return this.keyArray.length - this.holes;
  }

  /** Key, value, key, value, … @internal */
  flat(): Term[] {
    const parts: Term[] = [];
    for (let i = 0; i < this.keyArray.length; i++) {
      const key = this.keyArray[i] as Term;
      if (key !== HOLE) parts.push(key, this.valueArray[i] as Term);
    }
    return parts;
  }
}
