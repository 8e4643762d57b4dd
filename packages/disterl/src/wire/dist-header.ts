import type { Atom } from "../term/atom.ts";
import { WireError } from "./errors.ts";
import { CACHE_SLOTS } from "./outgoing-atoms.ts";

/** What a frame is, by its first bytes. */
export const VERSION_MAGIC = 131;
/** `131 68`: distribution header, then the whole message. */
export const DIST_HEADER = 68;
/** `131 69`: the first fragment, with the header of the whole message. */
export const DIST_FRAG_HEADER = 69;
/** `131 70`: a further fragment. */
export const DIST_FRAG_CONT = 70;
/** `112`, then terms with their own 131: where neither header nor fragments are agreed. */
export const PASS_THROUGH = 112;

/** Makes atoms of UTF-8: the term decoder, which counts the new ones. */
export interface AtomSource {
  atom(bytes: Uint8Array, start: number, end: number): Atom | boolean;
}

/**
 * Reads distribution headers, and keeps the receiving side of the atom cache: what the peer has put
 * into each of the 2048 slots.
 *
 *     | N:8 | Flags: N div 2 + 1 bytes, none for N = 0 | Ref 0 | … | Ref N-1 |
 *
 *     Flags: half bytes, the lower half of each byte first.
 *       0 … N-1:  new:1 segment:3       N:  0:3 long:1
 *     Ref:  Slot:8                                        known
 *           Slot:8 Length:8 (long: 16) text in UTF-8      new
 *
 * Headers must be read in the order of arrival, each exactly once, whatever becomes of the message:
 * later ones rely on what earlier ones put into the cache.
 */
export class DistHeader {
  /** The atoms of the last header read, by their index in ATOM_CACHE_REF. Reused by the next one. */
  readonly refs: (Atom | boolean)[] = [];
  readonly #slots: (Atom | boolean | undefined)[];
  #cachedAtoms = 0;
  readonly #atoms: AtomSource;

  /** @param cached whether the peer may refer to atoms (DIST_HDR_ATOM_CACHE is agreed). */
  constructor(atoms: AtomSource, cached: boolean) {
    this.#atoms = atoms;
    this.#slots = new Array<Atom | boolean | undefined>(cached ? CACHE_SLOTS : 0).fill(undefined);
  }

  /** How many slots of the cache the peer has filled. */
  get cachedAtoms(): number {
    return this.#cachedAtoms;
  }

  /**
   * Reads the header at `start`.
   * @returns where the control message begins.
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    const refs = this.refs;
    if (start >= end) throw cut(start, "its count");
    const count = bytes[start] as number;
    if (count !== refs.length) refs.length = count;
    let at = start + 1;
    if (count === 0) return at;
    if (this.#slots.length === 0) {
      throw new WireError(
        "ERR_WIRE_HEADER",
        `the distribution header refers to ${count} atoms, but no atom cache was agreed`,
        { offset: start },
      );
    }
    const flags = at;
    at += (count >> 1) + 1;
    if (at + count > end) throw cut(start, `${count} atom references`);
    const last = bytes[at - 1] as number;
    const lengthBytes = ((count & 1) === 0 ? last : last >> 4) & 1 ? 2 : 1;
    for (let i = 0; i < count; i++) {
      const byte = bytes[flags + (i >> 1)] as number;
      const half = (i & 1) === 0 ? byte : byte >> 4;
      if (at >= end) throw cut(at, "a slot");
      const slot = ((half & 7) << 8) | (bytes[at++] as number);
      if ((half & 8) !== 0) {
        if (at + lengthBytes > end) throw cut(at, "the length of an atom");
        let length = bytes[at++] as number;
        if (lengthBytes === 2) length = (length << 8) | (bytes[at++] as number);
        if (at + length > end) throw cut(at, `an atom of ${length} bytes`);
        if (this.#slots[slot] === undefined) this.#cachedAtoms++;
        refs[i] = this.#slots[slot] = this.#atoms.atom(bytes, at, at + length);
        at += length;
      } else {
        const atom = this.#slots[slot];
        if (atom === undefined) throw empty(at - 1, slot);
        refs[i] = atom;
      }
    }
    return at;
  }
}

function cut(offset: number, what: string): WireError {
  return new WireError("ERR_WIRE_HEADER", `the distribution header ends before ${what}`, {
    offset,
  });
}

function empty(offset: number, slot: number): WireError {
  return new WireError(
    "ERR_WIRE_HEADER",
    `the distribution header refers to slot ${slot} of the atom cache, which was never filled`,
    { offset },
  );
}
