import { DistError } from "../errors.ts";

/** Codes of {@link CookieError}; `docs/errors.md` says what to do about each. */
export type CookieErrorCode =
  | "ERR_COOKIE_NO_HOME"
  | "ERR_COOKIE_NOT_FOUND"
  | "ERR_COOKIE_SYMLINK"
  | "ERR_COOKIE_NOT_A_FILE"
  | "ERR_COOKIE_OWNER"
  | "ERR_COOKIE_MODE"
  | "ERR_COOKIE_TOO_SHORT"
  | "ERR_COOKIE_TOO_LONG"
  | "ERR_COOKIE_CHARACTER"
  | "ERR_COOKIE_UNREADABLE"
  | "ERR_COOKIE_CREATE";

/** The cookie file cannot be used, or made. Says why and what to do; never shows its contents. */
export class CookieError extends DistError<CookieErrorCode> {
  /** The file; undefined when there is no place for one. */
  readonly path: string | undefined;
  /** Byte offset in the file, where a byte is at fault. */
  readonly offset: number | undefined;

  constructor(
    code: CookieErrorCode,
    path: string | undefined,
    message: string,
    facts: { offset?: number; cause?: unknown } = {},
  ) {
    const where = path === undefined ? "cookie" : `cookie file ${JSON.stringify(path)}`;
    super(code, `${where}: ${message}`, facts.cause === undefined ? {} : { cause: facts.cause });
    this.path = path;
    this.offset = facts.offset;
  }
}
