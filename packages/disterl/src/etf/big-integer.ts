/**
 * The magnitude of integers that do not fit INTEGER_EXT: `n` bytes, least significant first.
 *
 *     SMALL_BIG_EXT   110 | n:8  | sign:8 (1 = negative) | n bytes
 *     LARGE_BIG_EXT   111 | n:32 | sign:8 (1 = negative) | n bytes
 */

/** Above this many bytes hexadecimal text is faster than a word at a time, and linear. */
const WORDS_UP_TO = 256;

/** The unsigned integer in `length` bytes at `at`: a number while it is safe, a bigint above. */
export function readMagnitude(view: DataView, at: number, length: number): number | bigint {
  let size = length;
  // Redundant high zero bytes are legal.
  while (size > 0 && view.getUint8(at + size - 1) === 0) size--;
  if (size < 7) return readSmall(view, at, size);
  if (size === 8) return view.getBigUint64(at, true);
  if (size === 7) {
    const high = readSmall(view, at + 4, 3);
    const low = view.getUint32(at, true);
    if (high <= 0x1fffff) return high * 0x1_0000_0000 + low;
    return (BigInt(high) << 32n) | BigInt(low);
  }
  return size > WORDS_UP_TO ? readByText(view, at, size) : readByWords(view, at, size);
}

/** Up to 6 bytes. */
function readSmall(view: DataView, at: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + view.getUint8(at + i);
  return value;
}

/** More than 8 bytes, a word of 64 bits at a time from the top. */
function readByWords(view: DataView, at: number, size: number): bigint {
  let left = size - 8;
  let value = view.getBigUint64(at + left, true);
  while (left >= 8) {
    left -= 8;
    value = (value << 64n) | view.getBigUint64(at + left, true);
  }
  if (left > 0) value = (value << BigInt(left * 8)) | BigInt(readRest(view, at, left));
  return value;
}

/** 1 to 7 bytes below a word that is there: what is above the bytes wanted is masked away. */
function readRest(view: DataView, at: number, size: number): bigint {
  return BigInt.asUintN(size * 8, view.getBigUint64(at, true));
}

function readByText(view: DataView, at: number, size: number): bigint {
  const bytes = Buffer.from(new Uint8Array(view.buffer, view.byteOffset + at, size));
  return BigInt(`0x${bytes.reverse().toString("hex")}`);
}

/**
 * Writes a positive integer at `at` and returns how many bytes it took, high zeros left away. The
 * caller has made sure of {@link magnitudeRoom} bytes.
 */
export function writeMagnitude(view: DataView, at: number, value: bigint): number {
  let rest = value;
  let size = 0;
  for (;;) {
    // Stores the low 64 bits.
    view.setBigUint64(at + size, rest, true);
    size += 8;
    if (size > WORDS_UP_TO) return writeByText(view, at, value);
    rest >>= 64n;
    if (rest === 0n) break;
  }
  while (view.getUint8(at + size - 1) === 0) size--;
  return size;
}

function writeByText(view: DataView, at: number, value: bigint): number {
  const bytes = hexBytes(value);
  new Uint8Array(view.buffer, view.byteOffset + at, bytes.length).set(bytes.reverse());
  return bytes.length;
}

function hexBytes(value: bigint): Buffer {
  const text = value.toString(16);
  return Buffer.from(text.length % 2 === 0 ? text : `0${text}`, "hex");
}

/** Bytes that {@link writeMagnitude} may touch. Cheap below 2000 bits, exact above. */
export function magnitudeRoom(value: bigint): number {
  return value < LARGE ? WORDS_UP_TO + 8 : hexBytes(value).length + 8;
}

const LARGE = 1n << 2048n;
