import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { printable } from "../../bytes/printable.ts";
import { x509Fields } from "../x509/x509-fields.ts";
import { certificateProblem, peerChain, type TlsProblem } from "./tls-certificate.ts";
import { shownCertificates, type Ways, waysUp } from "./tls-chain.ts";
import { keyUsageProblem, weakKey } from "./tls-key-checks.ts";
import { type Expected, nameProblem } from "./tls-names.ts";
import type { TlsServerSide } from "./tls-options.ts";
import { policyProblem } from "./tls-policies.ts";
import { type Revocation, revocationProblem } from "./tls-revocation.ts";
import { chainProblem, verdictOf } from "./tls-verdicts.ts";

/** What a peer is judged by. */
export interface Judging {
  /** Which side we are. */
  readonly where: "server" | "client";
  readonly side: TlsServerSide;
  readonly revocation: Revocation;
  readonly expected: Expected;
}

/** What came of it. */
export interface Judgement {
  /** Why the peer is refused; undefined: it is not. */
  readonly problem: TlsProblem | undefined;
  /** What it has shown. */
  readonly certificate: X509Certificate | undefined;
  /** As {@link Expected.isConstrained}. */
  readonly isConstrained: boolean;
}

/** How deep a chain may be when nothing is said: as OTP. */
const DEFAULT_DEPTH = 10;

/**
 * Looks at a peer when the TLS handshake is done and before a byte of it is handed on: all that
 * `verify_peer` stands for, on top of OpenSSL's verdict on the chain.
 */
export function judgePeer(socket: TLSSocket, judging: Judging): Judgement {
  try {
    return judged(socket, judging);
  } catch (error) {
    // Whoever shows something that cannot even be looked at is not let in, and ends nothing else.
    const why = error instanceof Error ? error.message : String(error);
    const problem = certificateProblem(
      "other",
      `cannot be looked at: ${printable(why)}`,
      "have a new one made",
    );
    return { problem, certificate: undefined, isConstrained: true };
  }
}

function judged(socket: TLSSocket, judging: Judging): Judgement {
  // Nobody resumes sessions here. Whoever manages to would have skipped the checks.
  if (socket.isSessionReused()) {
    const [certificate] = peerChain(socket);
    const problem = certificateProblem("session", "resumed a session", noResumption);
    return { problem, certificate, isConstrained: true };
  }
  const isGood = isChecked(judging.side) && socket.authorized;
  const shown = isGood ? shownCertificates(socket) : peerChain(socket);
  const [certificate] = shown;
  if (certificate === undefined) {
    const problem = withoutCertificate(judging.where, judging.side);
    return { problem, certificate, isConstrained: false };
  }
  const found = isChecked(judging.side) ? checked(socket, shown, judging) : UNCHECKED;
  const { problem, isConstrained, ways = [] } = found;
  const { verifyFun } = judging.side;
  if (verifyFun === undefined) return { problem, certificate, isConstrained };
  const { where: side, expected } = judging;
  // What it has shown proves nothing; it is all there is where nothing leads to a CA.
  const chain = ways.length > 0 ? ways : shown;
  const peer = { side, certificate, chain, problem, node: expected.node };
  return { problem: lastWord(verifyFun, peer), certificate, isConstrained };
}

/** What the checks have found. */
interface Checked extends Pick<Judgement, "problem" | "isConstrained"> {
  /** The certificates on the ways to trusted CAs, when there are any. */
  readonly ways?: readonly X509Certificate[];
}

const UNCHECKED: Checked = { problem: undefined, isConstrained: false };

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
  return certificateProblem("missing", "has shown no certificate", remedy);
}

function checked(socket: TLSSocket, shown: readonly X509Certificate[], judging: Judging): Checked {
  if (!socket.authorized) {
    const problem = chainProblem(shown, verdictOf(socket), judging.where);
    return { problem, isConstrained: true };
  }
  const [certificate] = shown as [X509Certificate];
  const ways = waysUp(shown, judging.revocation.trusted);
  if ("check" in ways) return { problem: ways, isConstrained: true };
  const isConstrained = ways.certificates.slice(1).some(isConstraining);
  const { where, side, revocation } = judging;
  const problem =
    noWay(certificate, ways) ??
    depthProblem(certificate, ways, side) ??
    weakKey(ways.certificates) ??
    keyUsageProblem(certificate, where, socket.getProtocol()) ??
    policyProblem(ways) ??
    revocationProblem(ways, revocation) ??
    nameProblem(certificate, { ...judging.expected, isConstrained });
  return { problem, isConstrained, ways: ways.certificates };
}

function depthProblem(
  certificate: X509Certificate,
  { between }: Ways,
  { depth = DEFAULT_DEPTH }: TlsServerSide,
): TlsProblem | undefined {
  if (between <= depth) return undefined;
  const text = `has ${between} certificates between it and its CA, more than depth ${depth} allows`;
  return certificateProblem("depth", text, "raise depth, or shorten the chain", certificate);
}

function isConstraining(authority: X509Certificate): boolean {
  try {
    return x509Fields(authority).isConstraining;
  } catch {
    return true; // what cannot be read may
  }
}

/** OpenSSL has found a way with CAs that have been taken out since, or with kinds of keys unknown here. */
function noWay(certificate: X509Certificate, { certificates }: Ways): TlsProblem | undefined {
  if (certificates.length > 0) return undefined;
  const text = "has signatures that do not lead to a CA that we trust";
  return certificateProblem("issuer", text, "have the peer send its whole chain", certificate);
}

function lastWord(
  verifyFun: NonNullable<TlsServerSide["verifyFun"]>,
  peer: Parameters<NonNullable<TlsServerSide["verifyFun"]>>[0],
): TlsProblem | undefined {
  let verdict: unknown;
  try {
    verdict = verifyFun(peer);
  } catch (error) {
    verdict = `verifyFun failed: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (verdict === true) return undefined;
  if (verdict instanceof Promise) {
    verdict.catch(() => {}); // a peer that it rejects is refused, and is not to end the program
    verdict = "it returned a promise, and has to answer at once";
  }
  const text = `is refused by verifyFun: ${printable(String(verdict))}`;
  return certificateProblem(
    "verify_fun",
    text,
    "see the function given as verifyFun",
    peer.certificate,
  );
}
