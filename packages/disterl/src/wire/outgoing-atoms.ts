import type { AtomRefs } from "../etf/leaf-writer.ts";
import type { Atom } from "../term/atom.ts";

/** Slots of the atom cache of each direction: 8 segments of 256. */
export const CACHE_SLOTS = 2048;

/** Most atoms that one header can refer to. */
export const MAX_HEADER_ATOMS = 255;

const encoder = new TextEncoder();

/** Every atom gets one slot for good, in the order of first use: the first 2048 never collide. */
let nextSlot = 0;

/**
 * The sending side of the atom cache of one connection, and the atoms of the message under way.
 *
 * While a message is encoded the codec asks {@link refOf} for every atom. The answer is the atom's
 * place in the message's header, which is written last and put in front. An atom that is not in the
 * cache yet enters it with this message, in place of whatever had its slot.
 *
 * All state is in arrays indexed by slot, so that an atom costs a few loads. "In this message" is a
 * mark with the number of the message, so that nothing has to be cleared between messages.
 */
export class OutgoingAtoms implements AtomRefs {
  /** Who is in each slot, as the peer will know once it has read what we wrote. */
  readonly #atoms: (Atom | undefined)[] = new Array<Atom | undefined>(CACHE_SLOTS).fill(undefined);
  /** The last message that referred to each slot, and the slot's place in that message's header. */
  readonly #message = new Uint32Array(CACHE_SLOTS);
  readonly #place = new Uint8Array(CACHE_SLOTS);
  #cachedAtoms = 0;
  #current = 0;
  /** The header of this message: slots in order, and which of them are new. */
  readonly #slots = new Uint16Array(MAX_HEADER_ATOMS);
  readonly #isNew = new Uint8Array(MAX_HEADER_ATOMS);
  #count = 0;
  /** Who was in the new slots before, in order: for {@link abandon}. */
  readonly #replaced: (Atom | undefined)[] = [];
  #newBytes = 0;
  #long = false;

  /** How many slots of the cache are in use. */
  get cachedAtoms(): number {
    return this.#cachedAtoms;
  }

  /** Begins a message. */
  begin(): void {
    this.#count = 0;
    this.#newBytes = 0;
    this.#long = false;
    if (this.#replaced.length > 0) this.#replaced.length = 0;
    if (++this.#current === 0x100000000) {
      this.#message.fill(0);
      this.#current = 1;
    }
  }

  /** The atom's place in this message's header; -1 when the atom must be written in full. */
  refOf(atom: Atom): number {
    let slot = atom.cacheSlot;
    if (slot < 0) {
      slot = atom.cacheSlot = nextSlot;
      nextSlot = (nextSlot + 1) % CACHE_SLOTS;
    }
    const known = this.#atoms[slot] === atom;
    if (this.#message[slot] === this.#current) return known ? (this.#place[slot] as number) : -1;
    const place = this.#count;
    if (place === MAX_HEADER_ATOMS) return -1;
    this.#count = place + 1;
    this.#message[slot] = this.#current;
    this.#place[slot] = place;
    this.#slots[place] = slot;
    this.#isNew[place] = known ? 0 : 1;
    if (!known) this.#enter(atom, slot);
    return place;
  }

  #enter(atom: Atom, slot: number): void {
    if (this.#atoms[slot] === undefined) this.#cachedAtoms++;
    this.#replaced.push(this.#atoms[slot]);
    this.#atoms[slot] = atom;
    const length = (atom.utf8 ??= encoder.encode(atom.text)).length;
    this.#newBytes += length;
    if (length > 255) this.#long = true;
  }

  /**
   * Forgets this message, which will not be sent: the cache is again what it was at {@link begin}.
   */
  abandon(): void {
    let i = 0;
    for (let place = 0; place < this.#count; place++) {
      if (this.#isNew[place] !== 1) continue;
      const before = this.#replaced[i++];
      if (before === undefined) this.#cachedAtoms--;
      this.#atoms[this.#slots[place] as number] = before;
    }
    this.begin();
  }

  /** Length of {@link writeHeader}'s output. */
  get headerLength(): number {
    const count = this.#count;
    if (count === 0) return 1;
    const lengths = this.#replaced.length * (this.#long ? 2 : 1);
    return 1 + (count >> 1) + 1 + count + lengths + this.#newBytes;
  }

  /** Length of the header if all of this message's atoms had been in the cache. */
  get plainHeaderLength(): number {
    return this.#count === 0 ? 1 : 1 + (this.#count >> 1) + 1 + this.#count;
  }

  /**
   * Writes the references of this message's header; there must be room.
   *
   *     | N:8 | Flags: N div 2 + 1 bytes, none for N = 0 | Ref 0 | … | Ref N-1 |
   *
   *     Flags: half bytes, the lower half of each byte first.
   *       0 … N-1:  new:1 segment:3       N:  0:3 long:1
   *     Ref:  Slot:8                                        known
   *           Slot:8 Length:8 (long: 16) text in UTF-8      new
   *
   * @returns where it ends.
   */
  writeHeader(buffer: Uint8Array, start: number): number {
    const count = this.#count;
    let at = start;
    buffer[at++] = count;
    if (count === 0) return at;
    const flags = at;
    at += (count >> 1) + 1;
    buffer[at - 1] = 0;
    for (let place = 0; place < count; place++) {
      const slot = this.#slots[place] as number;
      const isNew = this.#isNew[place] as number;
      const half = (isNew << 3) | (slot >> 8);
      const byte = flags + (place >> 1);
      buffer[byte] = (place & 1) === 0 ? half : (buffer[byte] as number) | (half << 4);
      buffer[at++] = slot & 0xff;
      if (isNew === 1) at = this.#writeText(buffer, at, slot);
    }
    const last = flags + (count >> 1);
    if (this.#long) {
      buffer[last] = (buffer[last] as number) | ((count & 1) === 0 ? 0x01 : 0x10);
    }
    return at;
  }

  #writeText(buffer: Uint8Array, start: number, slot: number): number {
    const text = (this.#atoms[slot] as Atom).utf8 as Uint8Array;
    let at = start;
    if (this.#long) buffer[at++] = text.length >> 8;
    buffer[at++] = text.length & 0xff;
    buffer.set(text, at);
    return at + text.length;
  }
}
