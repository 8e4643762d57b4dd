import type { Clock } from "../clock.ts";
import type { TlsPeer } from "./tls-certificate.ts";

/** Versions of TLS that there are; older ones are broken. */
export type TlsVersion = "tlsv1.2" | "tlsv1.3";

/**
 * What a certificate has to name of the node that it is shown for: its host; the whole name; nothing.
 * See {@link TlsOptions.nameBinding}.
 */
export type NameBinding = "host" | "node" | "none";

/** Whose revocation is looked up; see {@link TlsSide.crlCheck}. */
export type CrlCheck = boolean | "peer" | "best_effort";

/** A certificate, with what is needed to show that it is ours. Names are those of OTP's `ssl`. */
export interface CertificateAndKey {
  /** PEM file: our certificate, then those between it and the CA. May hold the key, too. */
  readonly certfile?: string | undefined;
  /** PEM file of the private key. Default {@link certfile}. */
  readonly keyfile?: string | undefined;
  /** Of an encrypted key. */
  readonly password?: string | undefined;
  /** PEM text, in place of {@link certfile}. */
  readonly cert?: string | undefined;
  /** PEM text, in place of {@link keyfile}. Default {@link cert}. */
  readonly key?: string | undefined;
}

/** TLS options of one side: of the connections that others open, or of those that we open. */
export interface TlsSide extends CertificateAndKey {
  /** More certificates, for instance one with an RSA and one with an ECDSA key. */
  readonly certsKeys?: readonly CertificateAndKey[] | undefined;
  /** PEM file or files of the CAs that are trusted: only these, never those of the system. */
  readonly cacertfile?: string | readonly string[] | undefined;
  /** PEM text of trusted CAs. */
  readonly cacerts?: string | readonly string[] | undefined;
  /** PEM file or files of revocation lists: whole ones, each of one CA. */
  readonly crlfile?: string | readonly string[] | undefined;
  /** Folder of such files (`crl_cache` with `ssl_crl_hash_dir`). */
  readonly crlDir?: string | undefined;
  /**
   * True: no certificate of a peer's chain may be revoked, and each CA of it needs a list that is not
   * outdated. `peer`: that holds for the peer's own certificate only. `best_effort`: whoever is in a
   * list is refused, and missing and outdated lists are no harm. Default true with {@link crlfile} or
   * {@link crlDir}, false without.
   */
  readonly crlCheck?: CrlCheck | undefined;
  /** Whether the peer's certificate is checked. Default `verify_peer`. */
  readonly verify?: "verify_peer" | "verify_none" | undefined;
  /** How many certificates may be between the peer's and the trusted CA's. Default 10. */
  readonly depth?: number | undefined;
  /** Default both. They follow each other without a gap. */
  readonly versions?: readonly TlsVersion[] | undefined;
  /**
   * Cipher suites by their names in OpenSSL or at IANA, best first. Default: those of Node.js; when we
   * dial, without DHE, where it is the server that says how much we have to compute.
   */
  readonly ciphers?: readonly string[] | undefined;
  /** Groups for the key exchange (`supported_groups`, `eccs`), by their names in OpenSSL. */
  readonly groups?: readonly string[] | undefined;
  /** Signature algorithms, by their names in OpenSSL. */
  readonly signatureAlgs?: readonly string[] | undefined;
  /**
   * Has the last word about a peer that has a certificate, also when a check has failed
   * (`verify_fun`): true accepts; anything else refuses, and a text is the reason. A throw refuses. With
   * `verify_none` nothing was checked before; peers that connect show no certificate then, and are not
   * asked about.
   */
  readonly verifyFun?: ((peer: TlsPeer) => true | string) | undefined;
}

/** Options of the connections that others open. */
export interface TlsServerSide extends TlsSide {
  /** With `verify_peer`: refuse peers without a certificate. Default true. */
  readonly failIfNoPeerCert?: boolean | undefined;
  /** Our order of {@link ciphers} counts, not the peer's. Default true. */
  readonly honorCipherOrder?: boolean | undefined;
  /** PEM file of Diffie-Hellman parameters. Default: suites with finite fields are not used. */
  readonly dhfile?: string | undefined;
}

/** Options of the connections that we open. */
export interface TlsClientSide extends TlsSide {
  /**
   * The name to ask for, and to find in the certificate, whatever node is dialled; false: neither,
   * so that any node's certificate will do. Default: the host of the node's name.
   */
  readonly serverNameIndication?: string | false | undefined;
}

/**
 * Options of {@link inetTls}: for both sides, and for each where they differ. A side with `cacertfile` or
 * `cacerts` of its own trusts those only; one with `certfile` or `cert` of its own shows that one.
 */
