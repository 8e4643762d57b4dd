const EMPTY = 0;
const REMOVED = -1;

/**
 * A hash table of positions: which entries of a map may have a key, given the key's hash. It knows
 * nothing of terms; whoever asks compares the keys at the positions it gives.
 *
 * Open addressing with linear probing in one `Int32Array` of pairs:
 *
 *     | hash | position + 1 | hash | position + 1 | …      0: never used, -1: removed
 *
 * @internal
 */
export class KeyIndex {
  #slots: Int32Array;
  #mask: number;
  /** Slots that are not EMPTY. */
  #used = 0;

  /** @param expected how many keys will be added at least. */
  constructor(expected: number) {
    let capacity = 4;
    while (capacity < expected * 2) capacity *= 2;
    this.#slots = new Int32Array(capacity * 2);
    this.#mask = capacity - 1;
  }

  /**
   * The first slot holding `hash`, from the slot after `previous` on; -1 when there is none.
   * Start with `previous` undefined.
   */
  next(hash: number, previous?: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = previous === undefined ? hash & mask : (previous + 1) & mask;
    for (;;) {
      const position = slots[slot * 2 + 1] as number;
      if (position === EMPTY) return -1;
      if (position !== REMOVED && slots[slot * 2] === hash) return slot;
      slot = (slot + 1) & mask;
    }
  }

  /** The position in a slot that {@link next} gave. */
  position(slot: number): number {
    return (this.#slots[slot * 2 + 1] as number) - 1;
  }

  add(hash: number, position: number): void {
    if (this.#used * 2 > this.#mask) this.#grow();
    this.#put(hash, position + 1);
  }

  /** Forgets the entry with this hash at this position. */
  remove(hash: number, position: number): void {
    for (let slot = this.next(hash); slot !== -1; slot = this.next(hash, slot)) {
      if (this.position(slot) === position) {
        this.#slots[slot * 2 + 1] = REMOVED;
        return;
      }
    }
  }

  #put(hash: number, stored: number): void {
    const slots = this.#slots;
    let slot = hash & this.#mask;
    while (slots[slot * 2 + 1] !== EMPTY) slot = (slot + 1) & this.#mask;
    slots[slot * 2] = hash;
    slots[slot * 2 + 1] = stored;
    this.#used += 1;
  }

  #grow(): void {
    const old = this.#slots;
    let live = 0;
    for (let i = 1; i < old.length; i += 2) if ((old[i] as number) > 0) live += 1;
    let capacity = 4;
    while (capacity < live * 4) capacity *= 2;
    this.#slots = new Int32Array(capacity * 2);
    this.#mask = capacity - 1;
    this.#used = 0;
    for (let i = 0; i < old.length; i += 2) {
      const stored = old[i + 1] as number;
      if (stored > 0) this.#put(old[i] as number, stored);
    }
  }
}
