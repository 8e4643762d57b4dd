import { FlagError } from "./errors.ts";

/**
 * Cuts the text of `ERL_FLAGS` or of an `-args_file` into arguments, as `erlexec` does:
 *
 * - white space separates,
 * - between `'…'` or `"…"` everything stands for itself, a backslash too,
 * - outside of quotes `\x` is the character x, whatever it is,
 * - in a file an unquoted `#` begins a comment that ends with the line.
 *
 * Differs in: a quote that is never closed is an error.
 *
 * @param source names the text in errors: `ERL_FLAGS`, `-args_file vm.args`.
 */
export function splitArguments(text: string, source: string, comments: boolean): string[] {
  const pieces = comments ? PIECES_WITH_COMMENTS : PIECES;
  const found: string[] = [];
  let argument: string | undefined;
  for (const { 0: piece, index } of text.matchAll(pieces)) {
    const first = piece[0] as string;
    if (/\s|#/.test(first) && (comments || first !== "#")) {
      if (argument !== undefined) found.push(argument);
      argument = undefined;
      continue;
    }
    argument = (argument ?? "") + unquoted(piece, index, text, source);
  }
  if (argument !== undefined) found.push(argument);
  return found;
}

/** White space, a quoted text, an escaped character, anything else; in this order. */
const PIECES = /\s+|'[^']*'?|"[^"]*"?|\\[^]?|[^\s'"\\]+/g;
const PIECES_WITH_COMMENTS = /\s+|#[^\n]*|'[^']*'?|"[^"]*"?|\\[^]?|[^\s'"\\#]+/g;

function unquoted(piece: string, index: number, text: string, source: string): string {
  const first = piece[0];
  if (first === "\\") return piece.slice(1);
  if (first !== "'" && first !== '"') return piece;
  if (piece.length < 2 || piece.at(-1) !== first) {
    const line = text.slice(0, index).split("\n").length;
    throw new FlagError(
      "ERR_FLAG_SYNTAX",
      source,
      `the quote ${first} in line ${line} is never closed`,
    );
  }
  return piece.slice(1, -1);
}
