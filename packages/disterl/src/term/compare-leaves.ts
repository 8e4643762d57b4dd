import type { Atom } from "./atom.ts";
import type { Binary } from "./binary.ts";
import { BitString } from "./bitstring.ts";
import { binaryBytes, numericValue } from "./equal-leaves.ts";
import { Float } from "./float.ts";
import type { ExternalFun } from "./fun.ts";
import type { Pid } from "./pid.ts";
import type { Port } from "./port.ts";
import type { Reference } from "./reference.ts";
import type { Term } from "./term.ts";
import { Kind } from "./term-kind.ts";

/** Negative, 0 or positive, of two terms of one kind that hold no other terms. @internal */
export function compareLeaves(kind: Kind, a: Term, b: Term): number {
  switch (kind) {
    case Kind.atom:
      return compareAtoms(a as Atom | boolean, b as Atom | boolean);
    case Kind.externalFun:
      return compareExternalFuns(a as ExternalFun, b as ExternalFun);
    case Kind.pid:
      return comparePids(a as Pid, b as Pid);
    case Kind.port:
      return comparePorts(a as Port, b as Port);
    case Kind.reference:
      return compareReferences(a as Reference, b as Reference);
    default:
      return 0;
  }
}

/** @internal */
export function compareAtoms(a: Atom | boolean, b: Atom | boolean): number {
  return a === b ? 0 : compareTexts(atomText(a), atomText(b));
}

function atomText(atom: Atom | boolean): string {
  return typeof atom === "boolean" ? String(atom) : atom.text;
}

/** By code points. JavaScript's own `<` puts U+E000 to U+FFFF after all above. */
function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rankOfUnit(x) - rankOfUnit(y);
  }
  return a.length - b.length;
}

function rankOfUnit(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

function compareExternalFuns(a: ExternalFun, b: ExternalFun): number {
  return compareAtoms(a.module, b.module) || compareAtoms(a.name, b.name) || a.arity - b.arity;
}

/** The serial weighs most, then the number, the node, the creation (protocol TO-6). */
function comparePids(a: Pid, b: Pid): number {
  return (
    a.serial - b.serial || a.id - b.id || compareAtoms(a.node, b.node) || a.creation - b.creation
  );
}

/** Protocol TO-5. */
function comparePorts(a: Port, b: Port): number {
  return compareAtoms(a.node, b.node) || a.creation - b.creation || compareNumbers(a.id, b.id);
}

/** The words count from the last, the most significant; missing ones are 0 (protocol TO-4). */
function compareReferences(a: Reference, b: Reference): number {
  const byNode = compareAtoms(a.node, b.node) || a.creation - b.creation;
  if (byNode !== 0) return byNode;
  for (let i = Math.max(a.words.length, b.words.length) - 1; i >= 0; i--) {
    const difference = (a.words[i] ?? 0) - (b.words[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** By value, exactly, whatever their sizes. */
function compareNumbers(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

type NumberTerm = number | bigint | Float;

/** Integers and floats by value. @internal */
export function compareNumberTerms(a: NumberTerm, b: NumberTerm): number {
  return compareNumbers(numericValue(a), numericValue(b));
}

/**
 * In the keys of maps: integers before floats, `-0.0` before `0.0`, so that nothing is equal that is
 * not the same.
 * @internal
 */
export function compareKeyNumbers(a: NumberTerm, aKind: Kind, b: NumberTerm, bKind: Kind): number {
  if (aKind !== bKind) return aKind - bKind;
  const byValue = compareNumberTerms(a, b);
  if (byValue !== 0 || aKind === Kind.integer) return byValue;
  return signOfZero(a) - signOfZero(b);
}

function signOfZero(term: NumberTerm): number {
  return term instanceof Float && Object.is(term.value, -0) ? -1 : 0;
}

type BitTerm = string | Uint8Array | Binary | BitString;

/** Bit by bit; what the other one starts with comes first. @internal */
export function compareBits(a: BitTerm, b: BitTerm): number {
  const [x, xBits] = bitsOf(a);
  const [y, yBits] = bitsOf(b);
  const common = Math.min(xBits, yBits);
  const whole = Math.floor(common / 8);
  for (let i = 0; i < whole; i++) {
    if (x[i] !== y[i]) return (x[i] as number) - (y[i] as number);
  }
  const rest = common % 8;
  if (rest !== 0) {
    const shift = 8 - rest;
    const difference = ((x[whole] as number) >> shift) - ((y[whole] as number) >> shift);
    if (difference !== 0) return difference;
  }
  return xBits - yBits;
}

function bitsOf(term: BitTerm): [bytes: Uint8Array, bits: number] {
  if (term instanceof BitString) return [term.bytes, term.bitLength];
  const bytes = binaryBytes(term);
  return [bytes, bytes.length * 8];
}
