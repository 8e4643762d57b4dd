/**
 * A bit string whose length is not a whole number of bytes: `<<5:3>>`.
 * Whole bytes are a binary, that is a `Uint8Array`. Wire: BIT_BINARY_EXT.
 */
export class BitString {
  /** All bits, the last byte's unused low bits are 0. */
  readonly bytes: Uint8Array;
  /** How many high-order bits of the last byte count: 1 to 7. */
  readonly lastBits: number;

  /** @throws TypeError when there are no bytes, or not 1 to 7 bits in the last of them. */
  constructor(bytes: Uint8Array, lastBits: number) {
    if (bytes.length === 0 || !Number.isInteger(lastBits) || lastBits < 1 || lastBits > 7) {
      throw new TypeError("a bit string has bytes, and 1 to 7 bits in the last of them");
    }
    this.lastBits = lastBits;
    const last = bytes.length - 1;
    const kept = (bytes[last] as number) & (0xff << (8 - lastBits)) & 0xff;
    if (kept === bytes[last]) {
      this.bytes = bytes;
    } else {
      this.bytes = bytes.slice();
      this.bytes[last] = kept;
    }
  }

  /** Length in bits. */
  get bitLength(): number {
    return (this.bytes.length - 1) * 8 + this.lastBits;
  }
}
