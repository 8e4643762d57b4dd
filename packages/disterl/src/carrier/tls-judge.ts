import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import {
  type CertificateFacts,
  certificateFacts,
  peerChain,
  type TlsCheck,
  type TlsProblem,
} from "./tls-certificate.ts";
import type { TlsServerSide } from "./tls-options.ts";

/** Whose certificate a peer is to have. */
export interface Expected {
  /** Host that the certificate must name; undefined: any. */
  readonly host: string | undefined;
  /** Full name of the node, which will do as well. */
  readonly node: string | undefined;
}

/** How deep a chain may be when nothing is said: as OTP. */
const DEFAULT_DEPTH = 10;

/**
 * Looks at a peer when the TLS handshake is done and before a byte of it is handed on: all that
 * `verify_peer` stands for. `verifyError` is OpenSSL's verdict on the chain.
 *
 * @returns why the peer is refused, or undefined.
 */
export function judgePeer(
  socket: TLSSocket,
  verifyError: string | undefined,
  where: "server" | "client",
  side: TlsServerSide,
  expected: Expected,
): TlsProblem | undefined {
  // Nobody resumes sessions here. Whoever manages to would have skipped the checks.
  if (socket.isSessionReused()) return problem("session", "resumed a session", noResumption);
  const chain = peerChain(socket);
  const [certificate] = chain;
  if (certificate === undefined) return withoutCertificate(where, side);
  const found = isChecked(side)
    ? failedCheck(chain, verifyError, where, side, expected)
    : undefined;
  if (side.verifyFun === undefined) return found;
  return lastWord(side.verifyFun, {
    side: where,
    certificate,
    chain,
    problem: found,
    node: expected.node,
  });
}

/** Whether certificates of peers are checked. */
export function isChecked({ verify }: TlsServerSide): boolean {
  return verify !== "verify_none";
}

const noResumption = "sessions are not resumed here, for that skips checks";

function withoutCertificate(
  where: "server" | "client",
  { verify, failIfNoPeerCert = true }: TlsServerSide,
): TlsProblem | undefined {
  if (verify === "verify_none" || (where === "server" && !failIfNoPeerCert)) return undefined;
  const remedy = `give its ${where === "server" ? "client" : "server"} side a certificate and key`;
  return problem("missing", "has shown no certificate", remedy);
}

function failedCheck(
  chain: readonly X509Certificate[],
  verifyError: string | undefined,
  where: "server" | "client",
  { depth = DEFAULT_DEPTH }: TlsServerSide,
  expected: Expected,
): TlsProblem | undefined {
  if (verifyError !== undefined) return chainProblem(chain, verifyError, where);
  const [certificate] = chain as [X509Certificate];
  // Between the peer's certificate and the trusted one, which is the last.
  const between = chain.length - 2;
  if (between > depth) {
    const text = `has ${between} certificates between it and its CA, more than depth ${depth} allows`;
    return problem("depth", text, "raise depth, or shorten the chain", certificate);
  }
  return nameProblem(certificate, expected);
}

function nameProblem(certificate: X509Certificate, expected: Expected): TlsProblem | undefined {
  const { host, node } = expected;
  if (host === undefined || isNamed(certificate, host)) return undefined;
  if (node !== undefined && hasName(certificate, `DNS:${node}`)) return undefined;
  const { names } = certificateFacts(certificate);
  const has = names === "" ? "it has no subjectAltName" : `it is for ${names}`;
  const text = `is not for the host ${host}: ${has}`;
  const kind = isIP(host) === 0 ? `DNS:${host}` : `IP:${host}`;
  return problem("name", text, `make one with the subjectAltName ${kind}`, certificate);
}

/** An address may stand as an address, or as a name, which is where OTP looks for it. */
function isNamed(certificate: X509Certificate, host: string): boolean {
  if (isIP(host) === 0)
    return certificate.checkHost(host, { partialWildcards: false }) !== undefined;
  return certificate.checkIP(host) !== undefined || hasName(certificate, `DNS:${host}`);
}

/** Node.js quotes names that could be taken for several. */
function hasName({ subjectAltName }: X509Certificate, name: string): boolean {
  const wanted = name.toLowerCase();
  return (subjectAltName ?? "").split(", ").some((found) => found.toLowerCase() === wanted);
}

function lastWord(
  verifyFun: NonNullable<TlsServerSide["verifyFun"]>,
  peer: Parameters<NonNullable<TlsServerSide["verifyFun"]>>[0],
): TlsProblem | undefined {
  let verdict: true | string;
  try {
    verdict = verifyFun(peer);
  } catch (error) {
    verdict = `verifyFun failed: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (verdict === true) return undefined;
  const text = `is refused by verifyFun: ${String(verdict)}`;
  return problem("verify_fun", text, "see the function given as verifyFun", peer.certificate);
}

/** What a verdict of OpenSSL means, and for which certificate of the chain it is. */
function chainProblem(
  chain: readonly X509Certificate[],
  code: string,
  where: "server" | "client",
): TlsProblem {
  const [leaf] = chain;
  const last = chain.at(-1);
  const now = Date.now();
  const use = where === "server" ? "clientAuth" : "serverAuth";
  switch (code) {
    case "CERT_HAS_EXPIRED": {
      const expired = chain.find(({ validTo }) => Date.parse(validTo) < now) ?? leaf;
      return problem("validity", "has expired", "renew it, or set the clock", expired);
    }
    case "CERT_NOT_YET_VALID": {
      const early = chain.find(({ validFrom }) => Date.parse(validFrom) > now) ?? leaf;
      return problem("validity", "is not valid yet", "wait, or set the clock", early);
    }
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return problem("issuer", "is signed by itself", "have it signed by a CA we trust", leaf);
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return problem("issuer", "is a CA that we do not trust", trustIt, last);
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return problem("issuer", "is not issued by a CA that we trust", trustIt, last);
    case "INVALID_PURPOSE":
      return problem(
        "purpose",
        `is not for this use (extendedKeyUsage without ${use})`,
        newOne,
        leaf,
      );
    case "INVALID_CA":
      return problem("authority", "is issued by one that is no CA", newOne, leaf);
    case "PATH_LENGTH_EXCEEDED":
    case "CERT_CHAIN_TOO_LONG":
      return problem("depth", "has too long a chain to its CA", "shorten the chain", leaf);
    case "CERT_REVOKED":
      return problem("revocation", "is revoked", newOne, leaf);
    case "UNABLE_TO_GET_CRL":
      return problem("revocation", "has an issuer without a revocation list", addCrl, leaf);
    case "CRL_HAS_EXPIRED":
    case "CRL_NOT_YET_VALID":
      return problem("revocation", "has an issuer whose revocation list is outdated", addCrl, leaf);
    case "CERT_SIGNATURE_FAILURE":
      return problem("signature", "has a wrong signature", trustIt, leaf);
    case "CA_MD_TOO_WEAK":
    case "EE_KEY_TOO_SMALL":
    case "CA_KEY_TOO_SMALL":
      return problem("strength", "has a key or a signature that is too weak", newOne, leaf);
    default:
      return problem("other", `fails a check of OpenSSL: ${code}`, newOne, leaf);
  }
}

const trustIt = "if it should be trusted, add its CA to cacertfile";
const newOne = "have a new one made";
const addCrl = "put a current list of each CA into crlfile or crlDir";

function problem(
  check: TlsCheck,
  text: string,
  remedy: string,
  certificate?: X509Certificate,
): TlsProblem {
  const facts: CertificateFacts | undefined =
    certificate === undefined ? undefined : certificateFacts(certificate);
  return { check, text, remedy, certificate: facts };
}
