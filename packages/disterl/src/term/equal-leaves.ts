import { type Binary, bytesOf } from "./binary.ts";
import type { BitString } from "./bitstring.ts";
import { Float } from "./float.ts";
import type { ExternalFun } from "./fun.ts";
import type { Pid } from "./pid.ts";
import type { Port } from "./port.ts";
import type { Reference } from "./reference.ts";
import type { Term } from "./term.ts";
import { Kind } from "./term-kind.ts";

const utf8 = new TextEncoder();

/** What a number term is in arithmetic. @internal */
export function numericValue(term: number | bigint | Float): number | bigint {
  return term instanceof Float ? term.value : term;
}

/** The bytes of a binary in any of its forms. @internal */
export function binaryBytes(term: string | Uint8Array | Binary): Uint8Array {
  return typeof term === "string" ? utf8.encode(term) : bytesOf(term);
}

/** Whether two terms of one kind, which holds no other terms, are equal. @internal */
export function equalLeaves(kind: Kind, a: Term, b: Term, exact: boolean): boolean {
  switch (kind) {
    case Kind.integer:
      return equalNumbers(a as number | bigint, b as number | bigint);
    case Kind.float: {
      const [x, y] = [numericValue(a as Float), numericValue(b as Float)];
      return exact ? Object.is(x, y) : x === y;
    }
    case Kind.binary:
      return equalBinaries(a as string | Uint8Array | Binary, b as string | Uint8Array | Binary);
    case Kind.bitString: {
      const [x, y] = [a as BitString, b as BitString];
      return x.lastBits === y.lastBits && equalBytes(x.bytes, y.bytes);
    }
    case Kind.pid:
    case Kind.port:
    case Kind.reference:
      return (a as Pid | Port | Reference).equals(b);
    case Kind.externalFun: {
      const [x, y] = [a as ExternalFun, b as ExternalFun];
      return x.module === y.module && x.name === y.name && x.arity === y.arity;
    }
    case Kind.nil:
      return true;
    default:
      // Atoms: one text is one object, and the two are not the same object.
      return false;
  }
}

/** Exact for numbers and bigints of any size, side by side. @internal */
export function equalNumbers(a: number | bigint | Float, b: number | bigint | Float): boolean {
  const [x, y] = [numericValue(a), numericValue(b)];
  return !(x < y) && !(x > y);
}

function equalBinaries(a: string | Uint8Array | Binary, b: string | Uint8Array | Binary): boolean {
  if (typeof a === "string" && typeof b === "string") return equalTexts(a, b);
  return equalBytes(binaryBytes(a), binaryBytes(b));
}

/** By their UTF-8: all halves of surrogate pairs that stand alone are encoded as U+FFFD. */
function equalTexts(a: string, b: string): boolean {
  if (a === b || a.length !== b.length) return a === b;
  let at = 0;
  while (a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  if (a.charCodeAt(at) < 0xd800 || b.charCodeAt(at) < 0xd800) return false;
  return equalBytes(utf8.encode(a), utf8.encode(b));
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
