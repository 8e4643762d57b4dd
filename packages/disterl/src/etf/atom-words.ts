import type { Atom } from "../term/atom.ts";

/** Atoms that take up to this many bytes are kept as words; a word may begin before the last byte. */
const LONGEST_WIRE = 60;

export function utf8Of(atom: Atom): Uint8Array {
  atom.utf8 ??= Buffer.from(atom.text);
  return atom.utf8;
}

/** SMALL_ATOM_UTF8_EXT in little-endian words, after its length in bytes; of long atoms the length. */
export function wireOf(atom: Atom): Int32Array {
  const utf8 = utf8Of(atom);
  const size = 2 + utf8.length;
  const words = size > LONGEST_WIRE ? 0 : (size + 3) >> 2;
  const wire = new Int32Array(1 + words);
  wire[0] = size;
  if (words > 0) {
    const bytes = new Uint8Array(4 * words);
    bytes[0] = 119;
    bytes[1] = utf8.length;
    bytes.set(utf8, 2);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < words; i++) wire[1 + i] = view.getInt32(4 * i, true);
  }
  atom.wire = wire;
  return wire;
}
