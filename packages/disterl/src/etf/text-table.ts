/** Longer texts are not kept: a table of 4096 holds 128 KB of them at most. */
export const LONGEST_KEPT = 32;

const NONE = new Int32Array(0);

interface Entry<Value> {
  readonly length: number;
  /** The first and the last four bytes; of a shorter text, all bytes and 0. */
  readonly first: number;
  readonly last: number;
  /** The words between the first four and the last four bytes; the last one may overlap. */
  readonly middle: Int32Array;
  readonly value: Value;
}

/**
 * From bytes to what was made of them the last time: from the UTF-8 of an atom to the atom, without
 * making the text first; from the bytes of a map's key to the key.
 *
 * Direct-mapped: a slot holds the last value whose bytes hashed to it, and a hit compares every byte, so
 * that neither collisions nor hostile names cost more than the slow path. Bounded, hence the strong
 * references.
 */
export class TextTable<Value> {
  readonly #entries: (Entry<Value> | undefined)[];
  readonly #mask: number;

  /** @param slots how many values it holds: a power of two. */
  constructor(slots: number) {
    this.#entries = new Array<Entry<Value> | undefined>(slots).fill(undefined);
    this.#mask = slots - 1;
  }

  /** The value of the `length` bytes at `at` of `view`, when it is here. */
  find(view: DataView, at: number, length: number): Value | undefined {
    const first = length >= 4 ? view.getInt32(at) : packed(view, at, length);
    const last = length >= 4 ? view.getInt32(at + length - 4) : 0;
    const entry = this.#entries[slotOf(first, last, length) & this.#mask];
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

  /** Puts a value where {@link find} will look for it. */
  keep(view: DataView, at: number, length: number, value: Value): void {
    if (length > LONGEST_KEPT) return;
    const first = length >= 4 ? view.getInt32(at) : packed(view, at, length);
    const last = length >= 4 ? view.getInt32(at + length - 4) : 0;
    const words = length <= 8 ? 0 : (length - 5) >> 2;
    const middle = words === 0 ? NONE : new Int32Array(words);
    for (let i = 0; i < words; i++) middle[i] = view.getInt32(at + 4 + 4 * i);
    this.#entries[slotOf(first, last, length) & this.#mask] = {
      length,
      first,
      last,
      middle,
      value,
    };
  }
}

function packed(view: DataView, at: number, length: number): number {
  let word = 0;
  for (let i = 0; i < length; i++) word = (word << 8) | view.getUint8(at + i);
  return word;
}

function slotOf(first: number, last: number, length: number): number {
  const mixed = Math.imul(first ^ length, 0x9e3779b1) ^ Math.imul(last, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
