import { Cookie } from "../handshake/cookie.ts";

/**
 * Which cookie is used with which node: the state of OTP's `auth` server.
 *
 * Two nodes connect when the cookie that each has *for the other* is the same. Changes count for
 * later handshakes; connections that are up stay up.
 *
 * Differs in: a node that is not alive has a cookie here, too (there: `nocookie`).
 */
export class Auth {
  #own: Cookie;
  readonly #perNode = new Map<string, Cookie>();
  readonly #ownName: () => string | undefined;

  /**
   * @param own the default: used with every node that has no cookie of its own.
   * @param ownName this node's name, undefined while it has none: setting that node's cookie sets the
   *   default.
   */
  constructor(
    own: Cookie | string,
    perNode: Readonly<Record<string, Cookie | string>> = {},
    ownName: () => string | undefined = () => undefined,
  ) {
    this.#own = asCookie(own);
    this.#ownName = ownName;
    for (const [node, cookie] of Object.entries(perNode)) this.setCookie(node, cookie);
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
   * @throws TypeError when it is no cookie: 1 to 255 characters of Latin-1.
   */
  setCookie(cookie: Cookie | string): void;
  setCookie(node: string, cookie: Cookie | string): void;
  setCookie(nodeOrCookie: string | Cookie, cookie?: Cookie | string): void {
    if (cookie === undefined) {
      this.#own = asCookie(nodeOrCookie);
    } else if (nodeOrCookie === this.#ownName()) {
      this.#own = asCookie(cookie);
    } else {
      this.#perNode.set(String(nodeOrCookie), asCookie(cookie));
    }
  }
}

function asCookie(cookie: Cookie | string): Cookie {
  return typeof cookie === "string" ? new Cookie(cookie) : cookie;
}
