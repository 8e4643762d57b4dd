import type { Atom } from "./atom.ts";
import { TermParser } from "./parse-term.ts";
import type { Term } from "./term.ts";

/** A call as data. */
export interface MfaCall {
  readonly module: Atom | boolean;
  readonly function: Atom | boolean;
  readonly args: readonly Term[];
}

/**
 * Reads the text of a call: `lists:seq(1, 3)`, `'Elixir.Enum':count([1, 2])`. The arguments are terms as
 * {@link parseTerm} reads them: nothing is evaluated.
 *
 * @throws TermSyntaxError with line and column.
 */
export function parseMfa(text: string): MfaCall {
  const parser = new TermParser(text);
  const module = parser.expectAtom("a call, as in lists:seq(1, 3)");
  parser.expectSymbol(":", '":" and a function, as in lists:seq(1, 3)');
  const name = parser.expectAtom("the name of a function");
  parser.expectSymbol("(", '"(" and the arguments');
  const args = parser.callArguments();
  parser.skipDot();
  parser.expectEnd();
  return { module, function: name, args };
}
