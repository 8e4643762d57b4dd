import { randomBytes, timingSafeEqual } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

import type { Cookie } from "../handshake/cookie.ts";
import { CookieError } from "./cookie-error.ts";
import { type CookieFile, readCookieFile } from "./cookie-file.ts";

const FILE = ".erlang.cookie";

/** Where to look for the cookie file, and whether to make one. */
export interface FindCookieOptions {
  /** Where HOME and XDG_CONFIG_HOME are looked up. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default `process.platform`. */
  readonly platform?: NodeJS.Platform | undefined;
  /** Makes a file with a random cookie where there is none. Default true. */
  readonly create?: boolean | undefined;
  /** Default false. */
  readonly followSymlinks?: boolean | undefined;
}

/**
 * The user's cookie, from the files of OTP's `auth:init_cookie/0`: `$HOME/.erlang.cookie`, else
 * `erlang/.erlang.cookie` in the user's configuration directory; the first that exists. Where none
 * exists, the first of these places gets a new one.
 *
 * Differs in: the cookie made is 32 random bytes as base64url (43 characters), and of two programs
 * that make it at once both use the same.
 *
 * @throws CookieError when a file exists but may not be used, there is no place for one, or there is
 *   none and `create` is false (ERR_COOKIE_NOT_FOUND).
 */
export function findCookie(options: FindCookieOptions = {}): CookieFile {
  const places = cookiePlaces(options.env ?? process.env, options.platform ?? process.platform);
  const [first] = places;
  if (first === undefined) {
    throw new CookieError(
      "ERR_COOKIE_NO_HOME",
      undefined,
      "neither HOME nor XDG_CONFIG_HOME is set, so there is no place for the cookie file. Set HOME, or give the cookie",
    );
  }
  const read = { followSymlinks: options.followSymlinks };
  for (const [at, { path }] of places.entries()) {
    const found = readIfThere(path, read);
    if (found !== undefined) return withDifference(found, places.slice(at + 1), read);
  }
  if (options.create === false) {
    const others = places.slice(1).map(({ path }) => path);
    throw new CookieError(
      "ERR_COOKIE_NOT_FOUND",
      first.path,
      `there is no cookie file${others.length === 0 ? "" : `, nor ${others.join(", ")}`}. Copy the cluster's ` +
        "there, or give the cookie",
    );
  }
  return createCookieFile(first.path, { ...read, makeDirectory: !first.isHome });
}

/** One place where a cookie file may be. */
export interface CookiePlace {
  readonly path: string;
  /** In the home directory itself, which is never made. */
  readonly isHome: boolean;
}

/** Where cookie files are looked for, first one first. */
export function cookiePlaces(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): CookiePlace[] {
  const home = env["HOME"] || (platform === "win32" ? homedir() : undefined);
  const config = userConfig(env, platform, home);
  const places: CookiePlace[] = [];
  if (home !== undefined) places.push({ path: join(home, FILE), isHome: true });
  if (config !== undefined) places.push({ path: join(config, "erlang", FILE), isHome: false });
  return places;
}

/** As `filename:basedir(user_config, "erlang")`, without the last part. */
function userConfig(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  home: string | undefined,
): string | undefined {
  if (platform === "win32") return env["APPDATA"] || undefined;
  if (env["XDG_CONFIG_HOME"]) return env["XDG_CONFIG_HOME"];
  if (home === undefined) return undefined;
  return platform === "darwin"
    ? join(home, "Library", "Application Support")
    : join(home, ".config");
}

function readIfThere(
  path: string,
  options: { followSymlinks: boolean | undefined },
): CookieFile | undefined {
  try {
    return readCookieFile(path, options);
  } catch (error) {
    if (error instanceof CookieError && error.code === "ERR_COOKIE_NOT_FOUND") return undefined;
    throw error;
  }
}

function withDifference(
  found: CookieFile,
  others: readonly CookiePlace[],
  options: { followSymlinks: boolean | undefined },
): CookieFile {
  for (const { path } of others) {
    let other: CookieFile;
    try {
      other = readCookieFile(path, options);
    } catch {
      // Absent or unusable: it is not in use, so nothing is wrong with it.
      continue;
    }
    if (!sameCookie(other.cookie, found.cookie)) {
      const message = `${path} holds another cookie than ${found.path}, which is used`;
      return { ...found, warnings: [...found.warnings, { code: "differs", message }] };
    }
  }
  return found;
}

/** A cookie does not give its text away, but equal ones answer a challenge alike. */
function sameCookie(a: Cookie, b: Cookie): boolean {
  return timingSafeEqual(a.digest(0), b.digest(0));
}

export interface CreateCookieOptions {
  /** Default false. */
  readonly followSymlinks?: boolean | undefined;
  /** Makes missing directories on the way. Default false. */
  readonly makeDirectory?: boolean | undefined;
}

/**
 * Makes a cookie file with a random cookie, mode 0400. When somebody else makes it at the same time,
 * the first one wins and its cookie is read.
 *
 * It is written under another name and then linked, so that nobody ever reads half of it and nothing
 * is written through a symbolic link.
 *
 * @throws CookieError ERR_COOKIE_CREATE when it cannot be made; no partial file is left.
 */
export function createCookieFile(path: string, options: CreateCookieOptions = {}): CookieFile {
  try {
    if (options.makeDirectory === true) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    putInPlace(path, randomCookie());
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    if (cause.code === "EEXIST") return readTaken(path, options);
    throw new CookieError(
      "ERR_COOKIE_CREATE",
      path,
      `does not exist and cannot be created (${cause.code ?? cause.message}). Make the directory ` +
        "writable, set HOME to one that is, or give the cookie",
      { cause },
    );
  }
  return { ...readCookieFile(path, options), created: true };
}

/** @throws the file system's error: EEXIST when the name is taken. */
function putInPlace(path: string, text: string): void {
  const draft = `${path}.${process.pid}.${randomBytes(6).toString("hex")}`;
  write(draft, text);
  try {
    linkSync(draft, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Some file systems have no links; there the file is written in place, never through a link.
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw error;
    write(path, text);
  } finally {
    unlinkSync(draft);
  }
}

/** Reads what somebody else put there. */
function readTaken(path: string, options: CreateCookieOptions): CookieFile {
  try {
    return readCookieFile(path, options);
  } catch (error) {
    if (!(error instanceof CookieError) || error.code !== "ERR_COOKIE_NOT_FOUND") throw error;
    // The name is taken, yet nothing is there.
    throw new CookieError(
      "ERR_COOKIE_SYMLINK",
      path,
      "is a symbolic link to a file that does not exist. Remove the link, or make the file",
      { cause: error },
    );
  }
}

function write(path: string, text: string): void {
  const fd = openSync(path, "wx", 0o400);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** 256 bits, in characters that need no quoting anywhere; never looks like a command line flag. */
function randomCookie(): string {
  for (;;) {
    const text = randomBytes(32).toString("base64url");
    if (!text.startsWith("-")) return text;
  }
}
