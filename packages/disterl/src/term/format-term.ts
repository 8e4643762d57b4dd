import { LineLayout } from "./format-lines.ts";
import { makeNode } from "./format-node.ts";
import { writePlain } from "./format-plain.ts";
import type { CharacterRange } from "./format-text.ts";
import { LocalTerm } from "./local-term.ts";
import type { Term } from "./term.ts";
import { TextOutput } from "./text-output.ts";

/** How {@link formatTerm} writes. */
export interface FormatOptions {
  /**
   * `false`: one line, lists and binaries as numbers, as `~w` (`~tw`). `true`: text as text, lines
   * broken at `width`, as `~p` (`~tp`). Default false.
   */
  readonly pretty?: boolean;
  /** Columns of a line when `pretty`. Default 80, at least 1. */
  readonly width?: number;
  /**
   * `true` shows characters beyond Latin-1 in atoms, and binaries that are UTF-8 as text: `~tw`, `~tp`.
   * `false` is `~w`, `~p`. Default true.
   */
  readonly unicode?: boolean;
  /**
   * Which code points make a list or binary a text, as `erl +pc` says. Default `"unicode"`; Erlang's
   * own default is `"latin1"`.
   */
  readonly printable?: CharacterRange;
  /** Maps in the order of their keys, as the modifier `k` does, instead of as they are. Default false. */
  readonly sortKeys?: boolean;
  /**
   * How many UTF-16 code units to write before `...`. Default: 16 Mi when `pretty`, whose indentation
   * grows with the square of the depth; no limit otherwise.
   */
  readonly maxChars?: number;
  /** Lists, tuples, maps and records below so many others are written as `[...]`, … Default: no limit. */
  readonly maxDepth?: number;
  /** `true` writes out integers of more than 1 KiB; `#Big<1025 bytes>` stands for them else. */
  readonly wholeIntegers?: boolean;
}

/** Where pretty printing of the most deeply nested terms ends. */
const PRETTY_LIMIT = 2 ** 24;

/**
 * A term as text, as `io_lib:format` writes it.
 *
 *     formatTerm(t(atoms.ok, charlist("hi")));                       // {ok,[104,105]}
 *     formatTerm(t(atoms.ok, charlist("hi")), { pretty: true });     // {ok,"hi"}
 *
 * Other than Erlang it writes
 *
 * - the node's name where Erlang has its own number for the node: `<app@host.87.0>`,
 *   `#Ref<app@host.3.2.1>`, `#Port<app@host.5>`;
 * - maps in the order their entries came;
 * - great integers as `#Big<1025 bytes>`, unless asked;
 * - as escapes what a terminal acts upon or a reader does not see (direction overrides, …), also where
 *   Erlang writes the character itself.
 *
 * What it writes is read back by `parseTerm`, except for identifiers, funs and great integers.
 *
 * @throws TypeError when it meets a value that is no term.
 */
export function formatTerm(term: Term, options: FormatOptions = {}): string {
  // It only ever stands alone, and nobody but its maker can look into it.
  if (term instanceof LocalTerm) return `#Local<${term.bytes.length} bytes>`;
  const pretty = options.pretty ?? false;
  const unicode = options.unicode ?? true;
  const limit = options.maxChars ?? (pretty ? PRETTY_LIMIT : Number.POSITIVE_INFINITY);
  const width = options.width ?? 80;
  // What begins before the limit and ends beyond these does not fit on a line.
  const enough = limit + 2 * width + 16;
  const output = new TextOutput(limit);
  const style = {
    strings: pretty,
    utf8: unicode,
    atomRange: unicode ? "unicode" : "latin1",
    textRange: unicode ? (options.printable ?? "unicode") : "latin1",
    maxDepth: options.maxDepth ?? Number.POSITIVE_INFINITY,
    sortKeys: options.sortKeys ?? false,
    wholeIntegers: options.wholeIntegers ?? false,
    enough,
  } as const;
  if (pretty) LineLayout.write(makeNode(term, style, enough), width, output);
  else writePlain(term, style, output);
  return output.toString();
}
