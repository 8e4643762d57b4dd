import type { X509Certificate } from "node:crypto";
import { certificateProblem, type TlsProblem } from "./tls-certificate.ts";
import type { Ways } from "./tls-chain.ts";
import type { CrlCheck } from "./tls-options.ts";
import { keyDigest, type RevocationList } from "../x509/revocation-list.ts";
import { type X509Fields, x509Fields } from "../x509/x509-fields.ts";

/** What revocation is looked up in. */
export interface Revocation {
  readonly check: CrlCheck;
  readonly lists: readonly RevocationList[];
  /** The CAs that are trusted, where each chain ends. */
  readonly trusted: readonly X509Certificate[];
}

/**
 * Whether a certificate on a way to a trusted root is revoked, or cannot be told not to be. What a root
 * says of itself is not looked at, as in OTP.
 *
 * With `best_effort`, only a certificate that is in a list is refused.
 */
export function revocationProblem(
  { certificates, signers }: Ways,
  revocation: Revocation,
): TlsProblem | undefined {
  const { check } = revocation;
  if (check === false) return undefined;
  for (const certificate of check === "peer" ? certificates.slice(0, 1) : certificates) {
    const by = signers.get(certificate) ?? [];
    const found = by.length === 0 ? undefined : statusOf(certificate, by, revocation);
    if (found !== undefined) return found;
  }
  return undefined;
}

function statusOf(
  certificate: X509Certificate,
  signers: readonly X509Certificate[],
  { check, lists }: Revocation,
): TlsProblem | undefined {
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
  const allowed = signers.filter((signer) => x509Fields(signer).signsLists);
  const keys = allowed.map(({ publicKey }) => ({ publicKey, digest: keyDigest(publicKey) }));
  return lists.filter(
    (list) =>
      list.issuer === issuer &&
      (list.scope === "all" || list.scope === scope) &&
      keys.some(({ publicKey, digest }) => list.isSignedBy(publicKey, digest)),
  );
}

function problem(certificate: X509Certificate, text: string, remedy: string): TlsProblem {
  return certificateProblem("revocation", text, remedy, certificate);
}
