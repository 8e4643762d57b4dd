import type { Term } from "./term.ts";
import { TermHasher } from "./term-hasher.ts";

/** Fixed, so that hashes may be stored. First digits of pi in base 16. */
const hasher = new TermHasher(
  Uint32Array.of(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344),
  false,
);

/**
 * A hash of a term, 0 to 2^32 - 1. Terms that are `=:=` have the same; it does not change from run to
 * run. Of any depth, in linear time. `phash2Term` gives the hash that Erlang nodes compute.
 *
 * @throws TypeError when it meets a value that is no term.
 */
export function hashTerm(term: Term): number {
  return hasher.hash(term) >>> 0;
}
