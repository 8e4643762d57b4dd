import { X509Certificate as NodeCertificate } from "node:crypto";
import type { CertifiedNames } from "./certified-names.ts";
import { canonicalIp } from "./certified-names.ts";
import { describeKey, isStrongKey } from "./key-kind.ts";
import { canonicalSerial } from "./revocation-list.ts";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  type X509Certificate,
} from "./x509-library.ts";

/** What a certificate says. */
export interface CertificateFacts {
  /** As in `CN=app@host`. */
  readonly subject: string;
  readonly issuer: string;
  /** Hexadecimal, lower case. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly names: CertifiedNames;
  /** As in `ECDSA P-256`. */
  readonly key: string;
  readonly strongKey: boolean;
  /** As in `ECDSA SHA-256`. */
  readonly signature: string;
  readonly strongSignature: boolean;
  readonly ca: boolean;
  /** Of a CA: how many others may be between it and a certificate of a node; `undefined`: any number. */
  readonly pathLength: number | undefined;
  /** Names of RFC 5280; `undefined` when the extension is absent: any use. */
  readonly keyUsage: readonly string[] | undefined;
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** Critical extensions that no node understands: each refuses the certificate. */
  readonly unknownExtensions: readonly string[];
  /** Extensions that limit the certificates below, by their names in RFC 5280. */
  readonly constraints: readonly string[];
  /** SHA-256 of the certificate, `AB:CD:…`. */
  readonly fingerprint: string;
}

/** Reads what a certificate says; nothing of it is judged. */
export function certificateFacts(certificate: X509Certificate): CertificateFacts {
  const node = asNode(certificate);
  const { name, hash } = signatureParts(certificate);
  return {
    subject: certificate.subject,
    issuer: certificate.issuer,
    serial: canonicalSerial(certificate.serialNumber),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    names: namesOf(certificate),
    key: describeKey(node.publicKey),
    strongKey: isStrongKey(node.publicKey),
    signature: hash === undefined ? name : `${name} ${hash}`,
    strongSignature: /^SHA-?(?:256|384|512)$/i.test(hash ?? "") || /^Ed(?:25519|448)$/i.test(name),
    ca: certificate.getExtension(BasicConstraintsExtension)?.ca ?? false,
    pathLength: certificate.getExtension(BasicConstraintsExtension)?.pathLength,
    keyUsage: keyUsage(certificate),
    extendedKeyUsage: certificate
      .getExtension(ExtendedKeyUsageExtension)
      ?.usages.map((oid) => PURPOSES[String(oid)] ?? String(oid)),
    unknownExtensions: certificate.extensions
      .filter(({ type, critical }) => critical && !UNDERSTOOD.has(type))
      .map(({ type }) => type),
    constraints: certificate.extensions.flatMap(({ type }) => CONSTRAINTS[type] ?? []),
    fingerprint: node.fingerprint256,
  };
}

/** The same certificate for OpenSSL, which checks signatures. */
export function asNode(certificate: X509Certificate): NodeCertificate {
  return new NodeCertificate(Buffer.from(certificate.rawData));
}

const CONSTRAINTS: Readonly<Record<string, string>> = {
  "2.5.29.30": "nameConstraints",
  "2.5.29.36": "policyConstraints",
};

/** Beside those: the use of the key, other names, basic constraints, policies, where lists are, purposes. */
const UNDERSTOOD = new Set([
  ...Object.keys(CONSTRAINTS),
  ...[15, 17, 19, 31, 32, 33, 37, 54].map((last) => `2.5.29.${last}`),
]);

const PURPOSES: Readonly<Record<string, string>> = {
  "1.3.6.1.5.5.7.3.1": "serverAuth",
  "1.3.6.1.5.5.7.3.2": "clientAuth",
  "1.3.6.1.5.5.7.3.3": "codeSigning",
  "1.3.6.1.5.5.7.3.4": "emailProtection",
  "1.3.6.1.5.5.7.3.8": "timeStamping",
  "1.3.6.1.5.5.7.3.9": "OCSPSigning",
  "2.5.29.37.0": "any",
};

const KEY_USAGES = [
  ...["digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement"],
  ...["keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"],
] as const;

function keyUsage(certificate: X509Certificate): readonly string[] | undefined {
  const bits = certificate.getExtension(KeyUsagesExtension)?.usages;
  return bits === undefined ? undefined : KEY_USAGES.filter((_, bit) => (bits & (1 << bit)) !== 0);
}

function signatureParts({ signatureAlgorithm }: X509Certificate): {
  readonly name: string;
  readonly hash: string | undefined;
} {
  const { name, hash } = signatureAlgorithm as { name: string; hash?: { name: string } };
  return { name, hash: hash?.name };
}

function namesOf(certificate: X509Certificate): CertifiedNames {
  const items = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  const of = (type: string): string[] =>
    items.filter((item) => item.type === type).map(({ value }) => value);
  return {
    dns: of("dns"),
    ip: of("ip").map(canonicalIp),
    nodes: of("dn").flatMap((text) => new Name(text).getField("CN")),
  };
}
