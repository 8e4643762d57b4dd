import { DistError } from "../errors.ts";
import type { Term } from "../term/term.ts";

/** Codes of {@link ProcessError}. */
export type ProcessErrorCode = "ERR_PROCESS_EXITED" | "ERR_NAME_REGISTERED" | "ERR_RECEIVE_TIMEOUT";

/** Something about a local process: it ended, its name is taken, nothing came in time. */
export class ProcessError extends DistError<ProcessErrorCode> {
  /** With `ERR_PROCESS_EXITED`: why it ended, as a term. */
  readonly reason: Term | undefined;

  constructor(code: ProcessErrorCode, message: string, reason?: Term) {
    super(code, message);
    this.reason = reason;
  }
}
