import { printable } from "../../bytes/printable.ts";
import { CarrierError, type CarrierErrorCode, dialError } from "../errors.ts";
import {
  type CertificateFacts,
  certificateText,
  type TlsCheck,
  type TlsProblem,
} from "./tls-certificate.ts";

/** A certificate was refused: which check failed, and on which certificate. */
export class TlsCertificateError extends CarrierError {
  /** The check that failed. */
  readonly check: TlsCheck;
  /** The one that the check failed on; it may be one of the chain. Undefined: there was none. */
  readonly certificate: CertificateFacts | undefined;

  constructor(code: CarrierErrorCode, message: string, problem: TlsProblem) {
    super(code, message);
    this.check = problem.check;
    this.certificate = problem.certificate;
  }
}

/** We refuse a peer. `peer` is its address, or the node that was dialled. */
export function certificateError(peer: string, problem: TlsProblem): TlsCertificateError {
  const { certificate, text, remedy } = problem;
  const subject =
    certificate === undefined ? "it" : `its certificate ${certificateText(certificate)}`;
  const message = `tls: refused ${peer}: ${subject} ${text}; ${remedy}`;
  return new TlsCertificateError("ERR_CARRIER_TLS_CERTIFICATE", message, problem);
}

/** We refuse a peer that claims to be a node, or to be on a host. */
export function claimError(
  address: string,
  name: string,
  problem: TlsProblem,
): TlsCertificateError {
  const asked = name.includes("@") ? `claims to be ${printable(name)}` : "asks for a name";
  return certificateError(`${address}, which ${asked}`, problem);
}

/** Certificates, keys or CAs of ours are of no use. `what` names the option and the file. */
export function configError(what: string, why: string, cause?: unknown): CarrierError {
  return new CarrierError(
    "ERR_CARRIER_TLS_CONFIG",
    `tls: ${what}: ${why}`,
    cause === undefined ? {} : { cause },
  );
}

/** Why a peer sends an alert, as far as that is about us. */
const alerts: Readonly<Record<string, string>> = {
  certificate_required: "it wants a certificate, and we have shown none; give certfile and keyfile",
  unknown_ca:
    "it does not trust the CA of our certificate; its CAs (cacertfile) have to include that one",
  bad_certificate:
    "it does not accept our certificate, which may be for another host; its log has more",
  certificate_unknown: "it does not accept our certificate; its log has more",
  unsupported_certificate:
    "our certificate is not made for this use, or has a kind of key it cannot use",
  certificate_expired: "our certificate has expired, or is not valid yet, by its clock",
  certificate_revoked: "our certificate is revoked",
  handshake_failure:
    "no cipher, group or signature suits both, or it wants a certificate of ours, or ours is for " +
    "another host; its log has more",
  protocol_version: "no version of TLS suits both; compare versions",
  insufficient_security: "our ciphers are too weak for it",
  unrecognized_name: "it is not the host it was dialled as",
  unrecognized: "it is not the host it was dialled as",
};

const ALERT = /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?([A-Z_]+)$/;
const NOT_TLS =
  /WRONG_VERSION_NUMBER|HTTP|PACKET_LENGTH|RECORD_TOO|BAD_RECORD_TYPE|UNKNOWN_PROTOCOL|UNEXPECTED_MESSAGE|BAD_PACKET|RECORD_LAYER|INVALID_MESSAGE/;
const NOTHING_COMMON =
  /UNSUPPORTED_PROTOCOL|NO_SHARED|NO_SUITABLE|VERSION_TOO_LOW|NO_PROTOCOLS|NO_CIPHERS/;

/** Why TLS did not come about, by what OpenSSL or the system says. `own`: our certificate. */
export function handshakeError(
  peer: string,
  cause: Error,
  own: CertificateFacts | undefined,
): CarrierError {
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  const alert = ALERT.exec(code)?.[1]?.toLowerCase();
  if (alert !== undefined) return alertError(peer, alert, cause, own);
  if (/^(?:E[A-Z]+|EAI_[A-Z]+)$/.test(code) && code !== "ECONNRESET" && code !== "EPIPE") {
    return dialError(peer, cause);
  }
  let why = code === "" ? cause.message : code;
  if (NOT_TLS.test(code)) {
    why =
      "what it sends is not TLS; is it a node with plain TCP (-proto_dist inet_tcp), or no node at all?";
  } else if (NOTHING_COMMON.test(code)) {
    why = "no version, cipher or kind of key suits both; compare versions and ciphers";
  } else if (code === "ECONNRESET" || code === "EPIPE") {
    why =
      "it closed the connection during the TLS handshake; it may be a node with plain TCP, have no " +
      "certificate, or refuse ours without saying so: its log has more";
  }
  return handshakeFailure(peer, why, cause);
}

/**
 * As {@link handshakeError}, for who dialled us. `isAnswered`: it had heard us, and so seen our
 * certificate; one that refuses it need not send an alert, and Node.js never does.
 */
export function acceptError(
  peer: string,
  cause: Error,
  own: CertificateFacts | undefined,
  isAnswered: boolean,
): CarrierError {
  const code = "code" in cause ? cause.code : "";
  if (!isAnswered || (code !== "ECONNRESET" && code !== "EPIPE")) {
    return handshakeError(peer, cause, own);
  }
  const why =
    "it hung up during the TLS handshake: most likely it refuses our certificate; look at its error " +
    `or its log, its CAs (cacertfile) have to include ours; ${ownText(own)}`;
  return handshakeFailure(peer, why, cause);
}

/** TLS did not come about. */
export function handshakeFailure(peer: string, why: string, cause?: Error): CarrierError {
  const message = `tls: no TLS with ${peer}: ${why}`;
  return new CarrierError(
    "ERR_CARRIER_TLS_HANDSHAKE",
    message,
    cause === undefined ? {} : { cause },
  );
}

/** A connection that was up is ended, for its TLS is mostly noise. */
export function noiseError(peer: string, what: string): CarrierError {
  const message =
    `tls: the connection with ${peer} was ended: ${what}; key updates, tickets and requests for a ` +
    "handshake are allowed in moderation: look at what that peer runs";
  return new CarrierError("ERR_CARRIER_CLOSED", message);
}

/** The alert of the peer in an error of OpenSSL; undefined for other errors. */
export function isAlert(error: Error): boolean {
  return "code" in error && typeof error.code === "string" && ALERT.test(error.code);
}

function alertError(
  peer: string,
  alert: string,
  cause: Error,
  own: CertificateFacts | undefined,
): CarrierError {
  const why = alerts[alert];
  // Versions come first: no certificate was looked at.
  const shown = alert === "protocol_version" ? "" : `; ${ownText(own)}`;
  const message =
    `tls: ${peer} refused us with the alert "${alert.replaceAll("_", " ")}"` +
    `${why === undefined ? "" : `: ${why}`}${shown}`;
  return new CarrierError("ERR_CARRIER_TLS_REFUSED", message, { cause });
}

function ownText(own: CertificateFacts | undefined): string {
  return own === undefined ? "we have no certificate" : `ours is ${certificateText(own)}`;
}
