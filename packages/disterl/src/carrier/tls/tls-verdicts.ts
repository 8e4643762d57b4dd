import type { X509Certificate } from "node:crypto";
import { certificateProblem, type TlsProblem } from "./tls-certificate.ts";

/** What a verdict of OpenSSL means, and for which certificate of the chain it is. */
export function chainProblem(
  chain: readonly X509Certificate[],
  code: string,
  where: "server" | "client",
): TlsProblem {
  const [leaf] = chain;
  const last = chain.at(-1);
  switch (code) {
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return dateProblem(chain, code);
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return certificateProblem(
        "issuer",
        "is signed by itself",
        "have a CA we trust sign it",
        leaf,
      );
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return certificateProblem("issuer", "is a CA that we do not trust", trustIt, last);
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return certificateProblem("issuer", "is not issued by a CA that we trust", trustIt, last);
    case "INVALID_PURPOSE":
    case "INVALID_CA":
      return purposeProblem(chain, where);
    case "PATH_LENGTH_EXCEEDED":
    case "CERT_CHAIN_TOO_LONG":
      return certificateProblem("depth", "has too long a chain to its CA", "shorten it", leaf);
    case "CERT_SIGNATURE_FAILURE":
      return certificateProblem("signature", "has a wrong signature", trustIt, leaf);
    case "CA_MD_TOO_WEAK":
    case "EE_KEY_TOO_SMALL":
    case "CA_KEY_TOO_SMALL": {
      const text = "has a key or a signature that is too weak";
      return certificateProblem("strength", text, newOne, leaf);
    }
    default:
      return certificateProblem("other", `fails a check of OpenSSL: ${code}`, newOne, leaf);
  }
}

function dateProblem(chain: readonly X509Certificate[], code: string): TlsProblem {
  const now = Date.now();
  const [leaf] = chain;
  if (code === "CERT_HAS_EXPIRED") {
    const expired = chain.find(({ validTo }) => Date.parse(validTo) < now) ?? leaf;
    return certificateProblem("validity", "has expired", "renew it, or set the clock", expired);
  }
  const early = chain.find(({ validFrom }) => Date.parse(validFrom) > now) ?? leaf;
  return certificateProblem("validity", "is not valid yet", "wait, or set the clock", early);
}

/** OpenSSL tells the last thing it finds wrong; which one of the chain it is for, we look up. */
function purposeProblem(chain: readonly X509Certificate[], where: "server" | "client"): TlsProblem {
  const issuer = chain.slice(1).find(({ ca }) => !ca);
  if (issuer !== undefined) {
    const text = "has issued the one before it, and is no CA";
    return certificateProblem("authority", text, newOne, issuer);
  }
  const use = where === "server" ? "clientAuth" : "serverAuth";
  const text = `is not for this use (extendedKeyUsage without ${use})`;
  return certificateProblem("purpose", text, newOne, chain[0]);
}

const trustIt = "if it should be trusted, add its CA to cacertfile";
const newOne = "have a new one made";
