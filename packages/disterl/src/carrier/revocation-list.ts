import { constants, createHash, type KeyObject, verify } from "node:crypto";
import {
  DER_BIT_STRING,
  DER_GENERALIZED_TIME,
  DER_INTEGER,
  DER_OID,
  DER_SEQUENCE,
  DER_UTC_TIME,
  derContext,
  DerError,
  DerReader,
  derTime,
  oidText,
} from "./der.ts";
import { nameText, serialText, type X509Extension, x509Extensions } from "./x509-fields.ts";

const ISSUING_POINT = "2.5.29.28";
const DELTA = "2.5.29.27";
/** Extensions of a list that change nothing: authority key, number, freshest list. */
const HARMLESS = new Set(["2.5.29.35", "2.5.29.20", "2.5.29.46"]);
/** Of an entry: reason, date of invalidity. */
const HARMLESS_OF_ENTRIES = new Set(["2.5.29.21", "2.5.29.24"]);

/** Which certificates of its issuer a list is about. */
type Scope = "all" | "leaves" | "authorities";

/**
 * A list of revoked certificates (RFC 5280, section 5.1):
 *
 *     CertificateList  = { tbsCertList, signatureAlgorithm, signature }
 *     tbsCertList      = { version?, algorithm, issuer, thisUpdate, nextUpdate?, revoked?, [0] extensions? }
 *     revoked          = { { serial, date, extensions? }, … }
 *
 * Whole lists of one issuer only: what lists changes to another one (delta), speaks for other issuers
 * (indirect) or for a part of the certificates that cannot be told from the certificate alone, is
 * refused. {@link isSignedBy} says whether it is genuine; nothing in it counts before that.
 */
export class RevocationList {
  /** As `nameText`. */
  readonly issuer: string;
  readonly thisUpdate: number;
  /** Milliseconds; a list without an end does not become outdated. */
  readonly nextUpdate: number;
  readonly scope: Scope;
  readonly #revoked = new Set<string>();
  readonly #tbs: Uint8Array;
  readonly #signature: Uint8Array;
  readonly #algorithm: Algorithm;
  /** Keys that were tried, by their digest. */
  readonly #tried = new Map<string, boolean>();

  /** @throws DerError saying what is wrong with it. */
  constructor(der: Uint8Array) {
    const outer = new DerReader(der);
    const list = outer.within(DER_SEQUENCE);
    outer.end();
    const tbs = list.next(DER_SEQUENCE);
    const algorithm = list.next(DER_SEQUENCE);
    this.#signature = bits(list.next(DER_BIT_STRING).content);
    list.end();
    this.#tbs = tbs.whole;
    this.#algorithm = algorithmOf(algorithm.content);
    const inner = new DerReader(tbs.content);
    inner.optional(DER_INTEGER);
    if (!sameBytes(inner.next(DER_SEQUENCE).content, algorithm.content)) {
      throw new DerError("the list names two algorithms of its signature");
    }
    this.issuer = nameText(inner.next(DER_SEQUENCE).content);
    this.thisUpdate = derTime(inner.next());
    const ends = isTime(inner.nextTag) ? inner.next() : undefined;
    this.nextUpdate = ends === undefined ? Number.POSITIVE_INFINITY : derTime(ends);
    if (inner.nextTag === DER_SEQUENCE) this.#readEntries(inner.within(DER_SEQUENCE));
    const extensions = inner.optional(derContext(0));
    inner.end();
    this.scope = scopeOf(extensions === undefined ? [] : x509Extensions(extensions.content));
  }

  /** How many certificates it revokes. */
  get size(): number {
    return this.#revoked.size;
  }

  /** Whether it is in force at that time. */
  isCurrent(now: number): boolean {
    return this.thisUpdate <= now && now < this.nextUpdate;
  }

  /** `serial` as of `x509Fields`. */
  revokes(serial: string): boolean {
    return this.#revoked.has(serial);
  }

