import { closeSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { CliIo } from "../cli-io.ts";
import type { OptionValues } from "../command.ts";
import type { Authority } from "./authority.ts";
import { certFailure } from "./cert-failure.ts";
import {
  type CertificateDirectory,
  certifiedNodes,
  MAKE_CA,
  nodeFiles,
} from "./certificate-directory.ts";
import { asNode } from "./certificate-facts.ts";
import { signingKey } from "./key-kind.ts";
import { nameHash } from "./name-hash.ts";
import { existingPassphrase } from "./passphrase.ts";
import { readPrivateKey } from "./private-key.ts";
import { readCertificate, readCrl } from "./read-pem.ts";
import { crlNumber, makeCrl, type Revocation, revocationsOf } from "./revocation-list.ts";
import { Name, type X509Certificate, type X509Crl } from "./x509-library.ts";
import { PUBLIC_FILE, writeWhole } from "./write-file.ts";
import { DAY, validFor } from "./validity.ts";

/** How long a list of revoked certificates counts: as long as a node's certificate. */
export const CRL_DAYS = 365;

/**
 * The CA of a directory, ready to sign.
 * @throws CliFailure when there is none, its key is not its own or does not open, or it has expired.
 */
export async function openAuthority(
  directory: CertificateDirectory,
  options: OptionValues,
  io: CliIo,
): Promise<Authority> {
  const { certificate: certificateFile, key: keyFile } = directory.ca;
  const certificate = readCertificate(certificateFile, MAKE_CA);
  const ask = (): Promise<string> => existingPassphrase(options, io);
  const key = await readPrivateKey(keyFile, ask, io, [
    "the key of the CA is where `disterl cert init` was run: --dir says where",
  ]);
  if (!asNode(certificate).checkPrivateKey(key)) {
    throw certFailure("ERR_CLI_CERT_CA", `${keyFile} is not the key of ${certificateFile}`, [
      "one of the two comes from another CA: restore both from one copy",
    ]);
  }
  return { certificate, key: await signingKey(key) };
}

/** What the CA revoked, under a number that has never been used. */
export async function nextCrl(
  directory: CertificateDirectory,
  authority: Authority,
  revocations: readonly Revocation[],
): Promise<X509Crl> {
  const number = (crlNumber(await ownCrl(directory, authority)) ?? 0n) + 1n;
  return makeCrl(authority, revocations, number, validFor(CRL_DAYS));
}

/** Without a list the CA cannot say what it revoked, and does not go on. */
const RESTORE = ["restore it from a copy: a new one would make revoked certificates valid again"];

/** The list in force. */
export function currentCrl(directory: CertificateDirectory): X509Crl {
  return readCrl(directory.ca.crl, RESTORE);
}

/**
 * The list in force, to make the next one of: it is one of this CA.
 * @throws CliFailure ERR_CLI_CERT_MISSING, ERR_CLI_CERT_FILE, ERR_CLI_CERT_CA
 */
export async function ownCrl(
  directory: CertificateDirectory,
  { certificate }: Authority,
): Promise<X509Crl> {
  const crl = currentCrl(directory);
  if (await crl.verify({ publicKey: certificate })) return crl;
  const { ca } = directory;
  const message = `${ca.crl} is not a list that the CA of ${ca.certificate} has signed`;
  throw certFailure("ERR_CLI_CERT_CA", message, RESTORE);
}

/** Puts a list in force: for the CA, and in the directories of all nodes. Gives those. */
export function publishCrl(directory: CertificateDirectory, crl: X509Crl): readonly string[] {
  writeWhole(directory.ca.crl, pem(crl), { mode: PUBLIC_FILE, replace: true });
  const nodes = certifiedNodes(directory);
  for (const node of nodes) writeNodeCrl(directory, node, crl);
  return nodes;
}

/** The list for one node, under the name that Erlang looks for. */
export function writeNodeCrl(directory: CertificateDirectory, node: string, crl: X509Crl): void {
  const file = `${nameHash(commonName(crl.issuer))}.r0`;
  const path = join(nodeFiles(directory, node).crls, file);
  writeWhole(path, pem(crl), { mode: PUBLIC_FILE, replace: true });
}

/** The list in force; a new one when more than half of its time is over. */
export async function freshCrl(
  directory: CertificateDirectory,
  authority: Authority,
): Promise<X509Crl> {
  const crl = await ownCrl(directory, authority);
  const left = (crl.nextUpdate?.getTime() ?? 0) - Date.now();
  if (left > (CRL_DAYS / 2) * DAY) return crl;
  const next = await nextCrl(directory, authority, revocationsOf(crl));
  publishCrl(directory, next);
  return next;
}

/** Every certificate that the CA issued to nodes. */
export function issuedCertificates({ ca }: CertificateDirectory): readonly X509Certificate[] {
  let names: readonly string[] = [];
  try {
    names = readdirSync(ca.issued);
  } catch {
    return []; // None was issued yet.
  }
  return names
    .filter((name) => /^[0-9a-f]+\.pem$/.test(name))
    .map((name) => readCertificate(join(ca.issued, name)));
}

/**
 * Changes what the CA knows, one program at a time.
 * @throws CliFailure ERR_CLI_CERT_LOCKED
 */
export async function withLock<T>(
  { ca }: CertificateDirectory,
  change: () => Promise<T>,
): Promise<T> {
  let file: number;
  try {
    file = openSync(ca.lock, "wx", 0o600);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT")
      throw certFailure("ERR_CLI_CERT_MISSING", `there is no CA at ${ca.certificate}`, MAKE_CA);
    if (code !== "EEXIST") throw certFailure("ERR_CLI_CERT_FILE", message, [], { cause });
    throw certFailure("ERR_CLI_CERT_LOCKED", "another `disterl cert` changes this CA", [
      `wait for it; when none runs, remove ${ca.lock}`,
    ]);
  }
  try {
    writeSync(file, `${process.pid}\n`);
    closeSync(file);
    return await change();
  } finally {
    rmSync(ca.lock, { force: true });
  }
}

/** PEM; the library has no label that others know for a CRL. */
export function pem(value: X509Certificate | X509Crl): string {
  const label = "serialNumber" in value ? "CERTIFICATE" : "X509 CRL";
  const lines = Buffer.from(value.rawData)
    .toString("base64")
    .replaceAll(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** The common name in a name such as `CN=cluster`. */
export function commonName(name: string): string {
  return new Name(name).getField("CN")[0] ?? "";
}
