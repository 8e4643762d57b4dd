import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { printable } from "../../bytes/printable.ts";

/** What tells one certificate from another, made safe to show. */
export interface CertificateFacts {
  /** `CN=app, O=Example`. */
  readonly subject: string;
  /** Who signed it, in the same form. */
  readonly issuer: string;
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** Not valid before. */
  readonly validFrom: Date;
  /** Not valid after. */
  readonly validTo: Date;
  /** subjectAltName: `DNS:localhost, IP Address:127.0.0.1`; empty without one. */
  readonly names: string;
}

/** A peer with a certificate, for `verifyFun`. */
export interface TlsPeer {
  /** Which side we are. */
  readonly side: "server" | "client";
  readonly certificate: X509Certificate;
  /**
   * The peer's certificate first, then all that vouch for it up to a trusted CA, by their signatures.
   * Where no CA is found (see {@link problem}) or nothing is checked: those that it has shown, by their
   * names, which prove nothing.
   */
  readonly chain: readonly X509Certificate[];
  /** The check that failed; undefined when all is well. */
  readonly problem: TlsProblem | undefined;
  /** The node that is dialled, or undefined when the peer dials: it has not said who it is yet. */
  readonly node: string | undefined;
}

/**
 * What was looked at when a certificate was refused: whether there is one, who issued it, its dates, what
 * it is for, whether its issuers are CAs, signatures, revocation lists, the length of keys and that they
 * may sign, how many CAs are between, the policies they are issued under, the names in it, that no
 * session is resumed, and what `verifyFun` says.
 */
export type TlsCheck =
  | "missing"
  | "issuer"
  | "validity"
  | "purpose"
  | "authority"
  | "signature"
  | "revocation"
  | "strength"
  | "depth"
  | "policy"
  | "name"
  | "session"
  | "verify_fun"
  | "other";

/** A check that failed, and on which certificate of the chain. */
export interface TlsProblem {
  readonly check: TlsCheck;
  /** `has expired`: goes behind the certificate's name. */
  readonly text: string;
  /** What to do. */
  readonly remedy: string;
  /** Undefined where there is none, as when the peer has shown none. */
  readonly certificate: CertificateFacts | undefined;
}

/** A check that failed, on that certificate. */
export function certificateProblem(
  check: TlsCheck,
  text: string,
  remedy: string,
  certificate?: X509Certificate,
): TlsProblem {
  const facts = certificate === undefined ? undefined : certificateFacts(certificate);
  return { check, text, remedy, certificate: facts };
}

/** Longer chains are not followed. */
const LONGEST_CHAIN = 20;

/**
 * The certificates of a peer, its own first; empty when it has shown none. They are found by their names
 * only: good enough to tell what is wrong, and never what is right.
 */
export function peerChain(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let found = socket.getPeerCertificate(true);
  while (chain.length < LONGEST_CHAIN && found.raw instanceof Uint8Array) {
    chain.push(new X509Certificate(found.raw));
    if (found.issuerCertificate === undefined || found.issuerCertificate === found) break;
    found = found.issuerCertificate;
  }
  return chain;
}

/** What an error shows of a certificate. */
export function certificateFacts(certificate: X509Certificate): CertificateFacts {
  const { subject, issuer, serialNumber, validFrom, validTo, subjectAltName } = certificate;
  return {
    subject: name(subject),
    issuer: name(issuer),
    serialNumber,
    validFrom: new Date(validFrom),
    validTo: new Date(validTo),
    names: printable(subjectAltName ?? ""),
  };
}

function name(text: string | undefined): string {
  return printable((text ?? "").split("\n").join(", ")) || "(no name)";
}

/** `"CN=app" (issuer "CN=our CA", serial 0A, valid 2026-01-01 to 2027-01-01)`. */
export function certificateText(facts: CertificateFacts): string {
  const { subject, issuer, serialNumber, validFrom, validTo } = facts;
  const dates = `${day(validFrom)} to ${day(validTo)}`;
  return `"${subject}" (issuer "${issuer}", serial ${serialNumber}, valid ${dates})`;
}

function day(date: Date): string {
  return Number.isNaN(date.getTime()) ? "?" : date.toISOString().slice(0, 10);
}
