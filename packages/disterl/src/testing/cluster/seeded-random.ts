/**
 * Random numbers from a seed: 32 bits each, unsigned (mulberry32). Everything left to chance in a run
 * that shall be repeatable is drawn from one.
 *
 * @example
 * ```ts
 * import { seededRandom } from "disterl/testing";
 *
 * const random = seededRandom(7);
 * const again = seededRandom(7);
 * random() === again(); // => true
 * ```
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
