import { CallError, ConnectError, DistError } from "disterl";
import { EpmdError } from "disterl/epmd";
import { CookieError, NodeNameError } from "disterl/node";
import { CliFailure, type FailureDetails, type Layer } from "./cli-failure.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { printTerm } from "./print-term.ts";

/**
 * What a library error means to the user of the tool: the layer that failed, and the exit status.
 * Errors that are nobody's expectation stay what they are.
 */
export function explainError(error: unknown): CliFailure | undefined {
  if (error instanceof CliFailure) return error;
  if (error instanceof ConnectError) return connectFailure(error);
  if (error instanceof CallError) return callFailure(error);
  if (error instanceof NodeNameError) return failure(exitCodes.usage, "name", error);
  if (error instanceof CookieError) return failure(exitCodes.notConnected, "cookie", error);
  if (error instanceof EpmdError) {
    const wrongVariable = error.code === "ERR_EPMD_BAD_ENVIRONMENT";
    return failure(wrongVariable ? exitCodes.usage : exitCodes.notConnected, "epmd", error);
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
  const wrongName = error.layer === "name" ? exitCodes.usage : exitCodes.notConnected;
  const notes = error.layer === "handshake" ? HANDSHAKE_NOTES[causeCode(error)] : undefined;
  return failure(wrongName, layers[error.layer], error, notes === undefined ? {} : { notes });
}

const COOKIE_NOTES = [
  "the cookie used here is that of --cookie-file, else DISTERL_COOKIE, else ~/.erlang.cookie;",
  "the node's own: erlang:get_cookie() in its shell, or the .erlang.cookie of the user it runs as",
];

const HANDSHAKE_NOTES: Readonly<Record<string, readonly string[]>> = {
  ERR_HANDSHAKE_WRONG_COOKIE: COOKIE_NOTES,
  "ERR_HANDSHAKE_CLOSED ack": COOKIE_NOTES,
};

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
