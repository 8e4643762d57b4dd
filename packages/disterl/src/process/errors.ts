import { DistError } from "../errors.ts";
import type { Term } from "../term/term.ts";

/** Codes of {@link ProcessError}. */
export type ProcessErrorCode =
  | "ERR_PROCESS_EXITED"
  | "ERR_NO_PROCESS"
  | "ERR_NAME_REGISTERED"
  | "ERR_NAME_UNKNOWN"
  | "ERR_PROCESS_NAMED"
  | "ERR_RECEIVE_TIMEOUT"
  | "ERR_SPAWN_REFUSED";

/** Something about processes: it ended, its name is taken, nothing came in time. */
export class ProcessError extends DistError<ProcessErrorCode> {
  /** With `ERR_PROCESS_EXITED`: why it ended; with `ERR_SPAWN_REFUSED`: why there is no process. */
  readonly reason: Term | undefined;

  constructor(code: ProcessErrorCode, message: string, reason?: Term) {
    super(code, message);
    this.reason = reason;
  }
}

/** @internal */
export function processExited(pid: string, reason: Term | undefined): ProcessError {
  // Where it was ended from says nothing to who waited, and looking costs more than all the rest.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return new ProcessError("ERR_PROCESS_EXITED", `the process ${pid} has ended`, reason);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
