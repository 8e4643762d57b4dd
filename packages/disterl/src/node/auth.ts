import { Cookie } from "../handshake/cookie.ts";

/**
 * Which cookie is used with which node: the state of OTP's `auth` server.
 *
 * Two nodes connect when the cookie that each has *for the other* is the same. Changes count for
 * later handshakes; connections that are up stay up.
 *
 * Differs in: a node that is not alive has the cookie that it was given here, too (there: `nocookie`,
 * whatever was given).
 */
export class Auth {
  #own: Cookie;
  #isGiven: boolean;
  readonly #perNode = new Map<string, Cookie>();
  readonly #ownName: () => string | undefined;

  /**
   * @param own the default: used with every node that has no cookie of its own. Without one it is
   *   `nocookie`, until one is set or found.
   * @param ownName this node's name, undefined while it has none: setting that node's cookie sets the
   *   default.
   */
  constructor(
    own: Cookie | string | undefined,
    perNode: Readonly<Record<string, Cookie | string>> = {},
    ownName: () => string | undefined = () => undefined,
  ) {
    this.#isGiven = own !== undefined;
    this.#own = asCookie(own ?? "nocookie");
    this.#ownName = ownName;
    for (const [node, cookie] of Object.entries(perNode)) this.setCookie(node, cookie);
  }

  /** Whether the program has set the default cookie, so that none has to be looked for. */
  get isGiven(): boolean {
    return this.#isGiven;
  }

  /** The default cookie, from the user's file: {@link isGiven} stays false. */
  useFound(cookie: Cookie): void {
    this.#own = cookie;
  }

  /** The cookie for a handshake with `node`: `erlang:get_cookie/1`. */
  cookieFor(node: string): Cookie {
    return this.#perNode.get(node) ?? this.#own;
  }

  /** The default cookie, `erlang:get_cookie/0`, or the one for a node, `/1`. It prints as `[secret]`. */
  getCookie(node?: string): Cookie {
    return node === undefined ? this.#own : this.cookieFor(node);
  }

  /**
   * Sets the default cookie, or the one for a node: `erlang:set_cookie/1,2`.
   * @throws TypeError when it is no cookie: 1 to 255 characters of Latin-1, without a line break at the end.
   */
  setCookie(cookie: Cookie | string): void;
  setCookie(node: string, cookie: Cookie | string): void;
  setCookie(nodeOrCookie: string | Cookie, cookie?: Cookie | string): void {
    if (cookie === undefined || nodeOrCookie === this.#ownName()) {
      this.#own = asCookie(cookie ?? nodeOrCookie);
      this.#isGiven = true;
    } else {
      this.#perNode.set(String(nodeOrCookie), asCookie(cookie));
    }
  }
}

function asCookie(cookie: Cookie | string): Cookie {
  if (cookie instanceof Cookie) return cookie;
  if (typeof cookie !== "string") {
    const remedy =
      'readFileSync(path, "utf8").trim() is text, and without one ~/.erlang.cookie is read';
    throw new TypeError(`a cookie is text, and this is ${typeof cookie}: ${remedy}`);
  }
  if (/[\r\n]$/.test(cookie)) {
    throw new TypeError("a cookie does not end with a line break: cut it off, as with trim()");
  }
  return new Cookie(cookie);
}
