import { generateKeyPair, type KeyObject, webcrypto } from "node:crypto";
import { promisify } from "node:util";

const generate = promisify(generateKeyPair);

/** Kinds of keys that are made, as `--key` names them. */
const KINDS = {
  p256: { curve: "P-256" },
  p384: { curve: "P-384" },
  p521: { curve: "P-521" },
  rsa2048: { bits: 2048 },
  rsa3072: { bits: 3072 },
  rsa4096: { bits: 4096 },
} as const;

export type KeyKind = keyof typeof KINDS;

export const DEFAULT_KEY_KIND: KeyKind = "p256";

/** @throws TypeError for what is none, with what there is. */
export function readKeyKind(text: string): KeyKind {
  if (Object.hasOwn(KINDS, text)) return text as KeyKind;
  const weak = /^rsa(\d+)$/.exec(text)?.[1];
  const why = weak !== undefined && Number(weak) < 2048 ? `RSA of ${weak} bits is too weak; ` : "";
  throw new TypeError(`${why}expected one of ${Object.keys(KINDS).join(", ")}`);
}

/** A new private key. */
export async function generateKey(kind: KeyKind): Promise<KeyObject> {
  const options = KINDS[kind];
  const pair =
    "curve" in options
      ? await generate("ec", { namedCurve: options.curve })
      : await generate("rsa", { modulusLength: options.bits });
  return pair.privateKey;
}

/** A key that signs, for the X.509 library. */
export interface SigningKey {
  readonly key: webcrypto.CryptoKey;
  readonly algorithm: webcrypto.EcdsaParams & webcrypto.Algorithm;
}

const CURVES: Readonly<Record<string, { readonly namedCurve: string; readonly hash: string }>> = {
  prime256v1: { namedCurve: "P-256", hash: "SHA-256" },
  secp384r1: { namedCurve: "P-384", hash: "SHA-384" },
  secp521r1: { namedCurve: "P-521", hash: "SHA-512" },
};

/**
 * How a private key signs: ECDSA with the hash of the curve's size, RSA (PKCS #1 v1.5) with SHA-256.
 * @throws TypeError for a key that cannot be used here.
 */
export async function signingKey(key: KeyObject): Promise<SigningKey> {
  const type = key.asymmetricKeyType;
  const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ""];
  if (type === "ec" && curve !== undefined) return imported(key, { name: "ECDSA", ...curve });
  if (type === "rsa") return imported(key, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" });
  throw new TypeError(`a key of the kind ${describeKey(key)} is not supported`);
}

async function imported(
  key: KeyObject,
  algorithm: { readonly name: string; readonly hash: string; readonly namedCurve?: string },
): Promise<SigningKey> {
  const der = key.export({ type: "pkcs8", format: "der" });
  const usable = await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
  return { key: usable, algorithm };
}

/** As in `ECDSA P-256`, `RSA 2048 bits`. Of a private or public key. */
export function describeKey(key: KeyObject): string {
  const { namedCurve = "", modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "ec":
      return `ECDSA ${CURVES[namedCurve]?.namedCurve ?? namedCurve}`;
    case "rsa":
    case "rsa-pss":
      return `RSA ${modulusLength} bits`;
    case undefined:
      return "unknown";
    default:
      return key.asymmetricKeyType;
  }
}

/** Whether a key is strong enough: RSA of 2048 bits, a curve of 256. */
export function isStrongKey(key: KeyObject): boolean {
  const { namedCurve = "", modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "ec":
      return Number(/(?<=\D)\d{3}(?=\D|$)/.exec(namedCurve)?.[0] ?? 0) >= 256;
    case "rsa":
    case "rsa-pss":
      return modulusLength >= 2048;
    default:
      return key.asymmetricKeyType === "ed25519" || key.asymmetricKeyType === "ed448";
  }
}
