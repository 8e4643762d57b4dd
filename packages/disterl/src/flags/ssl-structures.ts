import type { CertificateAndKey, TlsServerSide } from "../carrier/tls/tls-options.ts";
import { Atom } from "../term/atom.ts";
import { ExternalFun } from "../term/fun.ts";
import { isList } from "../term/list.ts";
import { TermMap } from "../term/term-map.ts";
import type { Term } from "../term/term.ts";
import { isTuple } from "../term/tuple.ts";
import { FlagError } from "./errors.ts";
import type { SslDistOption } from "./ssl-dist-option.ts";
import { expected, pemValue, textValue } from "./ssl-values.ts";

/** Modules of the program, by the name a `verify_fun` calls them. */
export type VerifyModules = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** How the folder of revocation lists is given. */
export const CRL_DIR = '{crl_cache, {ssl_crl_hash_dir, {internal, [{dir, "..."}]}}}';

/** An option that is not available here, and why. */
export function refused({ flag }: SslDistOption, why: string): FlagError {
  return new FlagError("ERR_FLAG_NOT_SUPPORTED", flag, why);
}

const KEY_LABELS: Readonly<Record<string, string>> = {
  ECPrivateKey: "EC PRIVATE KEY",
  RSAPrivateKey: "RSA PRIVATE KEY",
  DSAPrivateKey: "DSA PRIVATE KEY",
  PrivateKeyInfo: "PRIVATE KEY",
};

/** `{Kind, DER}` as PEM. @throws FlagError */
export function keyValue(given: SslDistOption, value: Term | undefined): string {
  const [kind, der] = isTuple(value) && value.length === 2 ? value : [];
  const label = kind instanceof Atom ? KEY_LABELS[kind.text] : undefined;
  if (label === undefined || der === undefined) {
    // The key itself is not shown.
    const what = `expected {Kind, DER} with Kind one of ${Object.keys(KEY_LABELS).join(", ")}`;
    throw new FlagError("ERR_FLAG_VALUE", given.flag, what);
  }
  return pemValue(given, label, der);
}

/** A list of maps, each with a certificate and its key. @throws FlagError */
export function certsKeysValue(given: SslDistOption): CertificateAndKey[] {
  if (!isList(given.value)) throw expected(given.flag, "a list of maps", given.value);
  return given.value.map((entry) => {
    if (!(entry instanceof TermMap)) throw expected(given.flag, "a list of maps", entry);
    const pair: { -readonly [Key in keyof CertificateAndKey]: CertificateAndKey[Key] } = {};
    for (const [key, value] of entry) {
      const name = key instanceof Atom ? key.text : "";
      if (name === "certfile" || name === "keyfile" || name === "password") {
        pair[name] = textValue(given, value);
      } else if (name === "cert") {
        const ders = isList(value) ? value : [value];
        pair.cert = ders.map((der) => pemValue(given, "CERTIFICATE", der)).join("");
      } else if (name === "key") {
        pair.key = keyValue(given, value);
      } else {
        throw expected(given.flag, "maps with certfile, keyfile, password, cert or key", key);
      }
    }
    return pair;
  });
}

/** `{ssl_crl_hash_dir, {internal, [{dir, Folder}]}}`. @throws FlagError */
export function crlDirValue(given: SslDistOption): string {
  const [module, inner] = isTuple(given.value) ? given.value : [];
  const [, options] = isTuple(inner) ? inner : [];
  const [option] = isList(options) ? options : [];
  const [key, folder] = isTuple(option) ? option : [];
  const isDir = key instanceof Atom && key.text === "dir";
  if (module instanceof Atom && module.text === "ssl_crl_hash_dir" && isDir) {
    return textValue(given, folder);
  }
  throw refused(given, `lists are read from a folder only: ${CRL_DIR}`);
}

/** `{fun Module:Name/3, State}`, or `{Module, Name, State}`. */
function functionName(given: SslDistOption): [module: string, name: string] {
  const [first, second] = isTuple(given.value) ? given.value : [];
  const size = isTuple(given.value) ? given.value.length : 0;
  if (size === 3 && first instanceof Atom && second instanceof Atom) {
    return [first.text, second.text];
  }
  if (size === 2 && first instanceof ExternalFun && first.module instanceof Atom) {
    return [first.module.text, first.name instanceof Atom ? first.name.text : String(first.name)];
  }
  throw expected(given.flag, "{fun Module:Name/3, State}", given.value);
}

/** `{fun Module:Name/3, State}`: the function of that name of a module the program has given. */
export function verifyFunValue(
  given: SslDistOption,
  modules: VerifyModules,
): NonNullable<TlsServerSide["verifyFun"]> {
  const [module, name] = functionName(given);
  const exports = Object.hasOwn(modules, module) ? modules[module] : undefined;
  const found = exports !== undefined && Object.hasOwn(exports, name) ? exports[name] : undefined;
  if (typeof found === "function") return found as NonNullable<TlsServerSide["verifyFun"]>;
  const how =
    module === "inet_tls_dist"
      ? "that function of Erlang does not run here"
      : `the program has not given it: startOptionsFromFlags(flags, { modules: { ${module} } })`;
  throw refused(given, how);
}
