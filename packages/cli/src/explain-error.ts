import { CallError, ConnectError, DistError } from "disterl";
import { CarrierError, TlsCertificateError } from "disterl/carrier";
import { EpmdError } from "disterl/epmd";
import { CookieError, NodeNameError } from "disterl/node";
import { CliFailure, type FailureDetails, type Layer } from "./cli-failure.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { printTerm } from "./print-term.ts";
import type { Json } from "./term-json.ts";

/**
 * What a library error means to the user of the tool: the layer that failed, and the exit status.
 * Errors that are nobody's expectation stay what they are.
 */
export function explainError(error: unknown): CliFailure | undefined {
  if (error instanceof CliFailure) return error;
  if (error instanceof ConnectError) return connectFailure(error);
  if (error instanceof CallError) return callFailure(error);
  if (error instanceof NodeNameError) return failure(exitCodes.usage, "name", error);
  if (error instanceof CookieError) {
    const isMissing = error.code === "ERR_COOKIE_NOT_FOUND" || error.code === "ERR_COOKIE_NO_HOME";
    const notes = isMissing ? { notes: GIVE_COOKIE } : {};
    return failure(exitCodes.notConnected, "cookie", error, notes);
  }
  if (error instanceof EpmdError) {
    const wrongVariable = error.code === "ERR_EPMD_BAD_ENVIRONMENT";
    return failure(wrongVariable ? exitCodes.usage : exitCodes.notConnected, "epmd", error);
  }
  if (error instanceof CarrierError && isOfTls(error)) {
    const notes = error.message.endsWith("give its password") ? { notes: GIVE_PASSWORD } : {};
    return failure(exitCodes.notConnected, "tls", error, notes);
  }
  if (error instanceof DistError) return failure(exitCodes.notConnected, "node", error);
  return undefined;
}

const layers: Readonly<Record<ConnectError["layer"], Layer>> = {
  name: "name",
  discovery: "epmd",
  carrier: "tcp",
  handshake: "handshake",
  policy: "node",
};

function connectFailure(error: ConnectError): CliFailure {
  const { cause } = error;
  if (cause instanceof CarrierError && isOfTls(cause)) return tlsFailure(error, cause);
  const wrongName = error.layer === "name" ? exitCodes.usage : exitCodes.notConnected;
  const notes = error.layer === "handshake" ? handshakeNotes(error) : undefined;
  return failure(wrongName, layers[error.layer], error, notes === undefined ? {} : { notes });
}

const TLS_CODES: ReadonlySet<CarrierError["code"]> = new Set([
  "ERR_CARRIER_TLS_CERTIFICATE",
  "ERR_CARRIER_TLS_CONFIG",
  "ERR_CARRIER_TLS_HANDSHAKE",
  "ERR_CARRIER_TLS_REFUSED",
]);

function isOfTls({ code }: CarrierError): boolean {
  return TLS_CODES.has(code);
}

/** Its code is the carrier's, which says who refused whom. */
function tlsFailure(error: ConnectError, cause: CarrierError): CliFailure {
  const { code } = cause;
  const isOfVersions = cause.message.endsWith("compare versions");
  const notes = isOfVersions ? undefined : TLS_NOTES[code];
  const facts = cause instanceof TlsCertificateError ? certificateJson(cause) : {};
  const details = { facts, cause: error, ...(notes === undefined ? {} : { notes }) };
  return new CliFailure(exitCodes.notConnected, "tls", code, error.message, details);
}

function certificateJson({ check, certificate }: TlsCertificateError): Record<string, Json> {
  if (certificate === undefined) return { check };
  const { validFrom, validTo, ...named } = certificate;
  const dates = { validFrom: isoDate(validFrom), validTo: isoDate(validTo) };
  return { check, certificate: { ...named, ...dates } };
}

function isoDate(date: Date): string | null {
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

const TLS_NOTES: Readonly<Record<string, readonly string[]>> = {
  ERR_CARRIER_TLS_CERTIFICATE: [
    "disterl cert verify looks at a certificate; the CA that is trusted is that of",
    "--tls-cacertfile, or of the file of --ssl-dist-optfile",
  ],
  ERR_CARRIER_TLS_REFUSED: [
    "the certificate shown is that of --tls-certfile, or of the client side in the file of",
    "--ssl-dist-optfile: disterl cert verify looks at it",
  ],
};

const GIVE_COOKIE = ["--cookie-file names a file with it, or the variable DISTERL_COOKIE holds it"];

/** Not an option of ours: every user of the machine could read it. */
const GIVE_PASSWORD = [
  '{password, "..."} in the file of --ssl-dist-optfile is where it is read from',
];

const COOKIE_NOTES = [
  "the cookie used here is that of --cookie-file, else DISTERL_COOKIE, else ~/.erlang.cookie;",
  "the node's own: erlang:get_cookie() in its shell, or the .erlang.cookie of the user it runs as",
];

const HANDSHAKE_NOTES: Readonly<Record<string, readonly string[]>> = {
  ERR_HANDSHAKE_WRONG_COOKIE: COOKIE_NOTES,
  "ERR_HANDSHAKE_CLOSED ack": COOKIE_NOTES,
};

/** The options that the message lacks. */
const PLAIN_NOTES = [
  "to reach a node with TLS: --ssl-dist-optfile, or --tls-cacertfile, --tls-certfile and --tls-keyfile",
];

function handshakeNotes(error: ConnectError): readonly string[] | undefined {
  const isTlsThere = error.message.includes("-proto_dist inet_tls");
  return HANDSHAKE_NOTES[causeCode(error)] ?? (isTlsThere ? PLAIN_NOTES : undefined);
}

function causeCode({ cause }: ConnectError): string {
  if (!(cause instanceof DistError)) return "";
  const step =
    "step" in cause && cause.code === "ERR_HANDSHAKE_CLOSED" ? ` ${String(cause.step)}` : "";
  return `${cause.code}${step}`;
}

function callFailure(error: CallError): CliFailure {
  switch (error.code) {
    case "ERR_CALL_TIMEOUT":
      return failure(exitCodes.timeout, "call", error);
    case "ERR_CALL_NO_CONNECTION":
      return error.cause instanceof ConnectError
        ? connectFailure(error.cause)
        : failure(exitCodes.notConnected, "dist", error);
    case "ERR_CALL_REMOTE":
      return raised(error);
    default:
      return failure(exitCodes.refused, "call", error, {
        notes: [`reason: ${printTerm(error.reason, false)}`],
        terms: { reason: error.reason },
      });
  }
}

/** An exception of the function that was called, as a shell shows it. */
function raised(error: CallError): CliFailure {
  const { class: kind = "error", reason, remoteStack } = error;
  const notes = [`reason: ${printTerm(reason, false)}`];
  if (remoteStack !== undefined) notes.push(`stack: ${printTerm(remoteStack, false)}`);
  const terms = remoteStack === undefined ? { reason } : { reason, stack: remoteStack };
  return failure(exitCodes.refused, "call", error, { notes, facts: { class: kind }, terms });
}

function failure(
  exitCode: ExitCode,
  layer: Layer,
  error: DistError,
  more: FailureDetails = {},
): CliFailure {
  return new CliFailure(exitCode, layer, error.code, error.message, { ...more, cause: error });
}
