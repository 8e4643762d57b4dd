import { createHash, type KeyObject } from "node:crypto";
import {
  DER_BIT_STRING,
  DER_GENERALIZED_TIME,
  DER_INTEGER,
  DER_SEQUENCE,
  DER_UTC_TIME,
  derContext,
  DerError,
  DerReader,
  derTime,
} from "./der.ts";
import { isSignature, type SignatureAlgorithm, signatureAlgorithm } from "./x509-signature.ts";
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
  readonly #algorithm: SignatureAlgorithm;
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
    this.#algorithm = signatureAlgorithm(algorithm.content);
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

  /** Whether the list was signed with that key. Each key is tried once, as told by its {@link keyDigest}. */
  isSignedBy(key: KeyObject, digest = keyDigest(key)): boolean {
    let isSigned = this.#tried.get(digest);
    if (isSigned === undefined) {
      isSigned = isSignature(this.#signature, this.#tbs, this.#algorithm, key);
      if (this.#tried.size >= MOST_KEYS) this.#tried.clear();
      this.#tried.set(digest, isSigned);
    }
    return isSigned;
  }

  #readEntries(entries: DerReader): void {
    while (!entries.done) {
      const entry = entries.within(DER_SEQUENCE);
      const serial = serialText(entry.next(DER_INTEGER).content);
      // Below zero, and longer than it has to be: certificates cannot have it so.
      const shorter = serial.replace(/^(?:ff)+(?=[89a-f].)/, "");
      const { tag } = entry.next(); // since when does not matter
      if (!isTime(tag)) throw new DerError(`an entry has tag ${tag} where its time is to be`);
      if (!entry.done) {
        for (const { id, isCritical } of x509Extensions(entry.next(DER_SEQUENCE).whole)) {
          if (isCritical && !HARMLESS_OF_ENTRIES.has(id)) {
            throw new DerError(`an entry has a critical extension ${id}, as indirect lists have`);
          }
        }
      }
      entry.end();
      this.#revoked.add(serial).add(shorter);
    }
  }
}

/** What tells a public key from others. */
export function keyDigest(key: KeyObject): string {
  const spki = key.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("hex");
}

const MOST_KEYS = 64;

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
    // Reasons are bits, whose first byte says how many are unused: any bits at all leave some out.
    const isSet = tag === REASONS || content[0] !== 0;
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

const REASONS = 0x83;

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
