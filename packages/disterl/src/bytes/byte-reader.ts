/**
 * A read ran past the end. Floors above catch it and say it in their own words.
 */
export class OutOfBytes extends RangeError {
  readonly offset: number;
  readonly wanted: number;

  constructor(offset: number, wanted: number, have: number) {
    super(`${wanted} more bytes were announced at offset ${offset}, but only ${have} are left`);
    this.name = "OutOfBytes";
    this.offset = offset;
    this.wanted = wanted;
  }
}

/**
 * A bounds-checked, big-endian cursor over a packet that has arrived whole.
 *
 * For the small packets of epmd and of the handshake, where clarity counts; terms have a decoder of
 * their own. Slices are views: they share memory with the packet.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  offset: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.offset = offset;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.offset;
  }

  #advance(count: number): number {
    if (count > this.left) throw new OutOfBytes(this.offset, count, this.left);
    const at = this.offset;
    this.offset += count;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8));
  }

  take(count: number): Uint8Array {
    const at = this.#advance(count);
    return this.bytes.subarray(at, at + count);
  }

  rest(): Uint8Array {
    return this.take(this.left);
  }
}
