import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";

import { Cookie } from "../handshake/cookie.ts";
import { CookieError } from "./cookie-error.ts";

/** The longest cookie, in characters: it is an atom. */
const MAX_COOKIE = 255;
/** No cookie file is longer; more is refused without reading it. */
const MAX_FILE = 4096;
/** Fewer characters than this can be guessed. OTP makes 20, we make 43. */
const SHORT_COOKIE = 16;

/** What is unusual about a cookie file that can be used all the same. */
export type CookieWarningCode = "leading_space" | "trailing_space" | "short" | "differs";

/** Something about a cookie that works but is likely a mistake. Never shows the cookie. */
export interface CookieWarning {
  readonly code: CookieWarningCode;
  readonly message: string;
}

/** A cookie and where it was found. */
export interface CookieFile {
  /** Prints as `[secret]`. */
  readonly cookie: Cookie;
  /** The file it was read from. */
  readonly path: string;
  /** It did not exist and was made. */
  readonly created: boolean;
  readonly warnings: readonly CookieWarning[];
}

/** Exceptions from the rules for cookie files. */
export interface ReadCookieOptions {
  /** Reads the target of a symbolic link; the checks then hold for the target. Default false. */
  readonly followSymlinks?: boolean | undefined;
  /** Accepts a file that belongs to another user: for a file the user named. Default false. */
  readonly anyOwner?: boolean | undefined;
}

/**
 * Reads a cookie file, as OTP's `auth:read_cookie/2` does.
 *
 * The file must be a regular one, ours, not readable by group or others, and hold one line of 1 to
 * 255 characters from space to `~`. Spaces belong to the cookie; only CR, LF and spaces may follow
 * the line.
 *
 * Differs in: symbolic links and files of other users are refused unless the options allow them, the
 * checks are made on the opened file and not on its name, and an over-long cookie is refused.
 *
 * @throws CookieError; ERR_COOKIE_NOT_FOUND when there is no such file.
 */
export function readCookieFile(path: string, options: ReadCookieOptions = {}): CookieFile {
  const fd = open(path, options.followSymlinks ?? false);
  try {
    const stats = fstatSync(fd);
    check(path, stats, options.anyOwner ?? false);
    const bytes = Buffer.alloc(MAX_FILE + 1);
    const length = readSync(fd, bytes, 0, bytes.length, 0);
    if (length > MAX_FILE) throw tooLarge(path, `more than ${MAX_FILE}`);
    const text = cookieText(path, bytes.subarray(0, length));
    return { cookie: new Cookie(text), path, created: false, warnings: warningsOf(path, text) };
  } finally {
    closeSync(fd);
  }
}

function open(path: string, followSymlinks: boolean): number {
  // Not blocking: a named pipe would hold the program up for ever.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  try {
    return openSync(path, followSymlinks ? flags : flags | constants.O_NOFOLLOW);
  } catch (cause) {
    throw openFailure(path, cause as NodeJS.ErrnoException);
  }
}

function openFailure(path: string, cause: NodeJS.ErrnoException): CookieError {
  switch (cause.code) {
    case "ENOENT":
    case "ENOTDIR":
      return new CookieError("ERR_COOKIE_NOT_FOUND", path, "there is no such file", { cause });
    case "ELOOP":
    case "EMLINK":
      return new CookieError(
        "ERR_COOKIE_SYMLINK",
        path,
        "is a symbolic link. Put the file itself there, or allow links (followSymlinks)",
        { cause },
      );
    case "ENXIO":
      return notAFile(path, "a socket or a device");
    default:
      return new CookieError(
        "ERR_COOKIE_UNREADABLE",
        path,
        `cannot be opened (${cause.code ?? cause.message}). Run as the user it belongs to`,
        { cause },
      );
  }
}

