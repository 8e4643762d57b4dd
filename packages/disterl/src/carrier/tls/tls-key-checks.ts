import type { KeyObject, X509Certificate } from "node:crypto";
import { certificateProblem, type TlsProblem } from "./tls-certificate.ts";
import { x509Fields } from "../x509/x509-fields.ts";

/** Shorter keys are within reach of whoever wants it enough: as NIST has it, 112 bits of strength. */
const LEAST_RSA_BITS = 2_048;
const LEAST_CURVE_BITS = 224;

/** 256 bits, and no number in its name. */
const SM2 = "SM2";

/** What OpenSSL lets pass: keys that are too short, anywhere in the chain. */
export function weakKey(chain: readonly X509Certificate[]): TlsProblem | undefined {
  for (const certificate of chain) {
    const text = weakness(certificate);
    if (text === undefined) continue;
    return certificateProblem("strength", text, "have a new one made", certificate);
  }
  return undefined;
}

function weakness(certificate: X509Certificate): string | undefined {
  let key: KeyObject;
  try {
    key = certificate.publicKey;
  } catch {
    return undefined; // a kind of key that OpenSSL does not know
  }
  const { modulusLength = LEAST_RSA_BITS, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < LEAST_RSA_BITS) {
    const kind = key.asymmetricKeyType === "dsa" ? "a DSA" : "an RSA";
    return `has ${kind} key of ${modulusLength} bits, fewer than ${LEAST_RSA_BITS}`;
  }
  if (key.asymmetricKeyType !== "ec" || namedCurve === SM2) return undefined;
  // prime192v1, secp160r1, sect163k1, brainpoolP160r1; those without a number are of early phones.
  const [bits] = /\d{3}/.exec(namedCurve) ?? [];
  if (bits === undefined) return `has a key on a curve that is not known here: ${namedCurve}`;
  if (Number(bits) >= LEAST_CURVE_BITS) return undefined;
  return `has a key on the curve ${namedCurve}, with fewer than ${LEAST_CURVE_BITS} bits`;
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
