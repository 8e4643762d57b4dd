import { Atom } from "../term/atom.ts";
import { isList } from "../term/list.ts";
import { parseTerms } from "../term/parse-term.ts";
import { TermScanner } from "../term/scan-term.ts";
import type { Term } from "../term/term.ts";
import { isTuple } from "../term/tuple.ts";
import { FlagError } from "./errors.ts";
import { shown } from "./parameter-values.ts";
import { readTextFile } from "./read-text-file.ts";
import type { SslDistOption } from "./ssl-dist-option.ts";

const SHAPE = "expected one list, [{server, [...]}, {client, [...]}], ended by a point";

/** What editors, above all of Windows, put before the text. */
const MARKS = [
  { encoding: "UTF-8", bytes: "\u00ef\u00bb\u00bf" },
  { encoding: "UTF-16", bytes: "\u00ff\u00fe" },
  { encoding: "UTF-16", bytes: "\u00fe\u00ff" },
];

/**
 * Reads the file of `-ssl_dist_optfile`: one Erlang term, ended by a point.
 *
 *     [{server, [{certfile, "node.pem"}, …]},
 *      {client, [{cacertfile, "ca.pem"}, …]}].
 *
 * Latin-1, or UTF-8 when a comment in the first two lines says `coding: utf-8`, as Erlang has it. Data
 * only: of functions, `fun Module:Name/Arity`.
 *
 * @throws FlagError with the line.
 */
export function readSslDistOptfile(path: string): SslDistOption[] {
  const flag = `-ssl_dist_optfile ${path}`;
  const bytes = readTextFile(path, flag, "latin1");
  const mark = MARKS.find((each) => bytes.startsWith(each.bytes));
  if (mark !== undefined) {
    const why = `line 1: begins with a byte order mark (${mark.encoding}), which Erlang does not read; save it as UTF-8 without`;
    throw new FlagError("ERR_FLAG_SYNTAX", flag, why);
  }
  const isUtf8 = /coding\s*[:=]\s*utf-8/i.test(bytes.split("\n", 2).join("\n"));
  const text = isUtf8 ? Buffer.from(bytes, "latin1").toString("utf8") : bytes;
  let terms: readonly Term[];
  try {
    terms = parseTerms(text);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new FlagError("ERR_FLAG_SYNTAX", flag, `${message}; ${SHAPE}`, cause);
  }
  const [sides, ...more] = terms;
  if (more.length > 0 || !isList(sides)) {
    const found = terms.length === 1 ? beginning(sides) : `${terms.length} terms`;
    throw new FlagError("ERR_FLAG_VALUE", flag, `${SHAPE}; found ${found}`);
  }
  const lines = itemLines(text);
  const seen = new Set<string>();
  return sides.flatMap((entry, index) => {
    const [side, options] = isTuple(entry) && entry.length === 2 ? entry : [];
    const name = side instanceof Atom ? side.text : "";
    if ((name !== "server" && name !== "client") || !isList(options)) {
      const expected = "expected {server, [...]} or {client, [...]}";
      throw new FlagError("ERR_FLAG_VALUE", flag, `${expected}; found ${beginning(entry)}`);
    }
    if (seen.has(name)) throw new FlagError("ERR_FLAG_CONFLICT", flag, `${name} is there twice`);
    seen.add(name);
    return options.map((option, at) =>
      sslDistOption(option, name, `${flag}, line ${lines[index]?.[at] ?? "?"}: ${name}`),
    );
  });
}

/** Not all of it: there may be a password in it. */
function beginning(term: Term | undefined): string {
  const [first] = isTuple(term) ? term : [];
  if (first instanceof Atom) return `{${shown(first)}, ...}`;
  return isTuple(term) ? "a tuple" : isList(term) ? "a list" : "something else";
}

function sslDistOption(option: Term, side: "server" | "client", where: string): SslDistOption {
  if (option instanceof Atom) {
    return {
      side,
      name: option.text,
      value: undefined,
      flag: `${where} ${shown(option)}`,
    };
  }
  const [key, value] = isTuple(option) ? option : [];
  if (!(key instanceof Atom)) {
    throw new FlagError(
      "ERR_FLAG_VALUE",
      where,
      `expected {Option, Value}; found ${shown(option)}`,
    );
  }
  // {raw, Protocol, Number, Value}: it is refused by its name.
  return {
    side,
    name: key.text,
    value: isTuple(option) && option.length === 2 ? value : undefined,
    flag: `${where} ${shown(key)}`,
  };
}

/** For each side, in order, the lines on which its options begin. */
function itemLines(text: string): number[][] {
  const scanner = new TermScanner(text);
  const sides: number[][] = [];
  let depth = 0;
  let line = 1;
  let counted = 0;
  let begins = false;
  for (let token = scanner.next(); token.kind !== "end"; token = scanner.next()) {
    while (counted < token.start) if (text[counted++] === "\n") line++;
    const symbol = token.kind === "symbol" ? token.value : "";
    if (begins && symbol !== "]") sides.at(-1)?.push(line);
    begins = false;
    if (["{", "[", "(", "<<"].includes(symbol)) {
      depth++;
      if (depth === 2) sides.push([]);
      begins = depth === 3 && symbol === "[";
    } else if (["}", "]", ")", ">>"].includes(symbol)) {
      depth--;
    } else {
      begins = depth === 3 && symbol === ",";
    }
  }
  return sides;
}