export interface TlsOptions extends TlsSide {
  readonly server?: TlsServerSide | undefined;
  readonly client?: TlsClientSide | undefined;
  /**
   * Which names a node may claim that connects to us and shows a certificate. `host`: those on a host
   * that its certificate names, as when we dial, or the one that it names in full. `node`: only the one
   * that it names in full, as a DNS name or URI, or with a directoryName for the part before the `@`
   * beside the host; that counts for nodes that we dial, too. `none`: any, as in OTP. Default `host`,
   * and `none` where {@link TlsClientSide.serverNameIndication} says that certificates here do not name
   * hosts.
   */
  readonly nameBinding?: NameBinding | undefined;
  /** Milliseconds from an accepted connection to finished TLS. Default 5,000. */
  readonly tlsHandshakeMs?: number | undefined;
  /**
   * TLS handshakes of others under way at once. Beyond it the oldest of the busiest address is
   * dropped. Default 256.
   */
  readonly tlsPending?: number | undefined;
  /**
   * Is told, once each, of what is insecure or about to fail: peers that are not checked, a
   * certificate of ours that has expired, files that changed and cannot be used. Default:
   * `process.emitWarning`.
   */
  readonly onWarning?: ((message: string, code: string) => void) | undefined;
  /** Time, for tests. */
  readonly clock?: Clock | undefined;
}

/** Marks every name of an interface, so that none can be forgotten. */
type Names<Options> = Readonly<Record<keyof Options, true>>;

const CERTIFICATE: Names<CertificateAndKey> = {
  certfile: true,
  keyfile: true,
  password: true,
  cert: true,
  key: true,
};
const SIDE: Names<TlsSide> = {
  ...CERTIFICATE,
  certsKeys: true,
  cacertfile: true,
  cacerts: true,
  crlfile: true,
  crlDir: true,
  crlCheck: true,
  verify: true,
  depth: true,
  versions: true,
  ciphers: true,
  groups: true,
  signatureAlgs: true,
  verifyFun: true,
};
const SERVER: Names<TlsServerSide> = {
  ...SIDE,
  failIfNoPeerCert: true,
  honorCipherOrder: true,
  dhfile: true,
};
const CLIENT: Names<TlsClientSide> = { ...SIDE, serverNameIndication: true };
const BOTH: Names<TlsOptions> = {
  ...SIDE,
  server: true,
  client: true,
  nameBinding: true,
  tlsHandshakeMs: true,
  tlsPending: true,
  onWarning: true,
  clock: true,
};

/**
 * A misspelt `verify` would let everybody in.
 * @throws TypeError @internal
 */
export function checkTlsOptions(options: TlsOptions): void {
  checkTlsObject("tls", options);
  for (const side of ["server", "client"] as const) {
    if (options[side] !== undefined) checkTlsObject(`tls.${side}`, options[side]);
  }
  checkNames("tls", options, BOTH);
  checkNames("tls.server", options.server ?? {}, SERVER);
  checkNames("tls.client", options.client ?? {}, CLIENT);
  checkSide("tls", options);
  checkSide("tls.server", options.server ?? {});
  checkSide("tls.client", options.client ?? {});
  checkWord("tls.server.failIfNoPeerCert", options.server?.failIfNoPeerCert, [true, false]);
  checkWord("tls.server.honorCipherOrder", options.server?.honorCipherOrder, [true, false]);
  checkPath("tls.server.dhfile", options.server?.dhfile);
  const asked = options.client?.serverNameIndication;
  if (asked !== false) checkText("tls.client.serverNameIndication", asked);
  checkFunction("tls.onWarning", options.onWarning);
  checkWord("tls.nameBinding", options.nameBinding, ["host", "node", "none"]);
  for (const name of ["tlsHandshakeMs", "tlsPending"] as const) {
    const value = options[name];
    if (value !== undefined && !(value >= 1)) {
      throw new TypeError(`tls.${name} is a number from 1 up, not ${String(value)}`);
    }
  }
}

/** Text may be a key, and is not shown. @throws TypeError @internal */
export function checkTlsObject(where: string, given: unknown): void {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return;
  const list = Array.isArray(given) ? "a list" : typeof given;
  const found = given === null || typeof given === "boolean" ? String(given) : list;
  throw new TypeError(
    `${where} is an object of options, such as { certfile, keyfile, cacertfile }, not ${found}`,
  );
}

function checkNames(where: string, options: object, names: Readonly<Record<string, true>>): void {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(names, name)) throw new TypeError(`${where} has no option "${name}"`);
  }
}

function checkWord(where: string, given: unknown, words: readonly (string | boolean)[]): void {
  if (given === undefined || words.some((word) => word === given)) return;
  const known = words.map((word) => JSON.stringify(word)).join(" or ");
  throw new TypeError(`${where} is ${known}, not ${JSON.stringify(given)}`);
}

/** Null, and text that is empty, come of settings that are missing: they are not to pass for left out. */
function checkText(where: string, given: unknown): void {
  if (given === undefined || (typeof given === "string" && given !== "")) return;
  throw new TypeError(`${where} is text, not ${shownKind(given)}`);
}

/** A setting, as far as it may be shown: bytes are as a rule a key. */
function shownKind(given: unknown): string {
  if (ArrayBuffer.isView(given)) return 'bytes: readFileSync(path, "utf8") gives text';
  return typeof given === "object" && given !== null
    ? "an object"
    : (JSON.stringify(given) ?? typeof given);
}

