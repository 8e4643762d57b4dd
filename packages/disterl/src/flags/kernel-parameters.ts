import { Atom } from "../term/atom.ts";
import { charlistToString, isList } from "../term/list.ts";
import { parseTerm, parseTerms } from "../term/parse-term.ts";
import type { Term } from "../term/term.ts";
import { isTuple } from "../term/tuple.ts";
import { type ErlFlags, valuesOf } from "./erl-flags.ts";
import { FlagError } from "./errors.ts";
import { type Given, shown } from "./parameter-values.ts";
import { readTextFile } from "./read-text-file.ts";

/** Configuration files that name each other: deeper is a circle. */
const MAX_CONFIG_FILES = 16;

/**
 * The parameters of the kernel application: those of the `-config` files, then the `-kernel Key
 * Value` flags over them; the last one of a name counts.
 *
 * @throws FlagError naming the flag or file and, in a term, line and column.
 */
export function kernelParameters({ flags }: ErlFlags): Map<string, Given> {
  const found = new Map<string, Given>();
  for (const files of valuesOf(flags, "config")) {
    if (files.length === 0) {
      throw new FlagError("ERR_FLAG_VALUE", "-config", "expected the name of a file");
    }
    for (const file of files) readConfig(file, found, 0);
  }
  for (const pairs of valuesOf(flags, "kernel")) {
    for (let at = 0; at < pairs.length; at += 2) {
      const key = pairs[at] as string;
      const text = pairs[at + 1];
      const flag = `-kernel ${key}`;
      if (text === undefined) {
        const message = `expected a value after the name${takenApart(pairs)}`;
        throw new FlagError("ERR_FLAG_VALUE", flag, message);
      }
      found.set(key, { flag, value: termOf(text, flag, hintFor(key, text)) });
      if (/^\d+$/.test(key)) {
        const message = `expected the name of a parameter${takenApart(pairs)}`;
        throw new FlagError("ERR_FLAG_VALUE", flag, message);
      }
    }
  }
  return found;
}

/** A shell makes `{127,0,0,1}` four words. */
function takenApart(pairs: readonly string[]): string {
  const numbers = pairs.filter((word) => /^\d+$/.test(word));
  if (numbers.length < 4) return "";
  return `; found ${pairs.join(" ")}: a shell takes {127,0,0,1} apart unless it is quoted, '{127,0,0,1}'`;
}

/** An address that is written as people write it, and not as a tuple. */
function hintFor(key: string, text: string): string {
  if (key !== "inet_dist_use_interface" || text.startsWith("{")) return "";
  const tuple = /^\d+(\.\d+){3}$/.test(text) ? text.replaceAll(".", ",") : "127,0,0,1";
  return `an address is a tuple, quoted for the shell: '{${text.includes(":") ? "0,0,0,0,0,0,0,1" : tuple}}'; `;
}

function termOf(text: string, flag: string, hint: string): Term {
  try {
    return parseTerm(text);
  } catch (cause) {
    throw new FlagError(
      "ERR_FLAG_VALUE",
      flag,
      `${hint}not an Erlang term: ${messageOf(cause)}`,
      cause,
    );
  }
}

/** Reads a `sys.config`: one list of `{Application, [{Key, Value}]}` and names of further files. */
function readConfig(name: string, found: Map<string, Given>, depth: number): void {
  const file = name.endsWith(".config") ? name : `${name}.config`;
  const flag = `-config ${file}`;
  if (depth === MAX_CONFIG_FILES) {
    throw new FlagError("ERR_FLAG_FILE", flag, "the files name each other in a circle");
  }
  let terms: readonly Term[];
  const text = readTextFile(file, flag);
  try {
    terms = parseTerms(text);
  } catch (cause) {
    throw new FlagError("ERR_FLAG_SYNTAX", flag, messageOf(cause), cause);
  }
  const [config, ...more] = terms;
  if (more.length > 0 || config === undefined || !isList(config)) {
    throw new FlagError("ERR_FLAG_VALUE", flag, "expected one list, ended by a dot");
  }
  for (const entry of config) readEntry(entry, flag, found, depth);
}

function readEntry(entry: Term, flag: string, found: Map<string, Given>, depth: number): void {
  if (isList(entry)) {
    readConfig(charlistToString(entry), found, depth + 1);
    return;
  }
  if (!isTuple(entry) || entry.length !== 2) {
    throw new FlagError(
      "ERR_FLAG_VALUE",
      flag,
      `expected {Application, [{Key, Value}]}, found ${shown(entry)}`,
    );
  }
  const [application, parameters] = entry;
  if (!(application instanceof Atom) || application.text !== "kernel") return;
  if (parameters === undefined || !isList(parameters)) {
    throw new FlagError("ERR_FLAG_VALUE", flag, "expected a list of {Key, Value} for kernel");
  }
  for (const parameter of parameters) {
    const [key, value] = isTuple(parameter) && parameter.length === 2 ? parameter : [];
    if (!(key instanceof Atom) || value === undefined) {
      throw new FlagError(
        "ERR_FLAG_VALUE",
        flag,
        `expected {Key, Value} for kernel, found ${shown(parameter)}`,
      );
    }
    found.set(key.text, { flag: `${key.text} in ${file(flag)}`, value });
  }
}

function file(flag: string): string {
  return flag.slice("-config ".length);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
