import type { Reference } from "../term/reference.ts";
import { referenceNumber } from "./identity.ts";

/** Something that is found by a reference of this node. */
export interface Referenced {
  readonly ref: Reference;
}

const LEAST_SLOTS = 16;

/**
 * Entries by their reference, made for a few that come and go very often: pending calls, monitors,
 * aliases. Open addressing over the counter in the reference, spread so that entries lie in slots of
 * their own; adding and removing writes to one array and allocates nothing. (A `Map` leaves a
 * trail of outgrown tables behind, and what they still point to survives collection after collection.)
 */
export class ReferenceTable<Entry extends Referenced> {
  readonly #hash: (ref: Reference) => number;
  #slots: (Entry | undefined)[] = [];
  #size = 0;

  /** `hash` for references of others: {@link saltedHash}. Default: by the counter in those of this node. */
  constructor(hash: (ref: Reference) => number = spread) {
    this.#hash = hash;
  }

  get size(): number {
    return this.#size;
  }

  /** Replaces an entry with an equal reference. */
  set(entry: Entry): void {
    if (2 * (this.#size + 1) > this.#slots.length) this.#resize(this.#slots.length * 2);
    const at = this.#find(entry.ref);
    if (this.#slots[at] === undefined) this.#size++;
    this.#slots[at] = entry;
  }

  get(ref: Reference): Entry | undefined {
    return this.#size === 0 ? undefined : this.#slots[this.#find(ref)];
  }

  /** Removes an entry and gives it. */
  take(ref: Reference): Entry | undefined {
    if (this.#size === 0) return undefined;
    const at = this.#find(ref);
    const entry = this.#slots[at];
    if (entry === undefined) return undefined;
    this.#size--;
    this.#close(at);
    if (this.#slots.length > LEAST_SLOTS && this.#size * 16 < this.#slots.length) {
      this.#resize(this.#slots.length / 4);
    }
    return entry;
  }

  entries(): Entry[] {
    return this.#slots.filter((entry) => entry !== undefined);
  }

  /** The slot of an equal reference, or the free one where it belongs. */
  #find(ref: Reference): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = this.#hash(ref) & mask;
    for (;;) {
      const entry = slots[at];
      if (entry === undefined || entry.ref === ref || entry.ref.equals(ref)) return at;
      at = (at + 1) & mask;
    }
  }

  /** Frees a slot and moves up what stood behind it only because it was taken. */
  #close(free: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = free;
    for (let at = (free + 1) & mask; ; at = (at + 1) & mask) {
      const entry = slots[at];
      if (entry === undefined) break;
      const home = this.#hash(entry.ref) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = entry;
      hole = at;
    }
    slots[hole] = undefined;
  }

  #resize(slots: number): void {
    const entries = this.entries();
    this.#slots = new Array<Entry | undefined>(Math.max(LEAST_SLOTS, slots)).fill(undefined);
    for (const entry of entries) this.#slots[this.#find(entry.ref)] = entry;
  }
}

/**
 * The counter in a reference, times an odd number near the golden section of 2^32: neighbours are far
 * from each other, so that there are no long runs of taken slots, and no two of as many as there are
 * slots fall into one.
 */
function spread(ref: Reference): number {
  return Math.imul(referenceNumber(ref), 0x9e3779b1) >>> 0;
}

/**
 * A hash of references that others choose: the salt is a secret of this node, so nobody can choose
 * many that fall into one place.
 */
export function saltedHash(salt: number): (ref: Reference) => number {
  const multiplier = salt | 1;
  return ({ words }) => {
    let hash = salt;
    for (let i = 0; i < words.length; i++) {
      hash = Math.imul(hash ^ (words[i] as number), multiplier);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0x85ebca6b);
    return (hash ^ (hash >>> 13)) >>> 0;
  };
}
