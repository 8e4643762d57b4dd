import { Cookie } from "../handshake/cookie.ts";
import { type ErlFlag, hasFlag, valuesOf } from "./erl-flags.ts";
import { FlagError } from "./errors.ts";

/** What the cookie flags say. */
export interface CookieFlags {
  /** The default cookie; undefined: it comes from the user's cookie file. */
  readonly own: Cookie | undefined;
  /** Cookies for single nodes, by full name. */
  readonly nodes: Readonly<Record<string, Cookie>>;
  /** For people. Never with a cookie in it. */
  readonly warnings: readonly string[];
}

/**
 * The rules of `-setcookie Cookie`, `-setcookie Node Cookie` and `-nocookie`, from `auth:init/1`:
 * an own cookie that is given twice, or without a value, does not count at all, and neither does a
 * node given twice; the cookie file is used then. `-nocookie` without an own cookie makes it
 * `nocookie`.
 *
 * Differs in: what does not count is a warning.
 */
export function cookieFlags(flags: readonly ErlFlag[]): CookieFlags {
  const warnings: string[] = [];
  const owns: (string | undefined)[] = [];
  const nodes = new Map<string, string | undefined>();
  for (const values of valuesOf(flags, "setcookie")) {
    const [first, second] = values;
    if (values.length > 2) {
      warnings.push("-setcookie with more than two values does not count");
    } else if (first !== undefined && second !== undefined) {
      if (nodes.has(first)) {
        warnings.push(`-setcookie ${first} is given more than once: none of them counts`);
      }
      nodes.set(first, nodes.has(first) ? undefined : second);
    } else {
      owns.push(first);
    }
  }
  return { own: ownCookie(owns, flags, warnings), nodes: nodeCookies(nodes), warnings };
}

function ownCookie(
  owns: readonly (string | undefined)[],
  flags: readonly ErlFlag[],
  warnings: string[],
): Cookie | undefined {
  const [own] = owns;
  if (owns.length === 1 && own !== undefined) {
    warnings.push(
      "-setcookie shows the cookie to every user of this machine (ps); put it into the cookie file",
    );
    return asCookie(own, "-setcookie");
  }
  if (owns.length > 1) {
    warnings.push("-setcookie is given more than once: none counts, the cookie file is used");
  } else if (owns.length === 1) {
    warnings.push("-setcookie has no value and does not count: the cookie file is used");
  }
  return owns.length === 0 && hasFlag(flags, "nocookie") ? new Cookie("nocookie") : undefined;
}

function nodeCookies(nodes: ReadonlyMap<string, string | undefined>): Record<string, Cookie> {
  const found: Record<string, Cookie> = {};
  for (const [node, text] of nodes) {
    if (text !== undefined) found[node] = asCookie(text, `-setcookie ${node}`);
  }
  return found;
}

function asCookie(text: string, flag: string): Cookie {
  try {
    return new Cookie(text);
  } catch (cause) {
    throw new FlagError("ERR_FLAG_VALUE", flag, (cause as Error).message, cause);
  }
}
