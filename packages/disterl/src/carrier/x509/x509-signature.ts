import { constants, type KeyObject, verify } from "node:crypto";
import {
  DER_INTEGER,
  DER_OID,
  DER_SEQUENCE,
  derContext,
  DerError,
  DerReader,
  oidText,
} from "./der.ts";

/** How something was signed. */
export interface SignatureAlgorithm {
  /** Null where the kind of key says it. */
  readonly hash: string | null;
  readonly keyType: "rsa" | "ec" | "ed25519" | "ed448";
  readonly padding?: number;
  readonly saltLength?: number;
}

const ALGORITHMS: Readonly<Record<string, SignatureAlgorithm>> = {
  "1.2.840.113549.1.1.11": { hash: "sha256", keyType: "rsa" },
  "1.2.840.113549.1.1.12": { hash: "sha384", keyType: "rsa" },
  "1.2.840.113549.1.1.13": { hash: "sha512", keyType: "rsa" },
  "1.2.840.10045.4.3.2": { hash: "sha256", keyType: "ec" },
  "1.2.840.10045.4.3.3": { hash: "sha384", keyType: "ec" },
  "1.2.840.10045.4.3.4": { hash: "sha512", keyType: "ec" },
  "1.3.101.112": { hash: null, keyType: "ed25519" },
  "1.3.101.113": { hash: null, keyType: "ed448" },
};

const RSA_PSS = "1.2.840.113549.1.1.10";
const HASHES: Readonly<Record<string, string>> = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

/**
 * What an AlgorithmIdentifier (its content) stands for.
 * @throws DerError for those that are too weak, SHA-1 among them, and for unknown ones.
 */
export function signatureAlgorithm(content: Uint8Array): SignatureAlgorithm {
  const reader = new DerReader(content);
  const id = oidText(reader.next(DER_OID).content);
  if (id === RSA_PSS) return pssOf(reader.within(DER_SEQUENCE));
  const found = Object.hasOwn(ALGORITHMS, id) ? ALGORITHMS[id] : undefined;
  if (found !== undefined) return found;
  throw new DerError(`the list is signed with an algorithm that is too weak or unknown: ${id}`);
}

/** RFC 4055, section 3.1: the same hash twice, and the length of the salt. */
function pssOf(parameters: DerReader): SignatureAlgorithm {
  const named = (element: Uint8Array | undefined) =>
    element && HASHES[oidText(new DerReader(element).within(DER_SEQUENCE).next(DER_OID).content)];
  const hash = named(parameters.optional(derContext(0))?.content);
  const mask = parameters.optional(derContext(1))?.content;
  const salt = parameters.optional(derContext(2))?.content;
  const maskReader = mask && new DerReader(mask).within(DER_SEQUENCE);
  maskReader?.next(DER_OID);
  const maskHash = maskReader && named(maskReader.next(DER_SEQUENCE).whole);
  if (hash === undefined || maskHash !== hash) {
    throw new DerError("the list is signed with RSA-PSS and a hash that is too weak or unknown");
  }
  const [saltLength = 20] = salt === undefined ? [] : new DerReader(salt).next(DER_INTEGER).content;
  return { hash, keyType: "rsa", padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
}

/** Whether a signature over bytes is of that key; false also for a key that is not made for it. */
export function isSignature(
  signature: Uint8Array,
  bytes: Uint8Array,
  { hash, keyType, padding, saltLength }: SignatureAlgorithm,
  key: KeyObject,
): boolean {
  const kind = key.asymmetricKeyType === "rsa-pss" ? "rsa" : key.asymmetricKeyType;
  if (kind !== keyType) return false;
  try {
    const how = padding === undefined ? key : { key, padding, saltLength: saltLength ?? 20 };
    return verify(hash, bytes, how, signature);
  } catch {
    return false;
  }
}