  /** Whether the list was signed with that key. Each key is tried once. */
  isSignedBy(key: KeyObject): boolean {
    const digest = createHash("sha256")
      .update(key.export({ type: "spki", format: "der" }))
      .digest("hex");
    let isSigned = this.#tried.get(digest);
    if (isSigned === undefined) {
      isSigned = this.#isSignedBy(key);
      if (this.#tried.size >= MOST_KEYS) this.#tried.clear();
      this.#tried.set(digest, isSigned);
    }
    return isSigned;
  }

  #isSignedBy(key: KeyObject): boolean {
    const { hash, keyType, padding, saltLength } = this.#algorithm;
    if (
      key.asymmetricKeyType !== keyType &&
      !(keyType === "rsa" && key.asymmetricKeyType === "rsa-pss")
    ) {
      return false;
    }
    try {
      const how = padding === undefined ? key : { key, padding, saltLength: saltLength ?? 20 };
      return verify(hash, this.#tbs, how, this.#signature);
    } catch {
      return false; // a key that is not made for that
    }
  }

  #readEntries(entries: DerReader): void {
    while (!entries.done) {
      const entry = entries.within(DER_SEQUENCE);
      const serial = serialText(entry.next(DER_INTEGER).content);
      derTime(entry.next());
      if (!entry.done) {
        for (const { id, isCritical } of x509Extensions(entry.next(DER_SEQUENCE).whole)) {
          if (isCritical && !HARMLESS_OF_ENTRIES.has(id)) {
            throw new DerError(`an entry has a critical extension ${id}, as indirect lists have`);
          }
        }
      }
      entry.end();
      this.#revoked.add(serial);
    }
  }
}

const MOST_KEYS = 64;

interface Algorithm {
  /** Null where the kind of key says it. */
  readonly hash: string | null;
  readonly keyType: "rsa" | "ec" | "ed25519" | "ed448";
  readonly padding?: number;
  readonly saltLength?: number;
}

const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
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

function algorithmOf(content: Uint8Array): Algorithm {
  const reader = new DerReader(content);
  const id = oidText(reader.next(DER_OID).content);
  if (id === RSA_PSS) return pssOf(reader.within(DER_SEQUENCE));
  const found = Object.hasOwn(ALGORITHMS, id) ? ALGORITHMS[id] : undefined;
  if (found !== undefined) return found;
  throw new DerError(`the list is signed with an algorithm that is too weak or unknown: ${id}`);
}

/** RFC 4055, section 3.1: the same hash twice, and the length of the salt. */
function pssOf(parameters: DerReader): Algorithm {
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

function scopeOf(extensions: readonly X509Extension[]): Scope {
  let scope: Scope = "all";
  for (const { id, isCritical, value } of extensions) {
    if (id === DELTA) throw new DerError("it is a delta list: what changes to another one");
    if (id === ISSUING_POINT) scope = scopeOfPoint(value);
    else if (isCritical && !HARMLESS.has(id)) {
      throw new DerError(`it has a critical extension that is not known here: ${id}`);
    }
  }
  return scope;
}

/** issuingDistributionPoint: only `[1]` and `[2]`, users' certificates and CAs', leave a whole list. */
function scopeOfPoint(value: Uint8Array): Scope {
  const point = new DerReader(value).within(DER_SEQUENCE);
  let scope: Scope = "all";
  while (!point.done) {
    const { tag, content } = point.next();
    const isSet = content[0] !== 0;
    if (tag === 0x81 && isSet) scope = "leaves";
    else if (tag === 0x82 && isSet) scope = "authorities";
    else if (tag !== derContext(0) && isSet) {
      throw new DerError("it is about some reasons only, or for other issuers (indirect)");
    } else if (tag === derContext(0)) {
      throw new DerError("it is about the certificates of one distribution point only");
    }
  }
  return scope;
}

function bits(content: Uint8Array): Uint8Array {
  if (content[0] !== 0) throw new DerError("a signature that ends within a byte");
  return content.subarray(1);
}

function isTime(tag: number | undefined): boolean {
  return tag === DER_UTC_TIME || tag === DER_GENERALIZED_TIME;
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
