import { DistError } from "../errors.ts";

/** Codes of {@link FlagError}. */
export type FlagErrorCode =
  | "ERR_FLAG_SYNTAX"
  | "ERR_FLAG_VALUE"
  | "ERR_FLAG_FILE"
  | "ERR_FLAG_CONFLICT"
  | "ERR_FLAG_NOT_SUPPORTED";

/** A command line flag, kernel parameter or environment variable is wrong. Its message names it. */
export class FlagError extends DistError<FlagErrorCode> {
  /** As the user wrote it: `-kernel net_ticktime`, `+zdbbl`, `ERL_EPMD_PORT`. */
  readonly flag: string;

  constructor(code: FlagErrorCode, flag: string, message: string, cause?: unknown) {
    super(code, `${flag}: ${message}`, cause === undefined ? {} : { cause });
    this.flag = flag;
  }
}
