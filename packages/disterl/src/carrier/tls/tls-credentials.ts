import { constants, type X509Certificate } from "node:crypto";
import * as tls from "node:tls";
import { pemBlocks } from "./pem.ts";
import { type AlgorithmKind, algorithmProblem, opensslCipher } from "./tls-algorithms.ts";
import { configError } from "./tls-errors.ts";
import { revocationOf } from "./tls-crl-files.ts";
import { trustAnchors } from "./tls-anchors.ts";
import { certificatesIn, listOf, privateKeyIn, type TlsFiles } from "./tls-files.ts";
import type { CertificateAndKey, TlsServerSide, TlsSide } from "./tls-options.ts";
import type { Revocation } from "./tls-revocation.ts";

/** What TLS is done with, as read from options and files. */
export interface TlsCredentials {
  readonly context: tls.SecureContextOptions;
  /** The first certificate of ours. */
  readonly own: X509Certificate | undefined;
  readonly revocation: Revocation;
}

/** No tickets, no resumption: each connection makes all checks. No renegotiation. */
const SECURE_OPTIONS = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;

/**
 * Of a server with DHE we would have to take parameters of its choice, before we know who it is: those of
 * 10,000 bits, where OpenSSL has its limit, keep the event loop busy for most of a second.
 */
const DIAL_CIPHERS = `${tls.DEFAULT_CIPHERS}:!DHE`;

/**
 * `where` is `server` or `client`, for errors. `files` gets to know what is read, also when that fails.
 * @throws CarrierError `ERR_CARRIER_TLS_CONFIG`.
 */
export function loadCredentials(
  where: string,
  side: TlsServerSide,
  files: TlsFiles,
): TlsCredentials {
  const pairs = [side, ...(side.certsKeys ?? [])].flatMap((given, index) =>
    certificateAndKey(index === 0 ? where : `${where} certsKeys ${index}`, given, files),
  );
  const ca = trusted(where, side, files);
  if (side.verify !== "verify_none" && ca.length === 0) {
    throw configError(
      `${where} verify_peer`,
      "needs the CAs to trust: give cacertfile (or cacerts), or ask for verify_none",
    );
  }
  const revocation = revocationOf(where, side, files, ca);
  const { groups, signatureAlgs, dhfile, honorCipherOrder = true } = side;
  checkAlgorithms(where, side);
  const versions = side.versions ?? ["tlsv1.2", "tlsv1.3"];
  const context: tls.SecureContextOptions = {
    cert: pairs.map(({ cert }) => cert),
    key: pairs.map(({ key }) => key),
    ca: ca.map(String),
    minVersion: versions.includes("tlsv1.2") ? "TLSv1.2" : "TLSv1.3",
    maxVersion: versions.includes("tlsv1.3") ? "TLSv1.3" : "TLSv1.2",
    secureOptions: SECURE_OPTIONS,
    honorCipherOrder,
    ciphers: side.ciphers?.map(opensslCipher).join(":") ?? defaultCiphers(where),
    ...(groups === undefined ? {} : { ecdhCurve: groups.join(":") }),
    ...(signatureAlgs === undefined ? {} : { sigalgs: signatureAlgs.join(":") }),
    ...(dhfile === undefined ? {} : { dhparam: dhParameters(where, dhfile, files) }),
  };
  checkContext(where, context);
  return { context, own: pairs[0]?.certificate, revocation };
}

function defaultCiphers(where: string): string {
  return where === "client" ? DIAL_CIPHERS : tls.DEFAULT_CIPHERS;
}

/** OpenSSL leaves out what it does not know: a misspelt cipher would be one less. */
function checkAlgorithms(where: string, { ciphers, groups, signatureAlgs }: TlsSide): void {
  const check = (option: string, kind: AlgorithmKind, names: readonly string[] = []): void => {
    for (const name of names) {
      const problem = algorithmProblem(kind, name);
      if (problem !== undefined) throw configError(`${where} ${option}`, problem);
    }
  };
  check("ciphers", "cipher", ciphers);
  check("groups", "group", groups);
  check("signatureAlgs", "signature algorithm", signatureAlgs);
}

/** Whatever OpenSSL finds wrong is told at the start. */
function checkContext(where: string, context: tls.SecureContextOptions): void {
  try {
    tls.createSecureContext(context);
  } catch (cause) {
    const { message } = cause as Error;
    const what = message.split(":").at(-1) === "" ? message : (message.split(":").at(-1) ?? "");
    throw configError(where, `OpenSSL does not take these options together: ${what}`, cause);
  }
}

interface Pair {
  readonly cert: string;
  readonly key: string;
  readonly certificate: X509Certificate;
}

function certificateAndKey(where: string, given: CertificateAndKey, files: TlsFiles): Pair[] {
  const { certfile, keyfile = certfile, password } = given;
  const cert = given.cert ?? (certfile && files.read(certfile, `${where} certfile`));
  const what = given.cert === undefined ? `${where} certfile ${certfile}` : `${where} cert`;
  if (cert === undefined || cert === "") {
    if (given.key === undefined && keyfile === undefined) return [];
    throw configError(`${where} keyfile`, "a key is given, and no certificate; give certfile");
  }
  const keyText =
    given.key ?? (given.cert === undefined || given.keyfile !== undefined ? undefined : given.cert);
  const key = keyText ?? (keyfile ? files.read(keyfile, `${where} keyfile`) : cert);
  const keyWhat = keyText === undefined ? `${where} keyfile ${keyfile}` : `${where} key`;
  const certificates = certificatesIn(cert, what);
  const [certificate] = certificates;
  const privateKey = privateKeyIn(key, password, keyWhat);
  if (certificate === undefined || !certificate.checkPrivateKey(privateKey)) {
    throw configError(keyWhat, `is not the key of the certificate in ${what}`);
  }
  const keyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return [{ cert: certificates.map(String).join(""), key: keyPem, certificate }];
}

function trusted(
  where: string,
  { cacertfile, cacerts }: TlsSide,
  files: TlsFiles,
): X509Certificate[] {
  const texts = listOf(cacerts).map((text) => ({ text, what: `${where} cacerts` }));
  for (const path of listOf(cacertfile)) {
    texts.push({
      text: files.read(path, `${where} cacertfile`),
      what: `${where} cacertfile ${path}`,
    });
  }
  const found = texts.flatMap(({ text, what }) => certificatesIn(text, what));
  return trustAnchors(
    found,
    texts.length === 1 ? (texts[0]?.what ?? where) : `${where} cacertfile`,
  );
}

function dhParameters(where: string, path: string, files: TlsFiles): string {
  const what = `${where} dhfile ${path}`;
  const blocks = pemBlocks(files.read(path, `${where} dhfile`), what);
  const found = blocks.find(({ label }) => label === "DH PARAMETERS");
  if (found !== undefined) return found.text;
  throw configError(what, "holds no parameters (a PEM block BEGIN DH PARAMETERS)");
}
