import { createPublicKey, type KeyObject, randomBytes } from "node:crypto";
import type { CertifiedNames } from "./certified-names.ts";
import { type SigningKey, signingKey } from "./key-kind.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "./x509-library.ts";

/** Who signs: the certificate of a CA and its key. */
export interface Authority {
  readonly certificate: X509Certificate;
  readonly key: SigningKey;
}

/** From when until when. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Purposes of a node's certificate: it answers and it dials. */
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

/** A new CA: a root that certifies nodes and nothing below them. */
export async function makeAuthority(
  name: string,
  key: KeyObject,
  validity: Validity,
): Promise<Authority> {
  const signing = await signingKey(key);
  const publicKey = spki(key);
  const certificate = await X509CertificateGenerator.create({
    ...validity,
    serialNumber: randomSerial(),
    subject: [{ CN: [name] }],
    issuer: [{ CN: [name] }],
    publicKey,
    signingKey: signing.key,
    signingAlgorithm: signing.algorithm,
    extensions: await authorityExtensions(publicKey),
  });
  return { certificate, key: signing };
}

/** The same CA with another validity: name and key stay, so that what it signed stays valid. */
export async function renewAuthority(
  { certificate: old, key }: Authority,
  validity: Validity,
): Promise<Authority> {
  const publicKey = old.publicKey.rawData;
  const certificate = await X509CertificateGenerator.create({
    ...validity,
    serialNumber: randomSerial(),
    subject: old.subjectName,
    issuer: old.subjectName,
    publicKey,
    signingKey: key.key,
    signingAlgorithm: key.algorithm,
    extensions: await authorityExtensions(publicKey),
  });
  return { certificate, key };
}

/** The certificate of a node: for both ends of a TLS connection, and to certify nobody else. */
export async function certifyNode(
  authority: Authority,
  names: CertifiedNames,
  key: KeyObject,
  validity: Validity,
): Promise<X509Certificate> {
  const publicKey = spki(key);
  return X509CertificateGenerator.create({
    ...validity,
    serialNumber: randomSerial(),
    subject: [{ CN: [names.nodes[0] ?? names.dns[0] ?? ""] }],
    issuer: authority.certificate.subjectName,
    publicKey,
    signingKey: authority.key.key,
    signingAlgorithm: authority.key.algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(leafUsage(key), true),
      new ExtendedKeyUsageExtension([SERVER_AUTH, CLIENT_AUTH]),
      new SubjectAlternativeNameExtension([
        ...names.dns.map((value) => ({ type: "dns", value }) as const),
        ...names.ip.map((value) => ({ type: "ip", value }) as const),
        // Last: `inet_tls_dist:cert_nodes/1` takes the first that it understands, for the host.
        ...names.nodes.map((value) => ({ type: "dn", value: `CN=${value}` }) as const),
      ]),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
    ],
  });
}

function leafUsage(key: KeyObject): KeyUsageFlags {
  const { digitalSignature, keyEncipherment } = KeyUsageFlags;
  // RSA keys also decrypt, in the key exchanges of TLS 1.2 that have no forward secrecy.
  return key.asymmetricKeyType === "rsa"
    ? flags(digitalSignature, keyEncipherment)
    : digitalSignature;
}

function flags(one: KeyUsageFlags, other: KeyUsageFlags): KeyUsageFlags {
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the type is a set of bits
  return one | other;
}

async function authorityExtensions(publicKey: BufferSource): Promise<Extension[]> {
  return [
    new BasicConstraintsExtension(true, 0, true),
    new KeyUsagesExtension(flags(KeyUsageFlags.keyCertSign, KeyUsageFlags.cRLSign), true),
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(publicKey),
  ];
}

/** 126 random bits: positive, and as long in every certificate. */
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}

function spki(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: "spki", format: "der" });
}
