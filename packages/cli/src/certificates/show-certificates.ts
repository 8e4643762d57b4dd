import { existsSync } from "node:fs";
import { printable } from "disterl/epmd";
import type { OptionValues, Result } from "../command.ts";
import { plainJson } from "../term-json.ts";
import { certFailure } from "./cert-failure.ts";
import {
  type CertificateDirectory,
  certificateDirectory,
  certifiedNodes,
  MAKE_CA,
  nodeFiles,
} from "./certificate-directory.ts";
import { type CertificateFacts, certificateFacts } from "./certificate-facts.ts";
import { certificateJson, crlJson } from "./certificate-json.ts";
import { currentCrl } from "./open-authority.ts";
import { readCertificate, readPem } from "./read-pem.ts";
import { crlNumber, revocationsOf } from "./revocation-list.ts";
import { day, moment } from "./validity.ts";
import type { X509Crl } from "./x509-library.ts";

/** Shows what the operand names, a node, `ca`, `crl` or a file; without one, what the directory holds. */
export async function showCertificates(
  what: string | undefined,
  options: OptionValues,
): Promise<Result> {
  const directory = certificateDirectory(options);
  if (what === undefined) return overview(directory);
  const path = certificateFile(what, directory);
  const { certificates, crls } = readPem(path);
  if (certificates.length + crls.length === 0) {
    throw certFailure("ERR_CLI_CERT_FILE", `${path} holds no certificate in PEM`);
  }
  const chain = certificates.map(certificateFacts);
  const text = [...chain.map(certificateText), ...crls.map(crlText)].join("\n");
  return {
    text: `${printable(path)}\n${text}`,
    json: () => [
      plainJson({ file: path, certificates: chain.map(certificateJson), crls: crls.map(crlJson) }),
    ],
  };
}

/** The file that an operand means: of a node, of the CA, or the one of that path. */
export function certificateFile(what: string, directory: CertificateDirectory): string {
  if (what === "ca") return directory.ca.certificate;
  if (what === "crl") return directory.ca.crl;
  if (what.includes("@") && !what.includes("/")) {
    const { certificate } = nodeFiles(directory, what);
    if (existsSync(certificate) || !existsSync(what)) return certificate;
  }
  return what;
}

function overview(directory: CertificateDirectory): Result {
  const ca = certificateFacts(readCertificate(directory.ca.certificate, MAKE_CA));
  const crl = currentCrl(directory);
  const revoked = new Set(revocationsOf(crl).map(({ serial }) => serial));
  const nodes = certifiedNodes(directory).map((node) => {
    const facts = certificateFacts(readCertificate(nodeFiles(directory, node).certificate));
    return { node, facts, revoked: revoked.has(facts.serial) };
  });
  const width = Math.max(4, ...nodes.map(({ node }) => node.length));
  const line = (name: string, { notAfter, serial }: CertificateFacts, state: string): string =>
    `${printable(name).padEnd(width)}  ${day(notAfter)}  ${serial}${state}\n`;
  return {
    text: [
      line("ca", ca, `  ${printable(ca.subject)}`),
      `${"crl".padEnd(width)}  ${crl.nextUpdate === undefined ? "" : day(crl.nextUpdate)}  number ${crlNumber(crl) ?? "none"}, ${revoked.size} revoked\n`,
      ...nodes.map((each) => line(each.node, each.facts, each.revoked ? "  REVOKED" : "")),
    ].join(""),
    json: () => [
      plainJson({
        directory: directory.path,
        ca: certificateJson(ca),
        crl: crlJson(crl),
        nodes: nodes.map((each) => ({
          node: each.node,
          revoked: each.revoked,
          certificate: certificateJson(each.facts),
        })),
      }),
    ],
  };
}

function certificateText(facts: CertificateFacts): string {
  const { names } = facts;
  const rows: readonly (readonly [string, string])[] = [
    ["subject", facts.subject],
    ["issuer", facts.issuer === facts.subject ? `${facts.issuer} (self-signed)` : facts.issuer],
    ["serial", facts.serial],
    ["valid from", moment(facts.notBefore)],
    ["valid until", moment(facts.notAfter)],
    ["nodes", names.nodes.join(", ")],
    ["hosts", [...names.dns, ...names.ip].join(", ")],
    ["key", facts.key],
    ["signature", facts.signature],
    ["CA", facts.ca ? "yes" : "no"],
    ["key usage", (facts.keyUsage ?? ["any"]).join(", ")],
    ["purposes", (facts.extendedKeyUsage ?? ["any"]).join(", ")],
    ["SHA-256", facts.fingerprint],
  ];
  return table(rows);
}

function crlText(crl: X509Crl): string {
  const { nextUpdate } = crl;
  const revoked = revocationsOf(crl).map(
    ({ serial, at, reason }) => ["revoked", `${serial}  ${moment(at)}  ${reason ?? ""}`] as const,
  );
  return table([
    ["issuer", crl.issuer],
    ["number", String(crlNumber(crl) ?? "none")],
    ["from", moment(crl.thisUpdate)],
    ["next before", nextUpdate === undefined ? "not said" : moment(nextUpdate)],
    ...revoked,
  ]);
}

function table(rows: readonly (readonly [string, string])[]): string {
  return rows
    .map(([name, value]) => `  ${name.padEnd(13)}${printable(value)}`.trimEnd())
    .map((row) => `${row}\n`)
    .join("");
}
