import { printable } from "disterl/epmd";
import { certFailure } from "./cert-failure.ts";
import { readWhole } from "./read-file.ts";
import { X509Certificate, X509Crl } from "./x509-library.ts";

/** What is public in a PEM file, in its order. */
export interface PemFile {
  readonly path: string;
  readonly certificates: readonly X509Certificate[];
  readonly crls: readonly X509Crl[];
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([^-]*)-----END \1-----/g;

/**
 * Reads the certificates and CRLs of a PEM file; keys in it are passed over.
 * @throws CliFailure ERR_CLI_CERT_MISSING, ERR_CLI_CERT_FILE
 */
export function readPem(path: string, remedy: readonly string[] = []): PemFile {
  const { text } = readWhole(path, remedy);
  const certificates: X509Certificate[] = [];
  const crls: X509Crl[] = [];
  for (const [, label, body = ""] of text.matchAll(BLOCK)) {
    const der = Buffer.from(body, "base64");
    try {
      if (label === "CERTIFICATE" || label === "TRUSTED CERTIFICATE")
        certificates.push(new X509Certificate(der));
      else if (label === "X509 CRL") crls.push(new X509Crl(der));
    } catch (cause) {
      const nth = certificates.length + crls.length + 1;
      const why = printable((cause as Error).message);
      const message = `${path}: the PEM block ${nth} (${label}) cannot be read: ${why}`;
      throw certFailure("ERR_CLI_CERT_FILE", message, [], { cause });
    }
  }
  return { path, certificates, crls };
}

/** The first certificate of a file. */
export function readCertificate(path: string, remedy: readonly string[] = []): X509Certificate {
  const [first] = readPem(path, remedy).certificates;
  if (first !== undefined) return first;
  throw certFailure("ERR_CLI_CERT_FILE", `${path} holds no certificate in PEM`, remedy);
}

/** The first CRL of a file. */
export function readCrl(path: string, remedy: readonly string[] = []): X509Crl {
  const [first] = readPem(path, remedy).crls;
  if (first !== undefined) return first;
  throw certFailure(
    "ERR_CLI_CERT_FILE",
    `${path} holds no list of revoked certificates in PEM`,
    remedy,
  );
}
