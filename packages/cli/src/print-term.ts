import { formatTerm, type Term } from "disterl/term";

/** How much of a term is printed, unless all of it is asked for. */
const MAX_CHARS = 10_000;
const MAX_DEPTH = 20;

/**
 * A term for people, as `~p` prints it. Nothing in it reaches the terminal as a command, and unless
 * `full` it ends with `...` after 10,000 characters and below 20 levels.
 */
export function printTerm(term: Term, full: boolean): string {
  if (full) return formatTerm(term, { pretty: true, wholeIntegers: true, maxChars: Infinity });
  return formatTerm(term, { pretty: true, maxChars: MAX_CHARS, maxDepth: MAX_DEPTH });
}
