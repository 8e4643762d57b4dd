import { type AlgorithmKind, algorithmProblem } from "../carrier/tls/tls-algorithms.ts";
import { Atom } from "../term/atom.ts";
import { charlistToString, isList } from "../term/list.ts";
import type { Term } from "../term/term.ts";
import { isTuple } from "../term/tuple.ts";
import { FlagError } from "./errors.ts";
import { wrong } from "./parameter-values.ts";
import type { SslDistOption } from "./ssl-dist-option.ts";

/** A string: a list of characters, or a binary of UTF-8. @throws FlagError */
export function textValue({ name, flag, value }: SslDistOption, term = value): string {
  if (term instanceof Uint8Array) return Buffer.from(term).toString("utf8");
  try {
    if (isList(term) && term.length > 0) return charlistToString(term);
  } catch {
    // Not of characters.
  }
  if (name === "password" || name === "certs_keys") {
    throw new FlagError("ERR_FLAG_VALUE", flag, "expected text, in double quotes"); // not shown
  }
  throw expected(flag, 'text, such as "/etc/app/node.pem"', value);
}

/** DER in a binary, as PEM. @throws FlagError */
export function pemValue({ flag, value }: SslDistOption, label: string, term = value): string {
  if (!(term instanceof Uint8Array)) throw expected(flag, "DER in a binary", term);
  const lines =
    Buffer.from(term)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** @throws FlagError unless it is a list of atoms. */
export function atomsValue({ flag, value }: SslDistOption): string[] {
  if (!isList(value) || value.length === 0) throw expected(flag, "a list of atoms", value);
  return value.map((item) => {
    if (item instanceof Atom) return item.text;
    throw expected(flag, "a list of atoms", item);
  });
}

/** @throws FlagError unless it is one of the atoms, or `true` and `false` among them. */
export function oneOf({ flag, value }: SslDistOption, allowed: readonly string[]): string {
  const word = value instanceof Atom ? value.text : value;
  const text = typeof word === "boolean" ? String(word) : word;
  if (typeof text === "string" && allowed.includes(text)) return text;
  throw expected(flag, allowed.join(" or "), value);
}

/** Names of cipher suites: a list of strings, or one with colons between. @throws FlagError */
export function ciphersValue(given: SslDistOption): string[] {
  const { value, flag } = given;
  if (isList(value) && value.length > 0 && value.every((item) => isList(item))) {
    return known(
      given,
      "cipher",
      value.map((item) => textValue(given, item)),
    );
  }
  if (isList(value) && value.every((item) => typeof item === "number")) {
    return known(given, "cipher", textValue(given).split(":"));
  }
  throw expected(
    flag,
    'names such as ["TLS_AES_256_GCM_SHA384"]; maps and tuples are not read',
    value,
  );
}

const GROUPS: Readonly<Record<string, string>> = {
  secp256r1: "prime256v1",
  x25519: "X25519",
  x448: "X448",
};

/** Names of groups, as OpenSSL has them. @throws FlagError */
export function groupsValue(given: SslDistOption): string[] {
  const names = atomsValue(given).map((name) => GROUPS[name] ?? name);
  return known(given, "group", names);
}

/** `rsa_pss_rsae_sha256` or `{sha256, ecdsa}`, as OpenSSL has them. @throws FlagError */
export function signatureAlgsValue(given: SslDistOption): string[] {
  const { flag, value } = given;
  if (!isList(value) || value.length === 0) throw expected(flag, "a list of algorithms", value);
  const names = value.map((item) => {
    if (item instanceof Atom) return item.text;
    const [hash, kind] = isTuple(item) && item.length === 2 ? item : [];
    if (hash instanceof Atom && kind instanceof Atom) {
      return `${kind.text.toUpperCase()}+${hash.text.toUpperCase()}`;
    }
    throw expected(flag, "an atom such as rsa_pss_rsae_sha256, or {sha256, ecdsa}", item);
  });
  return known(given, "signature algorithm", names);
}

/** @throws FlagError naming the one that there is not. */
function known({ flag }: SslDistOption, kind: AlgorithmKind, names: string[]): string[] {
  for (const name of names) {
    const problem = algorithmProblem(kind, name);
    if (problem !== undefined) throw new FlagError("ERR_FLAG_VALUE", flag, problem);
  }
  return names;
}

/** An error that says what was expected and what was found. */
export function expected(flag: string, what: string, value: Term | undefined): FlagError {
  if (value !== undefined) return wrong(flag, what, value);
  return new FlagError("ERR_FLAG_VALUE", flag, `expected {Option, Value} with ${what}`);
}
