import { constants, type X509Certificate } from "node:crypto";
import * as tls from "node:tls";
import { configError } from "./tls-errors.ts";
import { certificatesIn, privateKeyIn, revocationListsIn, TlsFiles } from "./tls-files.ts";
import type { CertificateAndKey, TlsServerSide, TlsSide } from "./tls-options.ts";

/** What TLS is done with, as read from options and files. */
export interface TlsCredentials {
  readonly context: tls.SecureContextOptions;
  /** The first certificate of ours. */
  readonly own: X509Certificate | undefined;
  readonly files: TlsFiles;
}

/** No tickets, no resumption: each connection makes all checks. No renegotiation. */
const SECURE_OPTIONS = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;

/** `where` is `server` or `client`, for errors. @throws CarrierError `ERR_CARRIER_TLS_CONFIG`. */
export function loadCredentials(where: string, side: TlsServerSide): TlsCredentials {
  const files = new TlsFiles();
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
  const crl = revocationLists(where, side, files);
  const { ciphers, groups, signatureAlgs, dhfile, honorCipherOrder = true } = side;
  const versions = side.versions ?? ["tlsv1.2", "tlsv1.3"];
  const context: tls.SecureContextOptions = {
    cert: pairs.map(({ cert }) => cert),
    key: pairs.map(({ key }) => key),
    ca,
    minVersion: versions.includes("tlsv1.2") ? "TLSv1.2" : "TLSv1.3",
    maxVersion: versions.includes("tlsv1.3") ? "TLSv1.3" : "TLSv1.2",
    secureOptions: SECURE_OPTIONS,
    honorCipherOrder,
    ...(crl.length === 0 ? {} : { crl }),
    ...(ciphers === undefined ? {} : { ciphers: knownCiphers(where, ciphers) }),
    ...(groups === undefined ? {} : { ecdhCurve: groups.join(":") }),
    ...(signatureAlgs === undefined ? {} : { sigalgs: signatureAlgs.join(":") }),
    ...(dhfile === undefined ? {} : { dhparam: files.read(dhfile, `${where} dhfile`) }),
  };
  checkContext(where, context);
  return { context, own: pairs[0]?.certificate, files };
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
  const [certificate] = certificatesIn(cert, what);
  const privateKey = privateKeyIn(key, password, keyWhat);
  if (certificate === undefined || !certificate.checkPrivateKey(privateKey)) {
    throw configError(keyWhat, `is not the key of the certificate in ${what}`);
  }
  return [
    { cert, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(), certificate },
  ];
}

function trusted(where: string, { cacertfile, cacerts }: TlsSide, files: TlsFiles): string[] {
  const texts = listOf(cacerts).map((text) => ({ text, what: `${where} cacerts` }));
  for (const path of listOf(cacertfile)) {
    texts.push({
      text: files.read(path, `${where} cacertfile`),
      what: `${where} cacertfile ${path}`,
    });
  }
  return texts.flatMap(({ text, what }) => certificatesIn(text, what).map(String));
}

function revocationLists(where: string, side: TlsSide, files: TlsFiles): string[] {
  const { crlfile, crlDir } = side;
  const lists: string[] = [];
  for (const path of listOf(crlfile)) {
    const found = revocationListsIn(files.read(path, `${where} crlfile`));
    if (found.length === 0) {
      const why = "holds no revocation list (a PEM block BEGIN X509 CRL)";
      throw configError(`${where} crlfile ${path}`, why);
    }
    lists.push(...found);
  }
  if (crlDir === undefined) return lists;
  const inFolder = files.readFolder(crlDir, `${where} crlDir`);
  lists.push(...inFolder.flatMap(({ text }) => revocationListsIn(text)));
  if (lists.length > 0) return lists;
  throw configError(`${where} crlDir ${crlDir}`, "holds no revocation list in PEM");
}

/** OpenSSL leaves out what it does not know: a misspelt cipher would be one less. */
function knownCiphers(where: string, ciphers: readonly string[]): string {
  const known = new Set(tls.getCiphers());
  for (const cipher of ciphers) {
    if (known.has(cipher.toLowerCase())) continue;
    throw configError(`${where} ciphers`, `there is no cipher "${cipher}" here (tls.getCiphers())`);
  }
  return ciphers.join(":");
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}
