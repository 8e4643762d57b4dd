import type { X509Certificate } from "node:crypto";
import { configError } from "./tls-errors.ts";

/**
 * The CAs to trust, of those that were given. A CA that is there both on its own and certified by
 * another one (a cross-certificate, as it is made when CAs change) is trusted on its own: a peer's chain
 * that is followed from one to the other would go in a circle.
 *
 * @throws CarrierError `ERR_CARRIER_TLS_CONFIG` for CAs that vouch for each other only.
 */
export function trustAnchors(given: readonly X509Certificate[], what: string): X509Certificate[] {
  const roots = given.filter(isRoot);
  if (roots.length === given.length) return [...given];
  const known = new Set(roots.map(identityOf));
  const anchors = given.filter((one) => isRoot(one) || !known.has(identityOf(one)));
  let followed = anchors.filter((one) => !isRoot(one));
  // What remains when all who are issued by nobody that remains are taken away goes in a circle.
  for (;;) {
    const next = followed.filter((one) => followed.some((issuer) => one.checkIssued(issuer)));
    if (next.length === followed.length) break;
    followed = next;
  }
  const [one] = followed;
  if (one === undefined) return anchors;
  const name = one.subject.replaceAll("\n", ", ");
  const why = `"${name}" and its CA vouch for each other, and none for itself; add the root`;
  throw configError(what, why);
}

function isRoot(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate);
}

/** Subject and key; of a key that cannot be read here, the certificate alone. */
function identityOf(certificate: X509Certificate): string {
  try {
    return `${certificate.publicKey.export({ type: "spki", format: "der" }).toString("base64")} ${certificate.subject}`;
  } catch {
    return certificate.raw.toString("base64");
  }
}