function checkPaths(where: string, given: unknown): void {
  if (!Array.isArray(given)) return checkPath(where, given);
  checkTexts(where, given);
  for (const path of given as readonly unknown[]) checkPath(where, path);
}

/** The name of a file. PEM text in its place is not shown: it may be a key. */
function checkPath(where: string, given: unknown): void {
  checkText(where, given);
  if (typeof given !== "string" || !given.includes("-----BEGIN ")) return;
  const name = OTHER_WAY[where.split(".").at(-1) ?? ""];
  const remedy = name === undefined ? "write it to a file" : `as text it is ${name}`;
  throw new TypeError(`${where} is the path of a file, not PEM text itself: ${remedy}`);
}

function checkTexts(where: string, given: unknown): void {
  if (!Array.isArray(given)) return checkText(where, given);
  if (given.length === 0) throw new TypeError(`${where} is an empty list; leave it out`);
  for (const text of given as readonly unknown[]) checkText(where, text ?? null);
}

function checkFunction(where: string, given: unknown): void {
  if (given === undefined || typeof given === "function") return;
  throw new TypeError(`${where} is a function, not ${JSON.stringify(given) ?? typeof given}`);
}

function checkCertificate(where: string, given: CertificateAndKey): void {
  for (const name of ["cert", "key"] as const) checkText(`${where}.${name}`, given[name]);
  for (const name of ["certfile", "keyfile"] as const) checkPath(`${where}.${name}`, given[name]);
  if (given.password === undefined || typeof given.password === "string") return;
  throw new TypeError(`${where}.password is text`);
}

function checkSide(where: string, side: TlsSide): void {
  const { verify, crlCheck, depth, versions, certsKeys } = side;
  checkCertificate(where, side);
  checkTexts(`${where}.cacerts`, side.cacerts);
  for (const name of ["cacertfile", "crlfile"] as const) checkPaths(`${where}.${name}`, side[name]);
  checkPath(`${where}.crlDir`, side.crlDir);
  checkFunction(`${where}.verifyFun`, side.verifyFun);
  for (const name of ["certsKeys", "ciphers", "groups", "signatureAlgs"] as const) {
    const given = side[name];
    if (given !== undefined && !Array.isArray(given)) {
      throw new TypeError(`${where}.${name} is a list, not ${JSON.stringify(given)}`);
    }
    if (name !== "certsKeys") checkTexts(`${where}.${name}`, given);
  }
  for (const [index, pair] of (certsKeys ?? []).entries()) {
    checkNames(`${where}.certsKeys[${index}]`, pair, CERTIFICATE);
    checkCertificate(`${where}.certsKeys[${index}]`, pair);
  }
  checkWord(`${where}.verify`, verify, ["verify_peer", "verify_none"]);
  checkWord(`${where}.crlCheck`, crlCheck, [true, false, "peer", "best_effort"]);
  if (depth !== undefined && !(Number.isInteger(depth) && depth >= 0)) {
    throw new TypeError(`${where}.depth is a whole number from 0 up, not ${String(depth)}`);
  }
  if (versions === undefined) return;
  const known = versions.every((version) => version === "tlsv1.2" || version === "tlsv1.3");
  if (!known || versions.length === 0) {
    throw new TypeError(`${where}.versions holds "tlsv1.2", "tlsv1.3" or both`);
  }
}

/** What counts for connections that others open. @internal */
export function serverSide({ server, ...both }: TlsOptions): TlsServerSide {
  return over(sideOnly(both), server ?? {});
}

/** What counts for connections that we open. @internal */
export function clientSide({ client, ...both }: TlsOptions): TlsClientSide {
  return over(sideOnly(both), client ?? {});
}

/** What a peer's certificate has to name. @internal */
export function nameBindingOf(options: TlsOptions): NameBinding {
  const { serverNameIndication } = clientSide(options);
  return options.nameBinding ?? (serverNameIndication === undefined ? "host" : "none");
}

/** Two ways to give one thing: PEM text, and the name of a file of it. */
const OTHER_WAY: Readonly<Record<string, keyof TlsSide>> = {
  cert: "certfile",
  certfile: "cert",
  key: "keyfile",
  keyfile: "key",
  cacerts: "cacertfile",
  cacertfile: "cacerts",
};

/**
 * What a side says itself goes before what is said for both, in whichever of two ways either is said. An
 * option that is undefined says nothing: it takes no list of revoked certificates away.
 */
function over<Side extends TlsSide>(both: TlsSide, side: Side): Side {
  const shared = Object.entries(both).filter(([name]) => {
    const other = OTHER_WAY[name];
    return other === undefined || side[other] === undefined;
  });
  const said = [...shared, ...Object.entries(side)].filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as unknown as Side;
}

function sideOnly(options: TlsOptions): TlsSide {
  const entries = Object.entries(options).filter(([name]) => Object.hasOwn(SIDE, name));
  return Object.fromEntries(entries);
}
