import {
  Atom,
  Binary,
  BitString,
  bytesOf,
  ExternalFun,
  Float,
  ImproperList,
  isTuple,
  NativeRecord,
  OpaqueFun,
  Pid,
  Port,
  Reference,
  type Term,
  TermMap,
} from "disterl/term";

/** Any JSON value. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/**
 * How `--json` shows Erlang terms. Nothing is guessed and nothing but the insides of funs is lost:
 *
 * | Erlang                                | JSON                                                     |
 * |---------------------------------------|----------------------------------------------------------|
 * | `true`, `false`                       | `true`, `false`                                          |
 * | integer of up to 2^53 - 1             | number                                                   |
 * | greater integer                       | `{"$integer": "123…"}`                                   |
 * | float with a fraction                 | number                                                   |
 * | float without one, `1.0`              | `{"$float": "1.0"}`                                      |
 * | binary that is UTF-8                  | string                                                   |
 * | other binary                          | `{"$binary": "<base64>"}`                                |
 * | bit string                            | `{"$bitstring": "<base64>", "bits": 13}`                 |
 * | atom                                  | `{"$atom": "ok"}`                                        |
 * | list (strings, too)                   | array                                                    |
 * | improper list                         | `{"$improper": [items…], "tail": term}`                  |
 * | tuple                                 | `{"$tuple": [elements…]}`                                |
 * | map, keys all UTF-8 binaries, none    | object                                                   |
 * | of them beginning with `$`            |                                                          |
 * | other map                             | `{"$map": [[key, value]…]}`                              |
 * | pid                                   | `{"$pid": {"node", "id", "serial", "creation"}}`         |
 * | port                                  | `{"$port": {"node", "id", "creation"}}`, a great id as text |
 * | reference                             | `{"$reference": {"node", "creation", "words"}}`          |
 * | `fun m:f/1`                           | `{"$fun": {"module", "name", "arity"}}`                  |
 * | other fun                             | `{"$fun": {"module", "arity", "index", "uniq"}}`         |
 * | native record                         | `{"$record": {"module", "name"}, "fields": [[name, value]…]}` |
 *
 * The text comes in pieces and without recursion: a term may be as deep or as long as it likes. Only
 * ASCII is printed, so that nothing in it reaches a terminal as a command.
 */
export function* termJson(term: Term): Generator<string, void, undefined> {
  const stack: (Piece | Term)[] = [term];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next instanceof Piece) {
      yield next.text;
      continue;
    }
    const parts = partsOf(next);
    if (typeof parts === "string") {
      yield parts;
      continue;
    }
    for (let at = parts.length - 1; at >= 0; at--) stack.push(parts[at] as Piece | Term);
  }
}

/** JSON text of plain values, in ASCII only. */
export function plainJson(value: Json): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Text that goes out as it is, between terms that still have to be written. */
class Piece {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const piece = (text: string): Piece => new Piece(text);
const COMMA = piece(",");

/** A leaf as text; anything else as pieces and the terms between them. */
function partsOf(term: Term): string | readonly (Piece | Term)[] {
  if (typeof term === "number" || typeof term === "boolean") return String(term);
  if (typeof term === "string") return plainJson(term);
  if (typeof term === "bigint") return tagged("integer", String(term));
  if (term instanceof Atom) return tagged("atom", term.text);
  if (isTuple(term)) return [piece('{"$tuple":['), ...separated(term), piece("]}")];
  if (Array.isArray(term)) return [piece("["), ...separated(term as readonly Term[]), piece("]")];
  if (term instanceof Uint8Array || term instanceof Binary) return binary(bytesOf(term));
  if (term instanceof Float) return tagged("float", term.toString());
  if (term instanceof TermMap) return mapParts(term);
  if (term instanceof ImproperList) {
    return [
      piece('{"$improper":['),
      ...separated(term.items),
      piece('],"tail":'),
      term.tail,
      piece("}"),
    ];
  }
  if (term instanceof NativeRecord) return recordParts(term);
  return identifier(term);
}

function identifier(term: Term): string {
  if (term instanceof Pid) {
    const { node, id, serial, creation } = term;
    return plainJson({ $pid: { node: node.text, id, serial, creation } });
  }
  if (term instanceof Reference) {
    const { node, creation, words } = term;
    return plainJson({ $reference: { node: node.text, creation, words } });
  }
  if (term instanceof Port) {
    const { node, id, creation } = term;
    return plainJson({
      $port: { node: node.text, id: typeof id === "bigint" ? String(id) : id, creation },
    });
  }
  if (term instanceof ExternalFun) {
    const { module, name, arity } = term;
    return plainJson({ $fun: { module: String(module), name: String(name), arity } });
  }
  if (term instanceof OpaqueFun) {
    const { module, arity, index, uniq } = term;
    const hex = Buffer.from(uniq).toString("hex");
    return plainJson({ $fun: { module: String(module), arity, index, uniq: hex } });
  }
  if (term instanceof BitString) {
    const base64 = Buffer.from(term.bytes).toString("base64");
    return plainJson({ $bitstring: base64, bits: term.bitLength });
  }
  throw new TypeError("not a term");
}

function tagged(name: string, text: string): string {
  return plainJson({ [`$${name}`]: text });
}

function separated(items: readonly Term[]): (Piece | Term)[] {
  const parts: (Piece | Term)[] = [];
  for (const [at, item] of items.entries()) {
    if (at > 0) parts.push(COMMA);
    parts.push(item);
  }
  return parts;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function binary(bytes: Uint8Array): string {
  const text = textOf(bytes);
  return text === undefined
    ? tagged("binary", Buffer.from(bytes).toString("base64"))
    : plainJson(text);
}

/** The property that a key can be, where it can. */
function keyText(key: Term): string | undefined {
  const bytes = key instanceof Uint8Array || key instanceof Binary;
  const text = typeof key === "string" ? key : bytes ? textOf(bytesOf(key)) : undefined;
  return text?.startsWith("$") === true ? undefined : text;
}

function mapParts(map: TermMap): (Piece | Term)[] {
  const entries = [...map.entries()];
  const keys = entries.map(([key]) => keyText(key));
  const parts: (Piece | Term)[] = [];
  if (keys.includes(undefined)) {
    for (const [key, value] of entries) {
      parts.push(parts.length === 0 ? piece('{"$map":[[') : piece("],["), key, COMMA, value);
    }
    return [...parts, piece("]]}")];
  }
  for (const [at, [, value]] of entries.entries()) {
    parts.push(piece(`${at === 0 ? "{" : ","}${plainJson(keys[at] as string)}:`), value);
  }
  return parts.length === 0 ? [piece("{}")] : [...parts, piece("}")];
}

function recordParts({ module, name, fields }: NativeRecord): (Piece | Term)[] {
  const head = plainJson({ module: String(module), name: String(name) });
  const parts: (Piece | Term)[] = [piece(`{"$record":${head},"fields":[`)];
  for (const [at, [field, value]] of fields.entries()) {
    parts.push(piece(`${at === 0 ? "[" : "],["}${plainJson(String(field))},`), value);
  }
  return [...parts, piece(fields.length === 0 ? "]}" : "]]}")];
}
