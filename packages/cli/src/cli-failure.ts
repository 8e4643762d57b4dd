import type { Term } from "disterl/term";
import type { ExitCode } from "./exit-codes.ts";
import type { Json } from "./term-json.ts";

/** What failed, in the order in which a connection comes about. */
export type Layer =
  | "usage"
  | "name"
  | "cookie"
  | "epmd"
  | "tcp"
  | "tls"
  | "handshake"
  | "dist"
  | "call"
  | "node"
  | "certificate";

/** What is known beside the message. */
export interface FailureDetails {
  /** Further lines for people: what else is known, and what to do. */
  readonly notes?: readonly string[];
  /** Further facts for `--json`. */
  readonly facts?: Readonly<Record<string, Json>>;
  /** Terms of the other node, for `--json`. */
  readonly terms?: Readonly<Record<string, Term>>;
  readonly cause?: unknown;
}

/** Why a command did not do what it was asked. Ends it with a message and no stack trace. */
export class CliFailure extends Error {
  readonly exitCode: ExitCode;
  readonly layer: Layer;
  /** The stable code of the library's error, or of ours. */
  readonly code: string;
  readonly details: FailureDetails;

  constructor(
    exitCode: ExitCode,
    layer: Layer,
    code: string,
    message: string,
    details: FailureDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "CliFailure";
    this.exitCode = exitCode;
    this.layer = layer;
    this.code = code;
    this.details = details;
  }
}
