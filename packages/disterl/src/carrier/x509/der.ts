/** Bytes that are not the DER they should be. The message says where and what was expected. */
export class DerError extends Error {}

/**
 * One element of DER (X.690): identifier, length, content.
 *
 *     +-----+--------+-------------- … --+
 *     | tag | length | content           |
 *     +-----+--------+-------------- … --+
 *     1     1 to 5   length
 *
 * Only tags of one byte, as certificates and revocation lists have, and lengths in their shortest form.
 */
export interface DerElement {
  readonly tag: number;
  /** Where it begins in {@link DerReader.bytes}. */
  readonly start: number;
  /** Its content. */
  readonly content: Uint8Array;
  /** All of it, as it stands in what was read. */
  readonly whole: Uint8Array;
}

export const DER_BOOLEAN = 0x01;
export const DER_INTEGER = 0x02;
export const DER_BIT_STRING = 0x03;
export const DER_OCTET_STRING = 0x04;
export const DER_OID = 0x06;
export const DER_UTC_TIME = 0x17;
export const DER_GENERALIZED_TIME = 0x18;
export const DER_SEQUENCE = 0x30;
export const DER_SET = 0x31;

/** `[n]` that holds other elements. */
export const derContext = (number: number): number => 0xa0 | number;

/** Reads elements one behind the other, never beyond the bytes given. @throws DerError */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Tag of the next element; undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** The next element, which has to have that tag when one is given. */
  next(tag?: number): DerElement {
    const start = this.#at;
    const found = this.#byte();
    if ((found & 0x1f) === 0x1f) throw new DerError(`byte ${start}: a tag of several bytes`);
    if (tag !== undefined && found !== tag) {
      throw new DerError(`byte ${start}: expected tag ${tag}, found ${found}`);
    }
    const length = this.#length();
    const from = this.#at;
    if (length > this.#bytes.length - from) {
      throw new DerError(
        `byte ${start}: ${length} bytes announced, ${this.#bytes.length - from} left`,
      );
    }
    this.#at = from + length;
    const content = this.#bytes.subarray(from, this.#at);
    return { tag: found, start, content, whole: this.#bytes.subarray(start, this.#at) };
  }

  /** The next element if it has that tag. */
  optional(tag: number): DerElement | undefined {
    return this.nextTag === tag ? this.next() : undefined;
  }

  /** The elements within the next one, which has that tag. */
  within(tag: number): DerReader {
    return new DerReader(this.next(tag).content);
  }

  /** @throws DerError unless all has been read. */
  end(): void {
    if (!this.done) throw new DerError(`byte ${this.#at}: more than there should be`);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new DerError(`byte ${this.#at}: ends too early`);
    this.#at++;
    return byte;
  }

  #length(): number {
    const start = this.#at;
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new DerError(`byte ${start}: a length of ${count} bytes`);
    let length = 0;
    for (let index = 0; index < count; index++) length = length * 256 + this.#byte();
    if (length < 0x80 || length < 2 ** (8 * (count - 1))) {
      throw new DerError(`byte ${start}: a length that is longer than it needs to be`);
    }
    return length;
  }
}

/** `2.5.29.17`. */
export function oidText(content: Uint8Array): string {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of content) {
    number = number * 128 + (byte & 0x7f);
    if (number > Number.MAX_SAFE_INTEGER / 128) throw new DerError("an object identifier too big");
    if (byte >= 0x80) continue;
    if (numbers.length === 0) {
      const first = Math.min(Math.floor(number / 40), 2);
      numbers.push(first, number - first * 40);
    } else {
      numbers.push(number);
    }
    number = 0;
  }
  if ((content.at(-1) ?? 0x80) >= 0x80) throw new DerError("an object identifier without an end");
  return numbers.join(".");
}

/** UTCTime (years 1950 to 2049) or GeneralizedTime, both in UTC and with seconds, in milliseconds. */
export function derTime({ tag, content }: DerElement): number {
  const text = Buffer.from(content).toString("latin1");
  const form = tag === DER_UTC_TIME ? /^(\d\d)(\d{10})Z$/ : /^(\d{4})(\d{10})Z$/;
  const [, year = "", rest = ""] = form.exec(text) ?? [];
  if (tag !== DER_UTC_TIME && tag !== DER_GENERALIZED_TIME)
    throw new DerError(`no time: tag ${tag}`);
  const century = tag !== DER_UTC_TIME ? "" : year >= "50" ? "19" : "20";
  const [month, day, hour, minute, second] = rest.match(/\d\d/g) ?? [];
  const iso = `${century}${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  const time = Date.parse(iso);
  if (Number.isNaN(time)) throw new DerError("a time that is none");
  return time;
}
