import type { Atom } from "./atom.ts";
import { BitString } from "./bitstring.ts";
import { binaryBytes, numericValue } from "./equal-leaves.ts";
import {
  type CharacterRange,
  formatAtomText,
  isPrintable,
  isPrintableText,
  quote,
} from "./format-text.ts";
import { formatFloat } from "./format-float.ts";
import type { Binary } from "./binary.ts";
import type { Float } from "./float.ts";
import type { ExternalFun, OpaqueFun } from "./fun.ts";
import type { Pid } from "./pid.ts";
import type { Port } from "./port.ts";
import type { Reference } from "./reference.ts";
import type { Term } from "./term.ts";
import { Kind } from "./term-kind.ts";

/** What the formatting of single terms depends on. @internal */
export interface LeafStyle {
  /** Which characters an atom may show. */
  readonly atomRange: CharacterRange;
  /** Which code points make a list or binary a text. */
  readonly textRange: CharacterRange;
  /** Whether a binary that is UTF-8 is shown as text. */
  readonly utf8: boolean;
  /** Whether integers of more than 1 KiB are written out. */
  readonly wholeIntegers: boolean;
  /** Of a binary, no more than so many characters are wanted. */
  readonly enough: number;
}

/** A KiB. */
const GREAT_INTEGER = 1n << 8192n;

/** The text of a term that is written without regard to its parts. @internal */
export function formatLeaf(kind: Kind, term: Term, style: LeafStyle): string {
  switch (kind) {
    case Kind.integer:
      return formatInteger(term as number | bigint, style);
    case Kind.float:
      return formatFloat(Number(numericValue(term as Float)));
    case Kind.atom:
      return formatAtom(term as Atom | boolean, style);
    case Kind.nil:
      return "[]";
    case Kind.externalFun: {
      const fun = term as ExternalFun;
      return `fun ${formatAtom(fun.module, style)}:${formatAtom(fun.name, style)}/${fun.arity}`;
    }
    case Kind.opaqueFun: {
      const { module, oldIndex, oldUniq } = term as OpaqueFun;
      return `#Fun<${formatName(String(module), style)}.${oldIndex}.${oldUniq}>`;
    }
    default:
      return formatIdentifier(term as Pid | Port | Reference, style);
  }
}

/** @internal */
export function formatAtom(atom: Atom | boolean, style: LeafStyle): string {
  return typeof atom === "boolean" ? String(atom) : formatAtomText(atom.text, style.atomRange);
}

function formatInteger(value: number | bigint, style: LeafStyle): string {
  // Large numbers of the kind `number` are written in full, too; -0 is 0.
  if (typeof value === "number") return BigInt(value).toString();
  if (style.wholeIntegers || (value < GREAT_INTEGER && value > -GREAT_INTEGER)) return `${value}`;
  const hex = value.toString(16);
  const digits = value < 0n ? hex.length - 1 : hex.length;
  return `#Big<${Math.ceil(digits / 2)} bytes>`;
}

function formatIdentifier(term: Pid | Port | Reference, style: LeafStyle): string {
  const node = formatName(term.node.text, style);
  if ("words" in term) return `#Ref<${[node, ...term.words.toReversed()].join(".")}>`;
  return "serial" in term ? `<${node}.${term.id}.${term.serial}>` : `#Port<${node}.${term.id}>`;
}

/** The name of a node or module inside brackets: bare where nothing in it could mislead. */
function formatName(text: string, style: LeafStyle): string {
  return /^[\w@.:-]+$/.test(text) ? text : quote(text, "'", style.atomRange);
}

/** A binary as numbers: `<<1,2,5:3>>`. @internal */
export function formatBytes(
  term: string | Uint8Array | Binary | BitString,
  style: LeafStyle,
): string {
  if (!(term instanceof BitString)) {
    return `<<${binaryBytes(term).subarray(0, style.enough).join(",")}>>`;
  }
  const whole = Array.from(term.bytes.subarray(0, -1).subarray(0, style.enough), String);
  const last = (term.bytes.at(-1) as number) >> (8 - term.lastBits);
  return `<<${[...whole, `${last}:${term.lastBits}`].join(",")}>>`;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A binary as text, where all its characters are printable: `<<"abc">>`, `<<"…"/utf8>>`. @internal */
export function formatText(bytes: Uint8Array, style: LeafStyle): string | undefined {
  const text = style.utf8 ? decodeUtf8(bytes) : undefined;
  if (text === undefined) {
    if (!bytes.every((byte) => isPrintable(byte, "latin1"))) return undefined;
    const shown = bytes.subarray(0, style.enough);
    const latin1 = Array.from(shown, (byte) => String.fromCharCode(byte)).join("");
    return `<<${quote(latin1, '"', "latin1")}>>`;
  }
  if (!isPrintableText(text, style.textRange)) return undefined;
  const suffix = text.length === bytes.length ? "" : "/utf8";
  return `<<${quote(text.slice(0, style.enough), '"', "unicode")}${suffix}>>`;
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** A list of printable code points as text: `"abc"`. @internal */
export function formatString(list: readonly Term[], style: LeafStyle): string | undefined {
  let text = "";
  for (const item of list) {
    if (typeof item !== "number" && typeof item !== "bigint") return undefined;
    const code = Number(item);
    if (!Number.isInteger(code) || !isPrintable(code, style.textRange)) return undefined;
    text += String.fromCodePoint(code);
  }
  return quote(text, '"', style.textRange);
}
