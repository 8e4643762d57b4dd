import { existsSync } from "node:fs";
import type { CliIo } from "../cli-io.ts";
import type { OptionValues, Result } from "../command.ts";
import { plainJson } from "../term-json.ts";
import { renewAuthority } from "./authority.ts";
import { certFailure } from "./cert-failure.ts";
import {
  type CertificateDirectory,
  certificateDirectory,
  certifiedNodes,
  type NodeFiles,
  nodeFiles,
} from "./certificate-directory.ts";
import { certificateFacts } from "./certificate-facts.ts";
import { certifiedNames } from "./certified-names.ts";
import { CA_DAYS } from "./init-authority.ts";
import { NODE_DAYS, told, writeIdentity } from "./issue-node.ts";
import { DEFAULT_KEY_KIND, type KeyKind } from "./key-kind.ts";
import {
  freshCrl,
  issuedCertificates,
  nextCrl,
  openAuthority,
  ownCrl,
  pem,
  publishCrl,
  withLock,
  writeNodeCrl,
} from "./open-authority.ts";
import { optfileDirectory } from "./optfile.ts";
import { readWhole } from "./read-file.ts";
import { readCertificate } from "./read-pem.ts";
import { crlNumber, revocationsOf } from "./revocation-list.ts";
import { day, readValidity, within } from "./validity.ts";
import { PUBLIC_FILE, SECRET_FILE, writeWhole } from "./write-file.ts";

/** Renews what the operand names: a node, the CA (`ca`), or the list of what was revoked (`crl`). */
export async function renewCertificate(
  what: string,
  options: OptionValues,
  io: CliIo,
): Promise<Result> {
  const directory = certificateDirectory(options);
  if (what === "ca") return withLock(directory, () => renewCa(directory, options, io));
  if (what === "crl") return withLock(directory, () => renewCrl(directory, options, io));
  certifiedNames(what);
  return withLock(directory, () => renewNode(what, directory, options, io));
}

/** The same names, a new key. What was there before stays beside it, to go back to. */
async function renewNode(
  node: string,
  directory: CertificateDirectory,
  options: OptionValues,
  io: CliIo,
): Promise<Result> {
  const files = nodeFiles(directory, node);
  const remedy = [`disterl cert node ${node} makes its first one`];
  const current = readCertificate(files.certificate, remedy);
  const { names } = certificateFacts(current);
  if (!names.nodes.includes(node)) {
    throw certFailure(
      "ERR_CLI_CERT_FILE",
      `${files.certificate} is not the certificate of ${node}`,
      remedy,
    );
  }
  // The new one gets the names of this one: they have to be names that were given by somebody who may.
  if (!issuedCertificates(directory).some((one) => one.equal(current))) {
    const message = `${files.certificate} is none that was made here: it is not in ${directory.ca.issued}`;
    throw certFailure("ERR_CLI_CERT_FILE", message, remedy);
  }
  const authority = await openAuthority(directory, options, io);
  const validity = within(readValidity(options, NODE_DAYS), authority.certificate);
  const kind = (options["key"] as KeyKind | undefined) ?? DEFAULT_KEY_KIND;
  for (const path of [files.key, files.certificate]) {
    writeWhole(`${path}.old`, readWhole(path).text, { mode: SECRET_FILE, replace: true });
  }
  const own = { nodes: [node], dns: names.dns, ip: names.ip };
  const facts = await writeIdentity(directory, files, authority, {
    names: own,
    validity,
    kind,
    replace: true,
  });
  writeNodeCrl(directory, node, await freshCrl(directory, authority));
  return told(node, files, facts, "renewed", installedElsewhere(files));
}

/** Where the node's machine has its files, by the optfile; undefined: where they were made. */
function installedElsewhere({ optfile, path }: NodeFiles): string | undefined {
  if (!existsSync(optfile)) return undefined;
  const installed = optfileDirectory(readWhole(optfile).text);
  return installed === path ? undefined : installed;
}

/** Name and key stay: the certificates of the nodes go on to be valid, and need the new file beside them. */
async function renewCa(
  directory: CertificateDirectory,
  options: OptionValues,
  io: CliIo,
): Promise<Result> {
  const old = await openAuthority(directory, options, io);
  const { certificate } = await renewAuthority(old, readValidity(options, CA_DAYS));
  const text = pem(certificate);
  writeWhole(directory.ca.certificate, text, { mode: PUBLIC_FILE, replace: true });
  const nodes = certifiedNodes(directory);
  for (const node of nodes) {
    writeWhole(nodeFiles(directory, node).ca, text, { mode: PUBLIC_FILE, replace: true });
  }
  const { notAfter, serial } = certificateFacts(certificate);
  return {
    text: `renewed the CA, valid until ${day(notAfter)}: same name, same key\n${copied("ca.pem", nodes)}`,
    json: () => [plainJson({ ca: { serial, notAfter: notAfter.toISOString() }, nodes })],
  };
}

async function renewCrl(
  directory: CertificateDirectory,
  options: OptionValues,
  io: CliIo,
): Promise<Result> {
  const authority = await openAuthority(directory, options, io);
  const revocations = revocationsOf(await ownCrl(directory, authority));
  const crl = await nextCrl(directory, authority, revocations);
  const nodes = publishCrl(directory, crl);
  const number = String(crlNumber(crl));
  const until = crl.nextUpdate?.toISOString() ?? "";
  return {
    text: `renewed the list of revoked certificates: number ${number}, valid until ${until.slice(0, 10)}\n${copied("crls", nodes)}`,
    json: () => [plainJson({ crl: { number, nextUpdate: until }, nodes })],
  };
}

/** What has to reach the machines of the nodes. */
export function copied(what: string, nodes: readonly string[]): string {
  if (nodes.length === 0) return "";
  return `next: copy ${what} of each to its machine: ${nodes.join(", ")}\n`;
}
