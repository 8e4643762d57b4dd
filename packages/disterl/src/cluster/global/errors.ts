import { DistError } from "../../errors.ts";

/** Codes of {@link GlobalError}. */
export type GlobalErrorCode = "ERR_GLOBAL_NO_NAME" | "ERR_GLOBAL_ABORTED" | "ERR_GLOBAL_NAMES";

/** What `global` could not do: nobody has the name, or the lock was not to be had. */
export class GlobalError extends DistError<GlobalErrorCode> {}
