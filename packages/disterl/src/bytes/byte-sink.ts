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

  /** Forgets everything from `start` (an offset into `buffer`) on; the memory stays for reuse. */
  truncate(start = 0): void {
    this.length = start;
    while (this.references.length > 0) {
      const last = this.references[this.references.length - 1];
      if (last === undefined || last.at < start) break;
      this.referencedBytes -= last.bytes.length;
      this.references.pop();
    }
  }
}
