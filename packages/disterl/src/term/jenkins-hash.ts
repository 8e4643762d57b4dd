/** 2^32 divided by the golden ratio. @internal */
export const goldenRatio = 0x9e3779b9;

/** @internal */
export function multipleOfGoldenRatio(factor: number): number {
  return Math.imul(goldenRatio, factor);
}

/**
 * Bob Jenkins' hash of 1996 (lookup2), in the two ways `erlang:phash2` uses it: mixing in words, and
 * whole binaries. All numbers are taken modulo 2^32.
 * @internal
 */
export class JenkinsHash {
  /** The hash so far, as a signed integer. */
  hash = 0;

  #a = 0;
  #b = 0;

  word(word: number, salt: number): void {
    this.words(word, 0, salt);
  }

  words(first: number, second: number, salt: number): void {
    this.#a = (salt + first) | 0;
    this.#b = (salt + second) | 0;
    this.#mix();
  }

  /** Whole bytes. The empty binary comes to the first line only, by Erlang's rule. */
  bytes(bytes: Uint8Array, bitsFollow: boolean): void {
    this.hash = (this.hash + multipleOfGoldenRatio(13)) | 0;
    if (bytes.length > 0 || bitsFollow) this.#blocks(bytes);
  }

  #blocks(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#a = goldenRatio | 0;
    this.#b = goldenRatio | 0;
    let at = 0;
    for (; bytes.length - at >= 12; at += 12) {
      this.#a = (this.#a + view.getInt32(at, true)) | 0;
      this.#b = (this.#b + view.getInt32(at + 4, true)) | 0;
      this.hash = (this.hash + view.getInt32(at + 8, true)) | 0;
      this.#mix();
    }
    const rest = new Uint8Array(12);
    rest.set(bytes.subarray(at));
    const last = new DataView(rest.buffer);
    this.#a = (this.#a + last.getInt32(0, true)) | 0;
    this.#b = (this.#b + last.getInt32(4, true)) | 0;
    // The low byte of the third word is left to the length.
    this.hash = (this.hash + bytes.length + (last.getInt32(8, true) << 8)) | 0;
    this.#mix();
  }

  #mix(): void {
    let [a, b, c] = [this.#a, this.#b, this.hash];
    a = (a - b - c) ^ (c >>> 13);
    b = (b - c - a) ^ (a << 8);
    c = (c - a - b) ^ (b >>> 13);
    a = (a - b - c) ^ (c >>> 12);
    b = (b - c - a) ^ (a << 16);
    c = (c - a - b) ^ (b >>> 5);
    a = (a - b - c) ^ (c >>> 3);
    b = (b - c - a) ^ (a << 10);
    c = (c - a - b) ^ (b >>> 15);
    this.#a = a;
    this.#b = b;
    this.hash = c;
  }
}
