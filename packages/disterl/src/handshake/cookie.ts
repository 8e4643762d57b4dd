import { hash } from "node:crypto";

/** The longest cookie: a cookie is an atom. */
const MAX_COOKIE_CHARACTERS = 255;

/**
 * The secret that two nodes share. It goes over the wire only inside digests, and prints as
 * `[secret]` wherever it ends up: templates, `console.log`, JSON, errors.
 *
 * Not encryption: who can read or change the traffic of a connection does not need the cookie.
 */
export class Cookie {
  readonly #bytes: Buffer;

  /**
   * @param text 1 to 255 characters of Latin-1, as `auth` takes them.
   * @throws TypeError for anything else; the message does not show the text.
   */
  constructor(text: string) {
    if (text.length === 0) throw new TypeError("a cookie has at least one character");
    if (text.length > MAX_COOKIE_CHARACTERS) {
      throw new TypeError(`a cookie has at most ${MAX_COOKIE_CHARACTERS} characters`);
    }
    for (let at = 0; at < text.length; at++) {
      if (text.charCodeAt(at) > 0xff) {
        throw new TypeError(`a cookie is Latin-1: character ${at + 1} is not`);
      }
    }
    this.#bytes = Buffer.from(text, "latin1");
  }

  /** How many characters it has: what may be said about a cookie. */
  get length(): number {
    return this.#bytes.length;
  }

  /**
   * The proof of knowing this cookie: MD5 over it and the decimal text of a challenge.
   *
   * @param challenge 32 bits, unsigned.
   * @returns 16 bytes.
   */
  digest(challenge: number): Uint8Array {
    const text = Buffer.from(String(challenge >>> 0), "latin1");
    return hash("md5", Buffer.concat([this.#bytes, text]), "buffer");
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "Cookie([secret])";
  }
}
