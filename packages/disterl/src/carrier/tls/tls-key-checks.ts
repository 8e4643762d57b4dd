import type { X509Certificate } from "node:crypto";
import { certificateProblem, type TlsProblem } from "./tls-certificate.ts";
import { x509Fields } from "../x509/x509-fields.ts";

/** Shorter keys are within reach of whoever wants it enough. */
const LEAST_RSA_BITS = 2_048;

/** What OpenSSL lets pass: RSA keys that are too short, anywhere in the chain. */
export function weakKey(chain: readonly X509Certificate[]): TlsProblem | undefined {
  for (const certificate of chain) {
    const bits = rsaBits(certificate);
    if (bits >= LEAST_RSA_BITS) continue;
    const text = `has an RSA key of ${bits} bits, fewer than ${LEAST_RSA_BITS}`;
    return certificateProblem("strength", text, "have a new one made", certificate);
  }
  return undefined;
}

function rsaBits(certificate: X509Certificate): number {
  try {
    return certificate.publicKey.asymmetricKeyDetails?.modulusLength ?? Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY; // a kind of key that OpenSSL does not know, so not an RSA key
  }
}

/**
 * Whether the key may sign, as each peer's key does in TLS 1.3, and a client's in TLS 1.2. (The key of
 * a server in TLS 1.2 may be one that only encrypts; OpenSSL has checked that.)
 */
export function keyUsageProblem(
  certificate: X509Certificate,
  where: "server" | "client",
  protocol: string | null,
): TlsProblem | undefined {
  if (where === "client" && protocol !== "TLSv1.3") return undefined;
  try {
    if (x509Fields(certificate).signs) return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const text = `cannot be read: ${why}`;
    return certificateProblem("other", text, "have a new one made", certificate);
  }
  const text = "is not for this use (keyUsage without digitalSignature)";
  return certificateProblem("purpose", text, "have a new one made", certificate);
}
