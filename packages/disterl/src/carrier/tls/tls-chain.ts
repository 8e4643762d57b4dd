import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { certificateProblem, type TlsProblem } from "./tls-certificate.ts";

/** No honest peer shows more: its own, and those between it and a CA. */
const MOST_SHOWN = 20;

/** Signatures that are looked at for one peer: each costs time, and a peer chooses what it shows. */
const MOST_SIGNATURES = 60;

/** The keys of CAs are not longer: it is the peer who makes us work with them. */
const MOST_RSA_BITS = 8_192;

/**
 * All certificates that a peer has shown, its own first, in the order it has shown them. Those are more
 * than `getPeerCertificate` gives, which follows names, and so can be led past one of them.
 *
 * To be called once for a connection, and after everything else is asked of it: on the side that dials
 * Node.js takes them away from the socket.
 */
export function shownCertificates(socket: TLSSocket): X509Certificate[] {
  const shown: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && shown.length <= MOST_SHOWN) {
    shown.push(next);
    next = next.issuerCertificate;
  }
  return shown;
}

/** Where the certificates of a peer lead to. */
export interface Ways {
  /** Every certificate on a way to a trusted root, the peer's own first; empty: there is none. */
  readonly certificates: readonly X509Certificate[];
  /** Who has signed one of them, of those that lead on; of a trusted root nobody. */
  readonly signers: ReadonlyMap<X509Certificate, readonly X509Certificate[]>;
  /** How many are between the peer's own and the trusted root, on the shortest way. */
  readonly between: number;
}

const NO_WAY: Ways = { certificates: [], signers: new Map(), between: 0 };

/**
 * All ways from the peer's certificate to a trusted root. OpenSSL has gone one of them and does not say
 * which, so what a check finds on any of them counts. Names and dates do not count, only who has signed:
 * what a peer adds can make more ways, and hide none.
 */
export function waysUp(
  shown: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
): Ways | TlsProblem {
  const [own] = shown;
  if (own === undefined) return NO_WAY;
  if (shown.length > MOST_SHOWN) return tooMuch(own);
  const all = distinct([...shown.slice(0, 1), ...trusted, ...shown.slice(1)]);
  const roots = new Set(trusted.filter(isRoot).map(nameOf));
  const found = new Map<X509Certificate, readonly X509Certificate[]>();
  const budget = { left: MOST_SIGNATURES };
  let between = Number.POSITIVE_INFINITY;
  let level: readonly X509Certificate[] = all.slice(0, 1);
  for (let height = 0; level.length > 0; height++) {
    for (const one of level) {
      const ends = roots.has(nameOf(one));
      if (ends) between = Math.min(between, Math.max(0, height - 1));
      found.set(one, ends ? [] : all.filter((issuer) => isSignedBy(one, issuer, budget)));
    }
    if (budget.left < 0) return tooMuch(own);
    const above = level.flatMap((one) => found.get(one) ?? []);
    level = [...new Set(above)].filter((one) => !found.has(one));
  }
  return waysOf(found, (one) => roots.has(nameOf(one)), between);
}

/** Leaves out what leads nowhere. */
function waysOf(
  found: ReadonlyMap<X509Certificate, readonly X509Certificate[]>,
  ends: (one: X509Certificate) => boolean,
  between: number,
): Ways {
  const leads = new Set([...found.keys()].filter(ends));
  for (let before = -1; before !== leads.size; ) {
    before = leads.size;
    for (const [one, by] of found) if (by.some((issuer) => leads.has(issuer))) leads.add(one);
  }
  const certificates = [...found.keys()].filter((one) => leads.has(one));
  if (certificates.length === 0) return NO_WAY;
  const signers = certificates.map(
    (one) => [one, (found.get(one) ?? []).filter((issuer) => leads.has(issuer))] as const,
  );
  return { certificates, signers: new Map(signers), between };
}

function isSignedBy(
  certificate: X509Certificate,
  issuer: X509Certificate,
  budget: { left: number },
): boolean {
  if (certificate === issuer || !certificate.checkIssued(issuer)) return false;
  if (budget.left-- <= 0) return false;
  try {
    const key = issuer.publicKey;
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) > MOST_RSA_BITS) return false;
    return certificate.verify(key);
  } catch {
    return false; // a kind of key that OpenSSL does not know
  }
}

/** Of those that are trusted: nobody else vouches for it. */
function isRoot(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate) || certificate.subject === certificate.issuer;
}

/** Of several that are the same the first: one of those that are trusted knows its key and fields already. */
function distinct(certificates: readonly X509Certificate[]): X509Certificate[] {
  const byName = new Map<string, X509Certificate>();
  for (const one of certificates) if (!byName.has(nameOf(one))) byName.set(nameOf(one), one);
  return [...byName.values()];
}

/** A certificate that stands there twice is the same one. */
function nameOf(certificate: X509Certificate): string {
  return certificate.fingerprint256;
}

function tooMuch(own: X509Certificate): TlsProblem {
  const text = "comes with more certificates than a chain has";
  return certificateProblem("depth", text, "have the peer send its chain and nothing else", own);
}
