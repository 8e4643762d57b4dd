import { HandshakeError, type HandshakeStep } from "../handshake/errors.ts";

/** What the first bytes of a stranger give away, by the length they would be. */
function strangerHint(announced: number, most: number): string {
  const high = announced >>> 8;
  if (announced === 0x1603 || announced >>> 16 === 0x1603) {
    return "these are the first bytes of TLS: the peer uses -proto_dist inet_tls and we do not; it has to be both";
  }
  if (announced === 0x1503 || announced >>> 16 === 0x1503) {
    return "this is a TLS alert: the peer uses -proto_dist inet_tls and we do not; it has to be both";
  }
  const printableAscii = high >= 0x20 && high < 0x7f;
  const what = printableAscii
    ? "this looks like text, such as an HTTP request"
    : "no Erlang node sends that";
  return `${what} (a packet of ${announced} bytes would follow; at most ${most} are taken)`;
}

/**
 * Cuts what arrives during a handshake into packets with a length before each, and hands back what
 * follows the last one untouched. Holds only bytes that have arrived, never more than a packet and
 * one chunk.
 */
export class PacketSplitter {
  readonly #lengthBytes: 2 | 4;
  readonly #maxBytes: number;
  #held: Uint8Array = new Uint8Array(0);

  constructor(lengthBytes: 2 | 4, maxBytes: number) {
    this.#lengthBytes = lengthBytes;
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#held.length;
  }

  push(chunk: Uint8Array): void {
    const joined = new Uint8Array(this.#held.length + chunk.length);
    joined.set(this.#held);
    joined.set(chunk, this.#held.length);
    this.#held = joined;
  }

  /**
   * The next packet, if it is there whole.
   * @throws HandshakeError as soon as a length over the limit is announced.
   */
  next(step: HandshakeStep): Uint8Array | undefined {
    if (this.#held.length < this.#lengthBytes) return undefined;
    const view = new DataView(this.#held.buffer, this.#held.byteOffset);
    const length = this.#lengthBytes === 2 ? view.getUint16(0) : view.getUint32(0);
    if (length > this.#maxBytes) {
      throw new HandshakeError(
        "ERR_HANDSHAKE_MALFORMED",
        step,
        strangerHint(length, this.#maxBytes),
      );
    }
    const end = this.#lengthBytes + length;
    if (this.#held.length < end) return undefined;
    const packet = this.#held.subarray(this.#lengthBytes, end);
    this.#held = this.#held.subarray(end);
    return packet;
  }

  /** What has arrived and was not taken. The splitter is empty afterwards. */
  rest(): Uint8Array {
    const rest = this.#held;
    this.#held = new Uint8Array(0);
    return rest;
  }
}
