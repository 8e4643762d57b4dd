import type { CliIo } from "./cli-io.ts";
import type { ExitCode } from "./exit-codes.ts";

/** One operand: `<node>` or, when it may be left out, `[host]`. */
export interface Operand {
  readonly name: string;
  readonly description: string;
  readonly optional?: boolean;
}

/** One option. `read` judges and converts its value; what it throws is a usage error. */
export interface OptionSpec {
  /** As in `--timeout <seconds>`. */
  readonly flags: string;
  readonly description: string;
  readonly read?: (text: string) => unknown;
}

/** The options of a command line, by their names in camel case. */
export type OptionValues = Readonly<Record<string, unknown>>;

/** What a command gives: one of the two is printed. */
export interface Result {
  /** Lines for people. */
  readonly text: string;
  /** One JSON document for programs (`--json`), in pieces: it may be long. */
  readonly json: () => Iterable<string>;
  /** When what was found is no success. Default: `ok`. */
  readonly exitCode?: ExitCode;
}

/** One command of the tool, as data: `main.ts` mounts what `commands/index.ts` lists. */
export interface Command {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** More, with examples, for `--help`. */
  readonly description: string;
  readonly operands: readonly Operand[];
  readonly options: readonly OptionSpec[];
  /** @throws CliFailure, or an error of the library, which `explainError` makes one of. */
  run(operands: readonly string[], options: OptionValues, io: CliIo): Promise<Result>;
}

/** Commands under one name: `disterl cert init`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly commands: readonly Command[];
}
