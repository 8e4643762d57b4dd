import { DistError } from "../errors.ts";
import type { Term } from "../term/term.ts";

/** Codes of {@link CallError}. */
export type CallErrorCode =
  | "ERR_CALL_TIMEOUT"
  | "ERR_CALL_NO_CONNECTION"
  | "ERR_CALL_NO_PROC"
  | "ERR_CALL_EXITED"
  | "ERR_CALL_REMOTE"
  | "ERR_CALL_NOT_SUPPORTED";

/**
 * A call got no answer, or an exception for one. `reason` is always the original term; for
 * `ERR_CALL_REMOTE`, `class` says whether it was an `error`, an `exit` or a `throw`.
 */
export class CallError extends DistError<CallErrorCode> {
  /** As Erlang has it: `noproc`, `timeout`, what was raised. */
  readonly reason: Term;
  /** With `ERR_CALL_REMOTE`: how it was raised. */
  readonly class: "error" | "exit" | "throw" | undefined;
  /** Of an `error`: the stack trace, as a term. */
  readonly remoteStack: Term | undefined;

  constructor(
    code: CallErrorCode,
    message: string,
    reason: Term,
    details: { class?: "error" | "exit" | "throw"; stack?: Term; cause?: unknown } = {},
  ) {
    super(code, message, details.cause === undefined ? undefined : { cause: details.cause });
    this.reason = reason;
    this.class = details.class;
    this.remoteStack = details.stack;
  }
}
