import { isLimit } from "../bytes/is-limit.ts";

/** How much one term, and one decoder, may ask for. */
export interface DecodeLimits {
  /** Levels of nesting. Default: no limit of its own, `nodes` is one; the decoder does not recurse. */
  readonly depth: number;
  /** Elements of tuples, lists, maps, strings, funs and records in one term. Default 5 000 000. */
  readonly nodes: number;
  /** Bytes of one integer. Default 65 536. */
  readonly bigBytes: number;
  /**
   * Bytes a compressed term may inflate to. Default 64 MiB; above 1 MiB, moreover, at most 200
   * times the compressed bytes.
   */
  readonly inflateBytes: number;
  /** Atoms this node did not know that a decoder may introduce in its lifetime. Default 100 000. */
  readonly atoms: number;
}

/** The limits of a decoder that is given none. */
export const defaultDecodeLimits: DecodeLimits = {
  depth: Number.POSITIVE_INFINITY,
  nodes: 5_000_000,
  bigBytes: 65_536,
  inflateBytes: 64 * 1024 * 1024,
  atoms: 100_000,
};

/** Fills in the defaults. @throws TypeError when a limit is not a number from 0 up. */
export function decodeLimits(given?: Partial<DecodeLimits>): DecodeLimits {
  if (given === undefined) return defaultDecodeLimits;
  const limits = { ...defaultDecodeLimits, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (!isLimit(value)) {
      throw new TypeError(
        `limits.${name} must be a number from 0 up, not ${typeof value === "number" ? value : typeof value}`,
      );
    }
  }
  return limits;
}
