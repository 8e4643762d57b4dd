/** A sink that is emptied keeps this much memory at most. */
const KEPT_BYTES = 256 * 1024;

/**
 * Where encoded terms and frames are put: one growing buffer, plus large binaries by reference.
 *
 * The hot path writes through the public fields: `ensure(n)`, then bytes at `buffer[length++]`.
 * A large binary is not copied but noted with {@link reference}; {@link take} gives the pieces in
 * order, ready for one vectored write.
 */
export class ByteSink {
  buffer: Buffer;
  view: DataView;
  /** Bytes written to `buffer` so far. */
  length = 0;
  /** Where in `buffer` each referenced binary belongs, ascending, and the binaries themselves. */
  readonly references: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  /** Sum of the lengths of {@link references}. */
  referencedBytes = 0;

  constructor(capacity = 1024) {
    this.buffer = Buffer.allocUnsafeSlow(capacity);
    this.view = new DataView(this.buffer.buffer);
  }

  /** All bytes, referenced ones included. */
  get totalBytes(): number {
    return this.length + this.referencedBytes;
  }

  /** Makes room for `count` more bytes. `buffer` and `view` may be other objects afterwards. */
  ensure(count: number): void {
    if (this.length + count > this.buffer.length) this.#grow(this.length + count);
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }

  /** Puts `bytes` here without copying them. They must not change until they have been sent. */
  reference(bytes: Uint8Array): void {
    this.references.push({ at: this.length, bytes });
    this.referencedBytes += bytes.length;
  }

  /** Everything from `start` (an offset into `buffer`) on, in order, as views. */
  pieces(start = 0): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let from = start;
    for (const { at, bytes } of this.references) {
      if (at < start) continue;
      if (at > from) pieces.push(this.buffer.subarray(from, at));
      pieces.push(bytes);
      from = at;
    }
    if (this.length > from) pieces.push(this.buffer.subarray(from, this.length));
    return pieces;
  }

  /**
   * Forgets everything from `start` (an offset into `buffer`) on. The memory stays for reuse, unless
   * it has grown far beyond what a batch needs and nothing of it is left.
   */
  truncate(start = 0): void {
    this.length = start;
    if (start === 0 && this.buffer.length > KEPT_BYTES) {
      this.buffer = Buffer.allocUnsafeSlow(1024);
      this.view = new DataView(this.buffer.buffer);
    }
    while (this.references.length > 0) {
      const last = this.references[this.references.length - 1];
      if (last === undefined || last.at < start) break;
      this.referencedBytes -= last.bytes.length;
      this.references.pop();
    }
  }

  /**
   * Back to what it was when `length` was this and `references.length` was `references`. Unlike
   * {@link truncate}, exact where a referenced binary was the last thing before.
   */
  rewind(length: number, references: number): void {
    this.length = length;
    while (this.references.length > references) {
      this.referencedBytes -= (this.references.pop() as { bytes: Uint8Array }).bytes.length;
    }
  }

  /**
   * Moves everything from `start` on by `by` bytes, the references from number `references` on
   * included: for a header whose length shows only when what follows it has been written.
   */
  shift(start: number, by: number, references: number): void {
    if (by > 0) this.ensure(by);
    this.buffer.copyWithin(start + by, start, this.length);
    this.length += by;
    for (let i = references; i < this.references.length; i++) {
      const { at, bytes } = this.references[i] as { at: number; bytes: Uint8Array };
      this.references[i] = { at: at + by, bytes };
    }
  }

  /**
   * Takes everything from `start` and from reference number `references` on out of the sink, as
   * pieces in order that are the caller's to keep. Copies whichever side of `start` is the smaller.
   */
  detach(start: number, references: number): Uint8Array[] {
    const { buffer, length } = this;
    const taken = this.references.slice(references);
    const copied = length - start <= start + 1024;
    const kept = copied ? Buffer.allocUnsafeSlow(length - start) : buffer.subarray(start, length);
    if (copied) {
      buffer.copy(kept, 0, start, length);
    } else {
      this.buffer = Buffer.allocUnsafeSlow(start + 1024);
      this.view = new DataView(this.buffer.buffer);
      buffer.copy(this.buffer, 0, 0, start);
    }
    this.rewind(start, references);
    const pieces: Uint8Array[] = [];
    let from = 0;
    for (const { at, bytes } of taken) {
      if (at - start > from) pieces.push(kept.subarray(from, at - start));
      pieces.push(bytes);
      from = at - start;
    }
    if (kept.length > from) pieces.push(kept.subarray(from));
    return pieces;
  }
}
