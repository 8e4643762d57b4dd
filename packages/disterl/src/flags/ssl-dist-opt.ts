import { atom } from "../term/atom.ts";
import { charlist } from "../term/list.ts";
import { parseTerm } from "../term/parse-term.ts";
import type { Term } from "../term/term.ts";
import { FlagError } from "./errors.ts";
import { nearestOf } from "./misspelt-flags.ts";
import { shown } from "./parameter-values.ts";
import type { SslDistOption } from "./ssl-dist-option.ts";

/** How the value of an option is written on a command line. */
type Reading = (text: string) => Term;

const word: Reading = (text) =>
  text === "true" || text === "false" ? text === "true" : atom(text);
const integer: Reading = (text) => (/^[+-]?\d{1,15}$/.test(text) ? Number(text) : charlist(text));

/** What `-ssl_dist_opt` knows; more is possible in a file. */
const READINGS: Readonly<Record<string, Reading>> = {
  certfile: charlist,
  cacertfile: charlist,
  keyfile: charlist,
  password: charlist,
  dhfile: charlist,
  verify: word,
  crl_check: word,
  reuse_sessions: word,
  secure_renegotiate: word,
  fail_if_no_peer_cert: word,
  ktls: word,
  depth: integer,
  hibernate_after: integer,
  ciphers: charlist,
  versions: (text) => [atom(text)],
  crl_cache: (text) => parseTerm(text),
  verify_fun: (text) => parseTerm(text),
};

const SERVER_ONLY = new Set(["dhfile", "fail_if_no_peer_cert"]);

/**
 * The pairs of all `-ssl_dist_opt`, one behind the other: `server_certfile "a.pem" client_depth 2`.
 * What OTP passes over, a name that begins with neither side, is an error here.
 * @throws FlagError naming the option.
 */
export function sslDistOpt(values: readonly string[]): SslDistOption[] {
  const options: SslDistOption[] = [];
  for (let index = 0; index < values.length; index += 2) {
    const [key = "", text] = values.slice(index, index + 2);
    const flag = `-ssl_dist_opt ${/^\w*$/.test(key) ? key : shown(charlist(key))}`;
    const [, side, name = ""] = /^(server|client)_(.+)$/.exec(key) ?? [];
    const reading = Object.hasOwn(READINGS, name) ? READINGS[name] : undefined;
    if (side !== "server" && side !== "client") {
      const text = "expected an option that begins with server_ or client_";
      throw new FlagError("ERR_FLAG_VALUE", flag, text);
    }
    if (reading === undefined || (side === "client" && SERVER_ONLY.has(name))) {
      const known = Object.keys(READINGS).filter(
        (option) => side === "server" || !SERVER_ONLY.has(option),
      );
      const meant = nearestOf(name, known);
      const text =
        meant === undefined
          ? `there is no such option here; known are ${known.join(", ")}, and a file of -ssl_dist_optfile takes more`
          : `there is no such option; is ${side}_${meant} meant?`;
      throw new FlagError("ERR_FLAG_VALUE", flag, text);
    }
    if (text === undefined)
      throw new FlagError("ERR_FLAG_VALUE", flag, "expected a value behind it");
    options.push({ side, name, flag, value: read(reading, text, flag) });
  }
  return options;
}

function read(reading: Reading, text: string, flag: string): Term {
  try {
    return reading(text);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new FlagError("ERR_FLAG_VALUE", flag, `not an Erlang term: ${message}`, cause);
  }
}