function check(path: string, stats: Stats, anyOwner: boolean): void {
  if (!stats.isFile()) throw notAFile(path, kindOf(stats));
  // Windows has neither user ids nor mode bits.
  const uid = process.geteuid?.();
  if (uid !== undefined) {
    if (!anyOwner && stats.uid !== uid) {
      throw new CookieError(
        "ERR_COOKIE_OWNER",
        path,
        `belongs to user ${stats.uid}, but this process runs as user ${uid}. Run as the owner, or make ` +
          "it yours (chown)",
      );
    }
    if ((stats.mode & 0o077) !== 0) {
      throw new CookieError(
        "ERR_COOKIE_MODE",
        path,
        `must be accessible by its owner only, but its mode is 0${(stats.mode & 0o777).toString(8)}. ` +
          `Others may have read the cookie: make a new one, or run chmod 400 ${path}`,
      );
    }
  }
  if (stats.size > MAX_FILE) throw tooLarge(path, `${stats.size}`);
}

function cookieText(path: string, bytes: Buffer): string {
  const end = bytes.findIndex((byte) => byte < 0x20 || byte > 0x7e);
  const line = end === -1 ? bytes : bytes.subarray(0, end);
  if (end !== -1) {
    const isEnd = (byte: number) => byte === 0x0a || byte === 0x0d;
    const bad = isEnd(bytes[end] as number)
      ? bytes.findIndex((byte, at) => at > end && !isEnd(byte) && byte !== 0x20)
      : end;
    if (bad !== -1) throw badCharacter(path, bytes, bad);
  }
  if (line.length === 0) {
    throw new CookieError(
      "ERR_COOKIE_TOO_SHORT",
      path,
      "too short: it is empty. Write the cluster's cookie into it, or remove it to have one made",
    );
  }
  if (line.length > MAX_COOKIE) {
    throw new CookieError(
      "ERR_COOKIE_TOO_LONG",
      path,
      `a cookie has at most ${MAX_COOKIE} characters, this has ${line.length}`,
    );
  }
  return line.toString("latin1");
}

function badCharacter(path: string, bytes: Buffer, offset: number): CookieError {
  const byte = bytes[offset] as number;
  const printable = byte >= 0x20 && byte <= 0x7e;
  const isBom = offset === 0 && bytes.subarray(0, 3).equals(Buffer.of(0xef, 0xbb, 0xbf));
  const found = printable
    ? `a second line begins at byte ${offset}`
    : `the byte 0x${byte.toString(16).padStart(2, "0")} at offset ${offset} is not allowed`;
  return new CookieError(
    "ERR_COOKIE_CHARACTER",
    path,
    `bad characters in cookie: ${found}${isBom ? " (a byte order mark)" : ""}. A cookie is one line of ` +
      "characters from space to ~",
    { offset },
  );
}

function warningsOf(path: string, text: string): CookieWarning[] {
  const warnings: CookieWarning[] = [];
  if (text.startsWith(" ")) {
    warnings.push({
      code: "leading_space",
      message: `${path} begins with a space; it is part of the cookie`,
    });
  }
  if (text.endsWith(" ")) {
    warnings.push({
      code: "trailing_space",
      message: `${path} ends with a space; it is part of the cookie`,
    });
  }
  if (text.length < SHORT_COOKIE) {
    warnings.push({
      code: "short",
      message: `the cookie in ${path} has ${text.length} characters and can be guessed; use ${SHORT_COOKIE} or more`,
    });
  }
  return warnings;
}

function notAFile(path: string, kind: string): CookieError {
  return new CookieError("ERR_COOKIE_NOT_A_FILE", path, `must be a regular file, but is ${kind}`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a directory";
  if (stats.isFIFO()) return "a named pipe";
  return stats.isSocket() ? "a socket" : "a device";
}

function tooLarge(path: string, size: string): CookieError {
  return new CookieError(
    "ERR_COOKIE_TOO_LONG",
    path,
    `has ${size} bytes; a cookie has at most ${MAX_COOKIE} characters`,
  );
}
