/** Puts bits together to a binary, as bit syntax does. @internal */
export class BitWriter {
  #bytes = new Uint8Array(64);
  /** How many bits there are. */
  length = 0;

  /** The bits, the unused ones of the last byte 0. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, Math.ceil(this.length / 8));
  }

  /** The first `bits` bits of some bytes. */
  append(bytes: Uint8Array, bits: number): void {
    const whole = Math.ceil(bits / 8);
    this.#reserve(whole + 1);
    const at = this.length >> 3;
    const used = this.length & 7;
    const target = this.#bytes;
    for (let i = 0; i < whole; i++) {
      let byte = bytes[i] as number;
      if (i === whole - 1 && bits % 8 !== 0) byte &= 0xff << (8 - (bits % 8));
      if (used === 0) {
        target[at + i] = byte;
      } else {
        target[at + i] = (target[at + i] as number) | (byte >> used);
        target[at + i + 1] = (byte << (8 - used)) & 0xff;
      }
    }
    this.length += bits;
  }

  /** The low `bits` bits of an integer, in two's complement. */
  integer(value: number | bigint, bits: number, little: boolean): void {
    if (bits === 0) return;
    const size = Math.ceil(bits / 8);
    const low = BigInt.asUintN(bits, BigInt(value));
    const unused = size * 8 - bits;
    if (!little) {
      this.append(bigEndian(low << BigInt(unused), size), bits);
      return;
    }
    const bytes = bigEndian(low, size).reverse();
    // The last byte is the one that is not whole: its bits come first in it.
    bytes[size - 1] = (bytes[size - 1] as number) << unused;
    this.append(bytes, bits);
  }

  #reserve(bytes: number): void {
    const needed = (this.length >> 3) + bytes + 1;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

function bigEndian(value: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const hex = value.toString(16).padStart(size * 2, "0");
  for (let i = 0; i < size; i++) bytes[i] = Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}
