import { isUtf8 } from "node:buffer";
import { type Atom, existingAtom, intern, MAX_ATOM_CHARACTERS } from "../term/atom.ts";

/** Entries of a table: a power of two. */
const SLOTS = 4096;
/** Longer atoms are not kept: with this the table holds 128 KB of text at most. */
const LONGEST_KEPT = 32;

const NONE = new Int32Array(0);

interface Entry {
  readonly length: number;
  /** The first and the last four bytes; of a shorter text, all bytes and 0. */
  readonly first: number;
  readonly last: number;
  /** The words between the first four and the last four bytes; the last one may overlap. */
  readonly middle: Int32Array;
  readonly value: Atom | boolean;
}

/**
 * From the UTF-8 bytes of an atom to the atom, without making the text first.
 *
 * Direct-mapped: a slot holds the last atom that hashed to it, and a hit compares every byte, so
 * that neither collisions nor hostile names cost more than the slow path. Bounded, hence the strong
 * references.
 */
export class AtomTable {
  readonly #entries: (Entry | undefined)[] = new Array<Entry | undefined>(SLOTS).fill(undefined);

  /** The atom of the `length` bytes at `at` of `view`, when it is here. */
  find(view: DataView, at: number, length: number): Atom | boolean | undefined {
    const first = length >= 4 ? view.getInt32(at) : packed(view, at, length);
    const last = length >= 4 ? view.getInt32(at + length - 4) : 0;
    const entry = this.#entries[slotOf(first, last, length)];
    if (
      entry === undefined ||
      entry.length !== length ||
      entry.first !== first ||
      entry.last !== last
    ) {
      return undefined;
    }
    const middle = entry.middle;
    for (let i = 0, from = at + 4; i < middle.length; i++, from += 4) {
      if (view.getInt32(from) !== middle[i]) return undefined;
    }
    return entry.value;
  }

  /** Puts an atom where {@link find} will look for it. */
  keep(view: DataView, at: number, length: number, value: Atom | boolean): void {
    if (length > LONGEST_KEPT) return;
    const first = length >= 4 ? view.getInt32(at) : packed(view, at, length);
    const last = length >= 4 ? view.getInt32(at + length - 4) : 0;
    const words = length <= 8 ? 0 : (length - 5) >> 2;
    const middle = words === 0 ? NONE : new Int32Array(words);
    for (let i = 0; i < words; i++) middle[i] = view.getInt32(at + 4 + 4 * i);
    this.#entries[slotOf(first, last, length)] = { length, first, last, middle, value };
  }
}

function packed(view: DataView, at: number, length: number): number {
  let word = 0;
  for (let i = 0; i < length; i++) word = (word << 8) | view.getUint8(at + i);
  return word;
}

function slotOf(first: number, last: number, length: number): number {
  const mixed = Math.imul(first ^ length, 0x9e3779b1) ^ Math.imul(last, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) & (SLOTS - 1);
}

/** One table for all decoders of the process: it holds what is common to them. */
export const sharedAtomTable: AtomTable = new AtomTable();

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

/** The text of UTF-8 bytes; undefined where they are not UTF-8. */
export function utf8Text(bytes: Uint8Array, start: number, end: number): string | undefined {
  let high = 0;
  const scanned = Math.min(end, start + 64);
  for (let i = start; i < scanned; i++) high |= bytes[i] as number;
  if (high < 0x80 && scanned === end) return slicers.latin1Slice.call(bytes, start, end);
  if (!isUtf8(bytes.subarray(start, end))) return undefined;
  return slicers.utf8Slice.call(bytes, start, end);
}
