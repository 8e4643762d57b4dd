import { MAX_REQUEST_BYTES } from "./codes.ts";
import { EpmdError } from "./errors.ts";

/**
 * Puts one request together from pieces of any size.
 *
 * Holds what has arrived, never what was announced: the length is checked before the body is waited
 * for. A request that is followed by anything is refused, since a connection carries only one.
 */
export class RequestReader {
  readonly #limit: number;
  #held: Uint8Array | undefined;

  /** @param limit the longest body, in bytes. */
  constructor(limit = MAX_REQUEST_BYTES) {
    this.#limit = limit;
  }

  /** Bytes that wait for the rest of their request. */
  get heldBytes(): number {
    return this.#held?.length ?? 0;
  }

  /**
   * Takes a piece. The body that is returned may share memory with it.
   * @returns the body once it is complete.
   * @throws EpmdError when the length is out of bounds, or when there is more than one request.
   */
  push(chunk: Uint8Array): Uint8Array | undefined {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    if (bytes.length < 2) {
      this.#held = new Uint8Array(bytes);
      return undefined;
    }
    const length = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
    if (length === 0 || length > this.#limit) {
      throw this.#broken(`a request of ${length} bytes; 1 to ${this.#limit} are allowed`);
    }
    if (bytes.length > length + 2) {
      throw this.#broken(`${bytes.length - length - 2} bytes after the request`);
    }
    if (bytes.length < length + 2) {
      this.#held = bytes === chunk ? new Uint8Array(chunk) : bytes;
      return undefined;
    }
    this.#held = undefined;
    return bytes.subarray(2);
  }

  #broken(what: string): EpmdError {
    return new EpmdError("ERR_EPMD_BAD_REQUEST", what, { offset: 0 });
  }
}
