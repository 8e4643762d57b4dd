import type { KeyObject } from "node:crypto";
import { asNode, type CertificateFacts, certificateFacts } from "./certificate-facts.ts";
import { missingNames } from "./certified-names.ts";
import { crlNumber, revocationsOf } from "./revocation-list.ts";
import { DAY, moment } from "./validity.ts";
import type { X509Certificate, X509Crl } from "./x509-library.ts";

/** The checks, in the order in which they are told. */
export type Check =
  | "chain"
  | "dates"
  | "usage"
  | "key"
  | "signature"
  | "revocation"
  | "names"
  | "private key";

/** What one check found about one certificate. */
export interface Finding {
  readonly check: Check;
  readonly verdict: "ok" | "warning" | "failed";
  /** Subject of the certificate. */
  readonly certificate: string;
  readonly detail: string;
  readonly remedy?: string;
}

/** What a certificate is held against. */
export interface CheckOptions {
  /** Whom to trust. */
  readonly anchors: readonly X509Certificate[];
  readonly crls: readonly X509Crl[];
  /** The node that the certificate should be of; without one, names are not checked. */
  readonly node?: string | undefined;
  /** Its private key, where it is at hand. */
  readonly key?: KeyObject | undefined;
  readonly at: Date;
}

const LONGEST_CHAIN = 10;

/**
 * Checks a certificate as a node does that connects to it, and more.
 * @param certificates it, then those between it and a CA.
 */
export async function checkCertificate(
  certificates: readonly [X509Certificate, ...X509Certificate[]],
  options: CheckOptions,
): Promise<readonly Finding[]> {
  const [leaf] = certificates;
  const { chain, finding } = buildChain(certificates, options.anchors);
  const findings = [finding];
  for (const [depth, certificate] of chain.entries()) {
    const facts = certificateFacts(certificate);
    findings.push(checkDates(facts, options.at));
    findings.push(depth === 0 ? checkLeafUsage(facts) : checkCaUsage(facts, depth - 1));
    findings.push(...checkConstraints(facts));
    findings.push(...checkStrength(facts));
    const issuer = chain[depth + 1];
    if (issuer !== undefined) {
      findings.push(await checkRevocation(facts, issuer, options.crls, options.at));
    }
  }
  if (options.node !== undefined) findings.push(checkNames(options.node, certificateFacts(leaf)));
  if (options.key !== undefined) findings.push(checkKey(leaf, options.key));
  return findings;
}

/** From the certificate to an anchor, as far as it goes. */
function buildChain(
  [leaf, ...between]: readonly [X509Certificate, ...X509Certificate[]],
  anchors: readonly X509Certificate[],
): { readonly chain: readonly X509Certificate[]; readonly finding: Finding } {
  const chain = [leaf];
  const anchored = (one: X509Certificate): boolean => anchors.some((anchor) => anchor.equal(one));
  let last = leaf;
  while (!anchored(last) && chain.length < LONGEST_CHAIN) {
    const issuer = [...anchors, ...between].find((one) => !one.equal(last) && issued(one, last));
    if (issuer === undefined) return { chain, finding: broken(last, leaf, anchors) };
    chain.push(issuer);
    last = issuer;
  }
  const found = { check: "chain", certificate: leaf.subject } as const;
  if (!anchored(last)) {
    const detail = `no CA that is trusted within ${LONGEST_CHAIN} certificates`;
    return { chain, finding: { ...found, verdict: "failed", detail } };
  }
  if (last === leaf) {
    const detail = "the certificate is itself what is trusted: whoever has its key is every node";
    const remedy = "make a CA and certify the node with it: disterl cert init, disterl cert node";
    return { chain, finding: { ...found, verdict: "warning", detail, remedy } };
  }
  const detail = chain.map(({ subject }) => subject).join(" < ");
  return { chain, finding: { ...found, verdict: "ok", detail } };
}

function issued(issuer: X509Certificate, subject: X509Certificate): boolean {
  if (issuer.subject !== subject.issuer) return false;
  return asNode(subject).verify(asNode(issuer).publicKey);
}

