import { compareKeys } from "../term/compare-terms.ts";
import { HOLE, type MapEntries } from "../term/map-entries.ts";
import type { Term } from "../term/term.ts";

/** The keys of a map and their values, by position. */
export interface Entries {
  readonly keyArray: readonly Term[];
  readonly valueArray: readonly Term[];
}

/** In the order that `term_to_binary(Term, [deterministic])` writes them. */
export function sortedEntries(map: MapEntries): Entries {
  const { keyArray, valueArray } = map;
  const positions = [...keyArray.keys()].filter((at) => keyArray[at] !== HOLE);
  positions.sort((a, b) => compareKeys(keyArray[a] as Term, keyArray[b] as Term));
  return {
    keyArray: positions.map((at) => keyArray[at] as Term),
    valueArray: positions.map((at) => valueArray[at] as Term),
  };
}
