import type { Term } from "./term.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * A binary that has not been touched yet: where its bytes are, and nothing made of them.
 *
 * Decoding with `binaries: "lazy"` gives these instead of `Uint8Array`s: several times cheaper where
 * most binaries of a message are only passed on, compared or turned into text.
 */
export class Binary {
  /** @internal */
  readonly source: Uint8Array;
  /** @internal */
  readonly start: number;
  /** In bytes. */
  readonly length: number;

  /**
   * A view of `length` bytes of `source` from `start`.
   * @throws RangeError when the source does not have them.
   */
  constructor(source: Uint8Array, start: number, length: number) {
    if (!(start >= 0 && length >= 0 && start + length <= source.length)) {
      throw new RangeError(`no ${length} bytes from ${start} in ${source.length}`);
    }
    this.source = source;
    this.start = start;
    this.length = length;
  }

  /** The bytes, as a view of the memory they arrived in. */
  get bytes(): Uint8Array {
    return this.source.subarray(this.start, this.start + this.length);
  }

  /** The text, where the bytes are UTF-8; throws `TypeError` otherwise. */
  toString(): string {
    return utf8.decode(this.bytes);
  }

  toJSON(): number[] {
    return Array.from(this.bytes);
  }
}

/**
 * The text of a binary; a string is one already.
 * @throws TypeError when the term is no binary, or its bytes are not UTF-8.
 */
export function text(binary: Term): string {
  if (binary instanceof Uint8Array) return utf8.decode(binary);
  if (binary instanceof Binary) return binary.toString();
  if (typeof binary === "string") return binary;
  throw new TypeError("not a binary, so there is no text in it (charlistToString reads lists)");
}

/** Whether a value is a binary as the decoder gives them: a `Uint8Array`, or a {@link Binary}. */
export function isBinary(value: unknown): value is Uint8Array | Binary {
  return value instanceof Uint8Array || value instanceof Binary;
}

/** The bytes of a binary of either form. */
export function bytesOf(binary: Uint8Array | Binary): Uint8Array {
  return binary instanceof Binary ? binary.bytes : binary;
}