function broken(
  last: X509Certificate,
  leaf: X509Certificate,
  anchors: readonly X509Certificate[],
): Finding {
  const namesakes = anchors.some(({ subject }) => subject === last.issuer);
  const trusted = anchors.map(({ subject }) => subject).join(", ") || "nobody";
  const self = last.subject === last.issuer;
  const how = self
    ? "is self-signed and not among what is trusted"
    : namesakes
      ? `was not signed by the key of ${last.issuer} that is trusted: another CA of that name, or a forgery`
      : `was issued by ${last.issuer}; trusted is ${trusted}`;
  return {
    check: "chain",
    verdict: "failed",
    certificate: leaf.subject,
    detail: last === leaf ? how : `${last.subject} ${how}`,
    remedy: "name the CA that issued it with --ca, or issue it anew",
  };
}

function checkDates({ subject, notBefore, notAfter }: CertificateFacts, at: Date): Finding {
  const found = { check: "dates", certificate: subject } as const;
  const remedy = "disterl cert renew makes a new one";
  if (at < notBefore) {
    const detail = `not valid before ${moment(notBefore)}`;
    return { ...found, verdict: "failed", detail, remedy: "check the clock, or issue it anew" };
  }
  if (at > notAfter) {
    return { ...found, verdict: "failed", detail: `expired at ${moment(notAfter)}`, remedy };
  }
  const left = Math.floor((notAfter.getTime() - at.getTime()) / DAY);
  const detail = `valid until ${moment(notAfter)}, ${left} days`;
  return left < 30
    ? { ...found, verdict: "warning", detail, remedy }
    : { ...found, verdict: "ok", detail };
}

/** A node answers and dials: it needs both purposes. And it certifies nobody. */
function checkLeafUsage(facts: CertificateFacts): Finding {
  const { extendedKeyUsage: purposes, keyUsage: uses } = facts;
  const wrong = lackingPurposes(facts);
  if (uses !== undefined && !uses.includes("digitalSignature")) {
    wrong.push("the key usage lacks digitalSignature");
  }
  if (facts.ca || uses?.includes("keyCertSign") === true) {
    wrong.push("it is that of a CA: whoever has its key can certify others");
  }
  return usage(facts, wrong, (purposes ?? ["any purpose"]).join(", "));
}

/** "Any purpose" does not do: nodes want the two by name, ours and Erlang's. */
function lackingPurposes({ extendedKeyUsage: purposes }: CertificateFacts): string[] {
  return ["serverAuth", "clientAuth"]
    .filter((purpose) => purposes?.includes(purpose) === false)
    .map((purpose) => `the extended key usage lacks ${purpose}`);
}

/** `below`: how many CAs are between it and the node's certificate. */
function checkCaUsage(facts: CertificateFacts, below: number): Finding {
  const wrong = lackingPurposes(facts); // a CA certifies for the purposes that it has
  const { pathLength = below } = facts;
  if (!facts.ca) wrong.push("it signed a certificate and is not that of a CA");
  if (facts.keyUsage?.includes("keyCertSign") === false) {
    wrong.push("the key usage lacks keyCertSign");
  }
  if (pathLength < below) {
    wrong.push(
      `${below} CAs are between it and the node, and its path length allows ${pathLength}`,
    );
  }
  return usage(facts, wrong, "CA");
}

/** What a node looks at, and what refuses the certificate whatever else it says. */
function checkConstraints(facts: CertificateFacts): readonly Finding[] {
  const { subject: certificate, unknownExtensions, constraints } = facts;
  const found = { check: "usage", certificate } as const;
  const findings: Finding[] = [];
  if (unknownExtensions.length > 0) {
    const detail = `critical extensions that nodes do not know: ${unknownExtensions.join(", ")}`;
    findings.push({ ...found, verdict: "failed", detail, remedy: "issue it anew without them" });
  }
  if (constraints.length > 0) {
    const detail = `${constraints.join(" and ")}: nodes hold the certificates below it against that`;
    const remedy = "that is not checked here: see whether a node lets it in";
    findings.push({ ...found, verdict: "warning", detail, remedy });
  }
  return findings;
}

