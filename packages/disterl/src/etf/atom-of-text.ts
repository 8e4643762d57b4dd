import { isUtf8 } from "node:buffer";
import { type Atom, existingAtom, intern, MAX_ATOM_CHARACTERS } from "../term/atom.ts";
import { TextTable } from "./text-table.ts";

/** One table for all decoders of the process: it holds what is common to them. */
export const atomTable: TextTable<Atom | boolean> = new TextTable(4096);

/** How many atoms that did not exist may still be made, and those that were. */
export interface AtomBudget {
  left: number;
  /** Held for as long as the budget, so that an atom is not made, forgotten and counted again. */
  readonly made: Atom[];
}

/** What {@link atomOfText} says when it does not give an atom. */
export type AtomRefusal = "too long" | "over budget";

export function atomOfText(text: string, budget: AtomBudget): Atom | boolean | AtomRefusal {
  if (text === "true") return true;
  if (text === "false") return false;
  const known = existingAtom(text);
  if (known !== undefined) return known;
  // Code points are at most the code units: only long texts are counted.
  if (text.length > MAX_ATOM_CHARACTERS && [...text].length > MAX_ATOM_CHARACTERS)
    return "too long";
  if (budget.left <= 0) return "over budget";
  budget.left -= 1;
  const made = intern(text);
  budget.made.push(made);
  return made;
}

/** Node's own slicers: they take any `Uint8Array` and spare the encoding look-up of `toString`. */
const slicers = Buffer.prototype as unknown as {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  latin1Slice(this: Uint8Array, start: number, end: number): string;
};

export function latin1Text(bytes: Uint8Array, start: number, end: number): string {
  return slicers.latin1Slice.call(bytes, start, end);
}

/** The text of UTF-8 bytes; undefined where they are not UTF-8. `view` is of the same buffer. */
export function utf8Text(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
): string | undefined {
  if (isShortAscii(view, start, end)) return asciiText(bytes, start, end);
  if (!isUtf8(bytes.subarray(start, end))) return undefined;
  return slicers.utf8Slice.call(bytes, start, end);
}

function asciiText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > 4) return slicers.latin1Slice.call(bytes, start, end);
  // Cheaper than a call into Node.
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] as number);
  return text;
}

/** Up to 256 bytes, all of them below 128. Longer texts are checked faster by Node. */
function isShortAscii(view: DataView, start: number, end: number): boolean {
  if (end - start > 256) return false;
  let bits = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) bits |= view.getInt32(at);
  for (; at < end; at++) bits |= view.getInt8(at);
  return (bits & HIGH_BITS) === 0;
}

/** The high bit of each byte of a word; a byte alone is sign-extended, so that the lowest tells. */
const HIGH_BITS = 0x80808080 | 0;
