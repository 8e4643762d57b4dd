import { Cookie, type CookieFile, findCookie, readCookieFile } from "disterl/node";
import { CliFailure } from "./cli-failure.ts";
import type { CliIo } from "./cli-io.ts";
import { exitCodes } from "./exit-codes.ts";

/** Environment variables that may hold the cookie, first one first. */
export const COOKIE_VARIABLES = ["DISTERL_COOKIE", "RABBITMQ_ERLANG_COOKIE"] as const;

/** Ways in which people give a cookie as an argument, where every user of the machine can read it. */
const COOKIE_ARGUMENT = /^--?(?:set)?cookie(?:=|$)|^--erlang-cookie(?:=|$)/;

/**
 * The cookie to dial with: of `--cookie-file`, else of an environment variable, else of the user's
 * cookie file. None is ever made here: a new one would open no door.
 *
 * @throws CookieError, see `readCookieFile`; CliFailure when a variable holds no cookie.
 */
export function cliCookie(file: string | undefined, { env, stderr }: CliIo): Cookie {
  if (file !== undefined) {
    // The user named this file: where it is and whose it is are their decision.
    return told(readCookieFile(file, { followSymlinks: true, anyOwner: true }), stderr);
  }
  for (const name of COOKIE_VARIABLES) {
    const text = env[name];
    if (text !== undefined && text !== "") return fromVariable(name, text);
  }
  return told(findCookie({ env, create: false }), stderr);
}

/** @throws CliFailure, exit status 2, when the arguments have a cookie in them. */
export function refuseCookieArgument(argv: readonly string[]): void {
  const found = argv.find((argument) => COOKIE_ARGUMENT.test(argument))?.replace(/=.*/s, "");
  if (found === undefined) return;
  throw new CliFailure(
    exitCodes.usage,
    "usage",
    "ERR_CLI_COOKIE_ARGUMENT",
    `${found} is not taken: every user of this machine can read the arguments of a process`,
    {
      notes: [
        "put the cookie into ~/.erlang.cookie (mode 400), or name a file with --cookie-file,",
        `or set the environment variable ${COOKIE_VARIABLES[0]}`,
      ],
    },
  );
}

function told({ cookie, warnings }: CookieFile, stderr: CliIo["stderr"]): Cookie {
  for (const { message } of warnings) stderr(`disterl: warning: ${message}\n`);
  return cookie;
}

function fromVariable(name: string, text: string): Cookie {
  try {
    return new Cookie(text);
  } catch (cause) {
    const message = `the environment variable ${name} holds no cookie: ${(cause as Error).message}`;
    throw new CliFailure(exitCodes.notConnected, "cookie", "ERR_CLI_COOKIE", message, { cause });
  }
}
