import type { X509Certificate } from "node:crypto";
import {
  DER_BIT_STRING,
  DER_BOOLEAN,
  DER_INTEGER,
  DER_OCTET_STRING,
  DER_OID,
  DER_SEQUENCE,
  DER_SET,
  derContext,
  DerReader,
  oidText,
} from "./der.ts";
import { type X509Policies, x509Policies } from "./x509-policies.ts";

/**
 * What is needed of a certificate and `node:crypto` does not say, or says as text to be shown only.
 * Source: RFC 5280, section 4.
 */
export interface X509Fields {
  /** Big endian, in hexadecimal; as {@link serialText}. */
  readonly serial: string;
  /** As {@link nameText}. */
  readonly issuer: string;
  readonly isAuthority: boolean;
  /** Whether it limits the names in certificates below it (nameConstraints). */
  readonly isConstraining: boolean;
  /** Whether its key may sign in a TLS handshake: says so, or says nothing about its use. */
  readonly signs: boolean;
  /** Whether it may sign revocation lists: says so, or says nothing about the use of its key. */
  readonly signsLists: boolean;
  /** dNSName of subjectAltName. */
  readonly dnsNames: readonly string[];
  /** uniformResourceIdentifier of subjectAltName. */
  readonly uris: readonly string[];
  /** The first commonName of each directoryName of subjectAltName. */
  readonly directoryNames: readonly string[];
  readonly policies: X509Policies;
}

/** One extension of a certificate, a revocation list, or an entry of one. */
export interface X509Extension {
  readonly id: string;
  readonly isCritical: boolean;
  readonly value: Uint8Array;
}

const KEY_USAGE = "2.5.29.15";
const ALT_NAME = "2.5.29.17";
const CONSTRAINTS = "2.5.29.19";
const NAME_CONSTRAINTS = "2.5.29.30";
const COMMON_NAME = "2.5.4.3";

const known = new WeakMap<X509Certificate, X509Fields>();

/** @throws DerError; OpenSSL reads a little more than this. */
export function x509Fields(certificate: X509Certificate): X509Fields {
  let fields = known.get(certificate);
  if (fields === undefined) {
    fields = read(certificate.raw);
    known.set(certificate, fields);
  }
  return fields;
}

function read(raw: Uint8Array): X509Fields {
  const tbs = new DerReader(raw).within(DER_SEQUENCE).within(DER_SEQUENCE);
  tbs.optional(derContext(0));
  const serial = serialText(tbs.next(DER_INTEGER).content);
  tbs.next(DER_SEQUENCE);
  const issuer = nameText(tbs.next(DER_SEQUENCE).content);
  let extensions: readonly X509Extension[] = [];
  while (!tbs.done) {
    const { tag, content } = tbs.next();
    if (tag === derContext(3)) extensions = x509Extensions(content);
  }
  const value = (id: string) => extensions.find((extension) => extension.id === id)?.value;
  const usage = value(KEY_USAGE);
  const constraints = value(CONSTRAINTS);
  return {
    serial,
    issuer,
    isAuthority: constraints !== undefined && saysAuthority(constraints),
    isConstraining: value(NAME_CONSTRAINTS) !== undefined,
    // digitalSignature is bit 0, cRLSign bit 6.
    signs: usage === undefined || hasBit(usage, 0),
    signsLists: usage === undefined || hasBit(usage, 6),
    ...altNames(value(ALT_NAME)),
    policies: x509Policies(value),
  };
}

/** `SEQUENCE OF Extension`, with its tag. @throws DerError */
export function x509Extensions(bytes: Uint8Array): X509Extension[] {
  const list = new DerReader(bytes).within(DER_SEQUENCE);
  const extensions: X509Extension[] = [];
  while (!list.done) {
    const extension = list.within(DER_SEQUENCE);
    const id = oidText(extension.next(DER_OID).content);
    const critical = extension.optional(DER_BOOLEAN);
    const value = extension.next(DER_OCTET_STRING).content;
    extensions.push({ id, isCritical: critical !== undefined && critical.content[0] !== 0, value });
  }
  return extensions;
}

/** A serial number in hexadecimal, without leading zeros: the same where a CA has forgotten the sign. */
export function serialText(content: Uint8Array): string {
  return Buffer.from(content)
    .toString("hex")
    .replace(/^(?:00)+(?=..)/, "");
}

/**
 * A name so that two that are the same give the same text, however they are encoded: RFC 5280, section
 * 7.1, as far as letters of ASCII, blanks and the kind of string go.
 */
export function nameText(content: Uint8Array): string {
  const parts: string[] = [];
  const sequence = new DerReader(content);
  while (!sequence.done) {
    const set = sequence.within(DER_SET);
    const attributes: string[] = [];
    while (!set.done) {
      const attribute = set.within(DER_SEQUENCE);
      const id = oidText(attribute.next(DER_OID).content);
      const { tag, content: value } = attribute.next();
      attributes.push(`${id}=${JSON.stringify(alike(stringText(tag, value)))}`);
    }
    parts.push(attributes.sort().join("+"));
  }
  return parts.join(",");
}

function alike(text: string): string {
  return text.trim().replaceAll(/\s+/g, " ").toLowerCase();
}

/** Text of the kinds of strings that names have; others as hexadecimal. */
function stringText(tag: number, content: Uint8Array): string {
  const bytes = Buffer.from(content);
  if (tag === 0x0c) return bytes.toString("utf8"); // UTF8String
  if (tag === 0x13 || tag === 0x14 || tag === 0x16) return bytes.toString("latin1");
  if (tag === 0x1e && bytes.length % 2 === 0)
    return Buffer.from(bytes).swap16().toString("utf16le");
  return `#${tag}:${bytes.toString("hex")}`;
}

function altNames(
  value: Uint8Array | undefined,
): Pick<X509Fields, "dnsNames" | "uris" | "directoryNames"> {
  const dnsNames: string[] = [];
  const uris: string[] = [];
  const directoryNames: string[] = [];
  if (value === undefined) return { dnsNames, uris, directoryNames };
  const names = new DerReader(value).within(DER_SEQUENCE);
  while (!names.done) {
    const { tag, content } = names.next();
    const text = Buffer.from(content).toString("latin1");
    if (tag === 0x82) dnsNames.push(text);
    else if (tag === 0x86) uris.push(text);
    else if (tag === derContext(4)) {
      const name = commonName(content);
      if (name !== undefined) directoryNames.push(name);
    }
  }
  return { dnsNames, uris, directoryNames };
}

function commonName(name: Uint8Array): string | undefined {
  const sequence = new DerReader(name).within(DER_SEQUENCE);
  while (!sequence.done) {
    const set = sequence.within(DER_SET);
    while (!set.done) {
      const attribute = set.within(DER_SEQUENCE);
      const id = oidText(attribute.next(DER_OID).content);
      const { tag, content } = attribute.next();
      if (id === COMMON_NAME) return stringText(tag, content);
    }
  }
  return undefined;
}

function saysAuthority(value: Uint8Array): boolean {
  const flag = new DerReader(value).within(DER_SEQUENCE).optional(DER_BOOLEAN);
  return flag !== undefined && flag.content[0] !== 0;
}

function hasBit(value: Uint8Array, bit: number): boolean {
  const { content } = new DerReader(value).next(DER_BIT_STRING);
  return ((content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0;
}
