import { DistError } from "../errors.ts";

/** Text that is not the Erlang terms it should be. */
export class TermSyntaxError extends DistError<"ERR_TERM_SYNTAX"> {
  /** Where reading stopped, from 1. */
  readonly line: number;
  /** In characters (code points), from 1. */
  readonly column: number;
  /** What would have been right there. */
  readonly expected: string;
  /** What stands there. */
  readonly found: string;

  constructor(line: number, column: number, expected: string, found: string) {
    super(
      "ERR_TERM_SYNTAX",
      `Erlang term, line ${line}, column ${column}: expected ${expected}, found ${found}`,
    );
    this.line = line;
    this.column = column;
    this.expected = expected;
    this.found = found;
  }
}
