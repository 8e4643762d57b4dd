import { createPrivateKey, type KeyObject } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { printable } from "disterl/epmd";
import type { OptionValues, Result } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { plainJson } from "../term-json.ts";
import { certFailure, certUsage } from "./cert-failure.ts";
import {
  type CertificateDirectory,
  certificateDirectory,
  certifiedNodes,
  MAKE_CA,
} from "./certificate-directory.ts";
import { checkCertificate, type Finding } from "./check-certificate.ts";
import { isEncrypted, isOpenToOthers } from "./private-key.ts";
import { readWhole } from "./read-file.ts";
import { readPem } from "./read-pem.ts";
import { certificateFile } from "./show-certificates.ts";
import type { X509Crl } from "./x509-library.ts";

/** What was checked about one file. */
interface Report {
  readonly file: string;
  readonly findings: readonly Finding[];
}

/**
 * Verifies what the operand names, a node or a file; without one, every node of the directory.
 * The exit status is 1 when a check failed.
 */
export async function verifyCertificate(
  what: string | undefined,
  options: OptionValues,
): Promise<Result> {
  if (what === "ca" || what === "crl") {
    throw certUsage(`verify takes a node or a file: the ${what} is checked with each node`);
  }
  const directory = certificateDirectory(options);
  const subjects = what === undefined ? certifiedNodes(directory) : [what];
  if (subjects.length === 0) {
    const message = `${directory.path} holds no certificate of a node`;
    throw certFailure("ERR_CLI_CERT_MISSING", message, MAKE_CA);
  }
  const reports: Report[] = [];
  for (const subject of subjects) reports.push(await verifyOne(subject, directory, options));
  const failed = reports.some(({ findings }) => findings.some(isFailed));
  return {
    exitCode: failed ? exitCodes.refused : exitCodes.ok,
    text: reports.map(reportText).join("\n"),
    json: () => [
      plainJson({
        ok: !failed,
        files: reports.map(({ file, findings }) => ({
          file,
          ok: !findings.some(isFailed),
          findings: findings.map((finding) => ({ ...finding })),
        })),
      }),
    ],
  };
}

async function verifyOne(
  what: string,
  directory: CertificateDirectory,
  options: OptionValues,
): Promise<Report> {
  const file = certificateFile(what, directory);
  const [leaf, ...between] = readPem(file).certificates;
  if (leaf === undefined) {
    throw certFailure("ERR_CLI_CERT_FILE", `${file} holds no certificate in PEM`);
  }
  const named = options["node"] as string | undefined;
  const ofDirectory = file !== what;
  const key = ofDirectory ? keyBeside(file) : undefined;
  const findings = await checkCertificate([leaf, ...between], {
    anchors: readPem(caFile(file, directory, options), CA_REMEDY).certificates,
    crls: crlsFor(file, directory, options),
    node: named ?? (ofDirectory && what.includes("@") ? what : undefined),
    key: key?.object,
    at: (options["at"] as Date | undefined) ?? new Date(),
  });
  if (key === undefined || !isOpenToOthers(key.mode)) return { file, findings };
  const open: Finding = {
    check: "private key",
    verdict: "failed",
    certificate: leaf.subject,
    detail: `${key.path} can be read by other users (mode ${key.mode.toString(8)})`,
    remedy: `chmod 600 ${key.path}; was it ever read, revoke and renew the certificate`,
  };
  return { file, findings: [...findings, open] };
}

const CA_REMEDY = ["--ca names the file of the CA to trust"];

/** Whom the node itself trusts, where its directory says; else the CA of the directory. */
function caFile(file: string, directory: CertificateDirectory, options: OptionValues): string {
  const given = options["ca"] as string | undefined;
  if (given !== undefined) return given;
  const beside = join(dirname(file), "ca.pem");
  return existsSync(beside) ? beside : directory.ca.certificate;
}

/** The CA's list and the node's copy: the newer one counts. */
function crlsFor(
  file: string,
  directory: CertificateDirectory,
  options: OptionValues,
): readonly X509Crl[] {
  const given = options["crl"] as string | undefined;
  if (given !== undefined) return readPem(given, ["--crl names a file of a CRL"]).crls;
  const folder = join(dirname(file), "crls");
  const copies = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  return [directory.ca.crl, ...copies]
    .filter((path) => existsSync(path))
    .flatMap((path) => readPem(path).crls);
}

interface KeyBeside {
  readonly path: string;
  readonly mode: number;
  /** Absent for an encrypted one, which only its owner can judge. */
  readonly object?: KeyObject;
}

function keyBeside(file: string): KeyBeside | undefined {
  const path = join(dirname(file), "key.pem");
  if (!existsSync(path)) return undefined;
  const { text, mode } = readWhole(path);
  if (isEncrypted(text)) return { path, mode };
  try {
    return { path, mode, object: createPrivateKey(text) };
  } catch (cause) {
    throw certFailure("ERR_CLI_CERT_FILE", `${path} holds no private key that can be read`, [], {
      cause,
    });
  }
}

function isFailed({ verdict }: Finding): boolean {
  return verdict === "failed";
}

const MARKS = { ok: "ok", warning: "warning", failed: "FAILED" } as const;

function reportText({ file, findings }: Report): string {
  const lines = findings.map(({ check, verdict, certificate, detail, remedy }) => {
    const line = `  ${MARKS[verdict].padEnd(8)} ${check.padEnd(12)} ${printable(certificate)}: ${printable(detail)}\n`;
    return remedy === undefined ? line : `${line}${" ".repeat(24)}${printable(remedy)}\n`;
  });
  const failed = findings.filter(isFailed).length;
  const total = failed === 0 ? "valid" : `NOT VALID: ${failed} of ${findings.length} checks failed`;
  return `${printable(file)}: ${total}\n${lines.join("")}`;
}
