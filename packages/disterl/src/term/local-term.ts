/**
 * A term in the private format of the node that made it: `term_to_binary(Term, [local])` of OTP 26
 * and later. Only that node can read it; here it is bytes that go back as they came.
 *
 * Stands alone, never inside another term and never between nodes; cannot be compared or hashed,
 * since what it is nobody else knows. Wire: LOCAL_EXT.
 */
export class LocalTerm {
  /** Everything after the tag. */
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}