function usage({ subject }: CertificateFacts, wrong: readonly string[], right: string): Finding {
  const found = { check: "usage", certificate: subject } as const;
  return wrong.length === 0
    ? { ...found, verdict: "ok", detail: right }
    : { ...found, verdict: "failed", detail: wrong.join("; "), remedy: "issue it anew" };
}

function checkStrength(facts: CertificateFacts): readonly Finding[] {
  const { subject: certificate, key, signature, strongKey, strongSignature } = facts;
  const selfSigned = facts.issuer === facts.subject;
  const weak = { verdict: "failed", remedy: "issue it anew with a strong key" } as const;
  const findings: Finding[] = [
    strongKey
      ? { check: "key", certificate, verdict: "ok", detail: key }
      : {
          check: "key",
          certificate,
          ...weak,
          detail: `${key} is weak: RSA needs 2048 bits, a curve 256`,
        },
  ];
  // Who trusts a root trusts its key; what it signed itself with proves nothing.
  if (selfSigned) return findings;
  findings.push(
    strongSignature
      ? { check: "signature", certificate, verdict: "ok", detail: signature }
      : {
          check: "signature",
          certificate,
          ...weak,
          detail: `${signature} is weak: SHA-256 or more is needed`,
        },
  );
  return findings;
}

async function checkRevocation(
  facts: CertificateFacts,
  issuer: X509Certificate,
  crls: readonly X509Crl[],
  at: Date,
): Promise<Finding> {
  const found = { check: "revocation", certificate: facts.subject } as const;
  const crl = newest(crls.filter((one) => one.issuer === issuer.subject));
  if (crl === undefined) {
    const detail = `no list of what ${issuer.subject} revoked`;
    return { ...found, verdict: "warning", detail, remedy: "name it with --crl" };
  }
  if (!(await crl.verify({ publicKey: issuer }))) {
    const detail = `the list is not signed by ${issuer.subject}`;
    return { ...found, verdict: "failed", detail, remedy: "take the list of that CA" };
  }
  const entry = revocationsOf(crl).find(({ serial }) => serial === facts.serial);
  if (entry !== undefined) {
    const why = entry.reason === undefined ? "" : `, ${entry.reason}`;
    const detail = `revoked at ${moment(entry.at)}${why}`;
    return { ...found, verdict: "failed", detail, remedy: "issue a new certificate" };
  }
  const { nextUpdate } = crl;
  if (nextUpdate !== undefined && at > nextUpdate) {
    const detail = `the list counted until ${moment(nextUpdate)}`;
    return { ...found, verdict: "failed", detail, remedy: "disterl cert renew crl" };
  }
  return { ...found, verdict: "ok", detail: `not in list ${crlNumber(crl) ?? "without number"}` };
}

function newest(crls: readonly X509Crl[]): X509Crl | undefined {
  const number = (crl: X509Crl): bigint => crlNumber(crl) ?? 0n;
  const later = (a: X509Crl, b: X509Crl): number =>
    b.thisUpdate.getTime() - a.thisUpdate.getTime() || Number(number(b) - number(a));
  return crls.toSorted(later)[0];
}

function checkNames(node: string, { subject, names }: CertificateFacts): Finding {
  const found = { check: "names", certificate: subject } as const;
  const listed = [...names.nodes, ...names.dns, ...names.ip].join(", ") || "nothing";
  const missing = missingNames(node, names);
  if (missing.length === 0) return { ...found, verdict: "ok", detail: listed };
  const detail = `subjectAltName lacks ${missing.join(" and ")}; it lists ${listed}. The subject is no substitute`;
  const remedy = `disterl cert node ${node} makes one with the right names`;
  return { ...found, verdict: "failed", detail, remedy };
}

function checkKey(leaf: X509Certificate, key: KeyObject): Finding {
  const found = { check: "private key", certificate: leaf.subject } as const;
  return asNode(leaf).checkPrivateKey(key)
    ? { ...found, verdict: "ok", detail: "belongs to the certificate" }
    : {
        ...found,
        verdict: "failed",
        detail: "belongs to another certificate",
        remedy: "put the key and the certificate of one run beside each other",
      };
}
