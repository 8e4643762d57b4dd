import type { X509Certificate } from "node:crypto";
import { certificateProblem, LONGEST_CHAIN, type TlsProblem } from "./tls-certificate.ts";
import type { CrlCheck } from "./tls-options.ts";
import type { RevocationList } from "../x509/revocation-list.ts";
import { type X509Fields, x509Fields } from "../x509/x509-fields.ts";

/** What revocation is looked up in. */
export interface Revocation {
  readonly check: CrlCheck;
  readonly lists: readonly RevocationList[];
  /** The CAs that are trusted, where each chain ends. */
  readonly trusted: readonly X509Certificate[];
}

/**
 * Whether a certificate of a chain is revoked, or cannot be told not to be. The chain was found good
 * by OpenSSL; what the peer has shown may hold more, so issuers are found here by the signatures that
 * they have made. What a root says of itself is not looked at, as in OTP.
 *
 * With `best_effort`, only a certificate that is in a list is refused.
 */
export function revocationProblem(
  chain: readonly X509Certificate[],
  revocation: Revocation,
): TlsProblem | undefined {
  const { check, trusted } = revocation;
  if (check === false) return undefined;
  const issuers = [...trusted, ...chain.slice(1, LONGEST_CHAIN)];
  const seen = new Set<string>();
  let level = chain.slice(0, 1);
  while (level.length > 0) {
    const above = new Map<string, X509Certificate>();
    for (const certificate of level) {
      seen.add(certificate.fingerprint256);
      if (isSignedBy(certificate, certificate)) continue; // a root: nobody could revoke it
      const signers = issuers.filter((issuer) => isSignedBy(certificate, issuer));
      const found = statusOf(certificate, signers, revocation);
      if (found !== undefined) return found;
      for (const signer of signers) {
        if (!seen.has(signer.fingerprint256)) above.set(signer.fingerprint256, signer);
      }
    }
    if (check === "peer") return undefined;
    level = [...above.values()];
  }
  return undefined;
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false; // a kind of key that OpenSSL does not know
  }
}

function statusOf(
  certificate: X509Certificate,
  signers: readonly X509Certificate[],
  { check, lists }: Revocation,
): TlsProblem | undefined {
  const text = "is issued by one whose certificate the peer has not shown";
  const complete = "have the peer send its whole chain";
  // Never with an honest peer: OpenSSL has found an issuer. So also with best_effort.
  if (signers.length === 0) return problem(certificate, text, complete);
  let fields: X509Fields;
  let about: readonly RevocationList[];
  try {
    fields = x509Fields(certificate);
    about = listsAbout(fields, signers, lists);
  } catch {
    return problem(certificate, "cannot be read", "have a new one made");
  }
  // What was revoked once is not good again because the list is old.
  if (about.some((list) => list.revokes(fields.serial))) {
    return problem(certificate, "is revoked", "have a new one made");
  }
  if (check === "best_effort" || about.some((list) => list.isCurrent(Date.now()))) return undefined;
  const why =
    about.length === 0
      ? "has an issuer without a revocation list"
      : "has an issuer whose revocation list is outdated";
  return problem(certificate, why, "put a current list of each CA into crlfile or crlDir");
}

/** The lists that the issuer of a certificate has signed, and that speak of such certificates. */
function listsAbout(
  { issuer, isAuthority }: X509Fields,
  signers: readonly X509Certificate[],
  lists: readonly RevocationList[],
): readonly RevocationList[] {
  const scope = isAuthority ? "authorities" : "leaves";
  return lists.filter(
    (list) =>
      list.issuer === issuer &&
      (list.scope === "all" || list.scope === scope) &&
      signers.some((signer) => x509Fields(signer).signsLists && list.isSignedBy(signer.publicKey)),
  );
}

function problem(certificate: X509Certificate, text: string, remedy: string): TlsProblem {
  return certificateProblem("revocation", text, remedy, certificate);
}
