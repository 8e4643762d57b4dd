import { Atom } from "./atom.ts";
import { Binary } from "./binary.ts";
import { BitString } from "./bitstring.ts";
import { Float } from "./float.ts";
import { ExternalFun, OpaqueFun } from "./fun.ts";
import { ImproperList } from "./list.ts";
import { LocalTerm } from "./local-term.ts";
import { MapEntries } from "./map-entries.ts";
import { NativeRecord } from "./native-record.ts";
import { Pid } from "./pid.ts";
import { Port } from "./port.ts";
import { Reference } from "./reference.ts";
import type { Term } from "./term.ts";
import { TupleArray } from "./tuple.ts";

/**
 * The kinds of terms, in Erlang's order. Neighbours that the order does not tell apart by kind
 * (integers and floats; lists, proper and not; binaries and bit strings) differ here all the same.
 * @internal
 */
export const Kind = {
  integer: 0,
  float: 1,
  atom: 2,
  reference: 3,
  opaqueFun: 4,
  externalFun: 5,
  port: 6,
  pid: 7,
  tuple: 8,
  record: 9,
  map: 10,
  nil: 11,
  list: 12,
  improperList: 13,
  binary: 14,
  bitString: 15,
} as const;

/** @internal */
export type Kind = (typeof Kind)[keyof typeof Kind];

/** Whether terms of a kind hold no other terms. @internal */
export function isLeaf(kind: Kind): boolean {
  switch (kind) {
    case Kind.tuple:
    case Kind.list:
    case Kind.improperList:
    case Kind.map:
    case Kind.record:
    case Kind.opaqueFun:
      return false;
    default:
      return true;
  }
}

/** @throws TypeError when the value is no term. @internal */
export function kindOf(term: Term): Kind {
  switch (typeof term) {
    case "number":
      return kindOfNumber(term);
    case "object":
      if (term instanceof Atom) return Kind.atom;
      return Array.isArray(term) ? kindOfArray(term) : kindOfObject(term);
    case "boolean":
      return Kind.atom;
    case "string":
      return Kind.binary;
    case "bigint":
      return Kind.integer;
    default:
      throw notATerm(term);
  }
}

function kindOfNumber(value: number): Kind {
  if (Number.isInteger(value)) return Kind.integer;
  if (Number.isFinite(value)) return Kind.float;
  throw new TypeError(`Erlang has no number ${value}`);
}

function kindOfArray(term: readonly unknown[]): Kind {
  if (term instanceof TupleArray) return Kind.tuple;
  return term.length === 0 ? Kind.nil : Kind.list;
}

function kindOfObject(term: object): Kind {
  if (term instanceof Uint8Array || term instanceof Binary) return Kind.binary;
  if (term instanceof MapEntries) return Kind.map;
  if (term instanceof Float) return Kind.float;
  if (term instanceof Pid) return Kind.pid;
  if (term instanceof Reference) return Kind.reference;
  if (term instanceof ImproperList) return Kind.improperList;
  if (term instanceof Port) return Kind.port;
  if (term instanceof ExternalFun) return Kind.externalFun;
  if (term instanceof OpaqueFun) return Kind.opaqueFun;
  if (term instanceof BitString) return Kind.bitString;
  if (term instanceof NativeRecord) return Kind.record;
  if (term instanceof LocalTerm) {
    const why = "only the node that made it knows what a local term is";
    throw new TypeError(`cannot compare, hash or look into it: ${why}`);
  }
  throw notATerm(term);
}

function notATerm(value: unknown): TypeError {
  const found = value === null || typeof value !== "object" ? String(value) : describeObject(value);
  return new TypeError(`not an Erlang term: ${found}`);
}

function describeObject(value: object): string {
  const name = (Object.getPrototypeOf(value) as object | null)?.constructor.name;
  return `an object of class ${name ?? "null"}`;
}
