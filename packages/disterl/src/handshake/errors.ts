import { DistError } from "../errors.ts";

/**
 * - `MALFORMED`: a packet is not what the step asks for, too long or cut.
 * - `UNEXPECTED_STATUS`: the status is unknown, or not legal here.
 * - `FLAGS_MISSING`: the peer lacks flags we demand; `missing` names them.
 * - `NOT_ALLOWED`: the acceptor refuses: allow list, flags, or too many failures.
 * - `WRONG_COOKIE`: a digest is wrong.
 * - `WRONG_NODE`: another node answers than the one dialled.
 * - `REFLECTED_CHALLENGE`: the acceptor sent us a challenge of our own.
 * - `NOK`: the acceptor dials us itself and prefers that connection, or it has our name.
 * - `ALIVE`: there is a connection to that node already, and it stays.
 * - `SUPERSEDED`: another connection to that node won while this one was shaking hands.
 * - `NAME_INVALID`: the claimed name is no node name.
 * - `OLD_VERSION`: the peer speaks only the handshake of OTP 22 and before.
 * - `TIMEOUT`: a step, or the whole, took too long.
 * - `CLOSED`: the connection ended before the handshake did.
 */
export type HandshakeErrorCode =
  | "ERR_HANDSHAKE_MALFORMED"
  | "ERR_HANDSHAKE_UNEXPECTED_STATUS"
  | "ERR_HANDSHAKE_FLAGS_MISSING"
  | "ERR_HANDSHAKE_NOT_ALLOWED"
  | "ERR_HANDSHAKE_WRONG_COOKIE"
  | "ERR_HANDSHAKE_WRONG_NODE"
  | "ERR_HANDSHAKE_REFLECTED_CHALLENGE"
  | "ERR_HANDSHAKE_NOK"
  | "ERR_HANDSHAKE_ALIVE"
  | "ERR_HANDSHAKE_SUPERSEDED"
  | "ERR_HANDSHAKE_NAME_INVALID"
  | "ERR_HANDSHAKE_OLD_VERSION"
  | "ERR_HANDSHAKE_TIMEOUT"
  | "ERR_HANDSHAKE_CLOSED";

/**
 * What a handshake was waiting for, or had in hand. Each belongs to one side: the initiator waits
 * for `status`, `challenge` and `ack`, the acceptor for the others. `old connection` is the
 * acceptor's wait for the end of the connection that the new one replaces.
 */
export type HandshakeStep =
  | "name"
  | "status"
  | "status reply"
  | "challenge"
  | "complement"
  | "challenge reply"
  | "old connection"
  | "ack";

/** The facts of a {@link HandshakeError}. */
export interface HandshakeErrorFacts extends ErrorOptions {
  /** Names of the missing flags. */
  readonly missing?: readonly string[] | undefined;
}

/** A handshake failed: at which step, why, and what to do about it. */
export class HandshakeError extends DistError<HandshakeErrorCode> {
  /** How far it got. */
  readonly step: HandshakeStep;
  /** With `ERR_HANDSHAKE_FLAGS_MISSING`: the flags that the peer lacks. */
  readonly missing: readonly string[];

  constructor(
    code: HandshakeErrorCode,
    step: HandshakeStep,
    message: string,
    facts: HandshakeErrorFacts = {},
  ) {
    super(code, `handshake, step "${step}": ${message}`, facts);
    this.step = step;
    this.missing = facts.missing ?? [];
  }
}

/** Why a peer most likely hung up at a step, and what to do. */
const closedBecause: Record<HandshakeStep, string> = {
  name: "nobody introduced itself: a port scan or a health check, or the peer gave up",
  status:
    "the peer did not answer to our name: it may not speak this handshake, or expects TLS there " +
    "(-proto_dist inet_tls)",
  "status reply": "the peer gave its attempt up, as it may when a connection is alive",
  challenge: "the peer said yes to our name and hung up: it may lack resources, or is going down",
  complement: "the peer hung up on seeing our flags: it may miss some it demands",
  "challenge reply":
    "the peer hung up on our challenge: it dialled another name than ours, or misses flags",
  "old connection": "the peer did not wait for the old connection to end",
  ack: "most likely the cookies differ: compare the cookie of the two nodes for each other",
};

/** The same over TLS, where a peer that refuses a certificate may end the connection without a word. */
const closedOverTls: Partial<Record<HandshakeStep, string>> = {
  name:
    "the peer hung up right after TLS, before it said its name: most likely it refuses our " +
    "certificate; look at its error or its log, its CAs (cacertfile) have to include ours",
  status:
    "the peer did not answer to our name: over TLS it most likely refuses our certificate, or our " +
    "name with it; the reason is in its log, or its `refused` event",
};

/**
 * The error for a channel that ended while a step was awaited.
 * @param tlsPeer the peer's address, where the channel was one of TLS
 */
export function closedAt(
  step: HandshakeStep,
  cause: Error | undefined,
  tlsPeer?: string,
): HandshakeError {
  return new HandshakeError(
    "ERR_HANDSHAKE_CLOSED",
    step,
    closedText(step, cause, tlsPeer),
    cause === undefined ? {} : { cause },
  );
}

/** Where TLS knows the reason, nobody has to guess. */
function closedText(
  step: HandshakeStep,
  cause: (Error & { readonly code?: unknown }) | undefined,
  tlsPeer: string | undefined,
): string {
  if (cause?.code === "ERR_CARRIER_TLS_REFUSED")
    return `the connection was closed: ${cause.message}`;
  const how = cause === undefined ? "" : ` (${cause.message})`;
  const overTls = tlsPeer === undefined ? undefined : closedOverTls[step];
  if (overTls === undefined) return `the connection was closed${how}; ${closedBecause[step]}`;
  return `the connection with ${tlsPeer} was closed${how}; ${overTls}`;
}

/** The error for a step, or a whole handshake, that took too long. */
export function timedOutAt(step: HandshakeStep, milliseconds: number): HandshakeError {
  return new HandshakeError(
    "ERR_HANDSHAKE_TIMEOUT",
    step,
    `nothing complete came within ${milliseconds} ms; the peer hangs, is overloaded, or is no ` +
      "Erlang node (net_setuptime is the limit)",
  );
}
