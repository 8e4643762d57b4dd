import { Atom } from "../term/atom.ts";
import { OpaqueFun } from "../term/fun.ts";
import { ImproperList } from "../term/list.ts";
import { LocalTerm } from "../term/local-term.ts";
import { HOLE, MapEntries } from "../term/map-entries.ts";
import { NativeRecord } from "../term/native-record.ts";

/** Thrown inside the encoder where it meets a value that is no term. */
export class Unencodable extends Error {
  readonly value: unknown;
  /** True when the value is a legal term, but inside itself. */
  readonly cycle: boolean;

  constructor(value: unknown, reason: string = reasonFor(value), cycle = false) {
    super(reason);
    this.value = value;
    this.cycle = cycle;
  }
}

function reasonFor(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return 'undefined is no Erlang term: send atom("undefined") or atom("nil"), whichever is meant';
    case "symbol":
      return "a symbol is no Erlang term: send an atom";
    case "function":
      return "a function cannot leave this process: send an ExternalFun, or a pid to talk to";
    case "number":
      return Number.isInteger(value)
        ? `${value} is above 2^53 and may have lost digits: send a bigint, or float(${value})`
        : `Erlang has no number ${value}`;
    case "string":
      return "a string with a lone surrogate has no UTF-8: send toWellFormed(), or the bytes";
    default:
      return value === null
        ? 'null is no Erlang term: send atom("nil"), atom("null") or atom("undefined"), whichever is meant'
        : reasonForObject(value as object);
  }
}

function reasonForObject(value: object): string {
  if (value instanceof LocalTerm) return "a LocalTerm stands alone, never inside another term";
  if (value instanceof Map) return "a Map is no Erlang term: send new TermMap(entries)";
  if (value instanceof Date) return "a Date is no Erlang term: send its time as an integer";
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return "bytes are sent as a Uint8Array (a Buffer is one)";
  }
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null;
  if (prototype === null || prototype === Object.prototype) {
    return "a plain object is no Erlang term: send TermMap.fromObject(object)";
  }
  return `an object of class ${prototype.constructor?.name ?? "unknown"} is no Erlang term`;
}

/** A child of a term, and how to get to it. */
type Step = readonly [path: string, value: unknown];

/** What the program is told: where in `term` the value is, and what to do about it. */
export function encodeError(term: unknown, found: Unencodable): TypeError {
  const path = pathTo(term, found);
  return new TypeError(`cannot encode${path === "" ? "" : ` ${path}`}: ${found.message}`);
}

/** `[1].foo`; the empty text for the term itself. Follows the encoder's order. */
function pathTo(term: unknown, found: Unencodable): string {
  const open: IterableIterator<Step>[] = [[["", term] as const].values()];
  const path: string[] = [];
  const containers: unknown[] = [];
  for (;;) {
    const steps = open[open.length - 1];
    if (steps === undefined) return "";
    const next = steps.next();
    if (next.done === true) {
      open.pop();
      path.pop();
      containers.pop();
      continue;
    }
    const [step, value] = next.value;
    // What contains itself is found where it comes the second time.
    if (Object.is(value, found.value) && (!found.cycle || containers.includes(value))) {
      // The first step, to the term itself, has no text.
      return shortened([...path, step].slice(1));
    }
    path.push(step);
    containers.push(value);
    open.push(children(value));
  }
}

function shortened(path: readonly string[]): string {
  if (path.length <= 24) return path.join("");
  return `${path.slice(0, 12).join("")} … ${path.length - 24} more … ${path.slice(-12).join("")}`;
}

function* children(value: unknown): IterableIterator<Step> {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) yield [`[${i}]`, value[i]];
  } else if (value instanceof ImproperList) {
    for (const [i, item] of value.items.entries()) yield [`[${i}]`, item];
    yield [".tail", value.tail];
  } else if (value instanceof MapEntries) {
    for (const [i, key] of value.keyArray.entries()) {
      if (key === HOLE) continue;
      yield [`.keys()[${i}]`, key];
      yield [key instanceof Atom ? `.${key.text}` : `.values()[${i}]`, value.valueArray[i]];
    }
  } else if (value instanceof OpaqueFun) {
    for (const [i, free] of value.freeVariables.entries()) yield [`.freeVariables[${i}]`, free];
  } else if (value instanceof NativeRecord) {
    for (const [name, field] of value.fields) yield [`.${String(name)}`, field];
  }
}
