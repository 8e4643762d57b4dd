import type { CliIo } from "../cli-io.ts";
import type { OptionSpec, OptionValues } from "../command.ts";
import { CliFailure } from "../cli-failure.ts";
import { exitCodes } from "../exit-codes.ts";
import { certFailure } from "./cert-failure.ts";
import { isOpenToOthers } from "./private-key.ts";
import { readWhole } from "./read-file.ts";

/** The variable that may hold the passphrase of the CA's key. */
export const PASSPHRASE_VARIABLE = "DISTERL_CA_PASSPHRASE";

const SHORTEST = 8;

export const passphraseOption: OptionSpec = {
  flags: "--passphrase-file <file>",
  description: `file with the passphrase of the CA's key (default: ${PASSPHRASE_VARIABLE}, else asked for)`,
};

/** The passphrase of an encrypted key: of the file, the variable, or whoever sits at the terminal. */
export async function existingPassphrase(options: OptionValues, io: CliIo): Promise<string> {
  const given = givenPassphrase(options, io);
  if (given !== undefined) return given;
  const asked = await io.askSecret?.("passphrase of the CA's key: ");
  if (asked !== undefined) return asked;
  throw certFailure("ERR_CLI_CERT_PASSPHRASE", "the CA's key is encrypted", [
    `name a file with its passphrase, --passphrase-file, or set ${PASSPHRASE_VARIABLE}`,
  ]);
}

/** The passphrase for a new key; `undefined` when none is given and none was asked for. */
export async function newPassphrase(options: OptionValues, io: CliIo): Promise<string | undefined> {
  const given = givenPassphrase(options, io);
  if (given !== undefined) return longEnough(given);
  if (options["encrypt"] !== true) return undefined;
  const asked = await io.askSecret?.("new passphrase of the CA's key: ");
  if (asked === undefined) {
    throw certFailure(
      "ERR_CLI_CERT_PASSPHRASE",
      "--encrypt asks for a passphrase, and there is no terminal",
      [`name a file with it, --passphrase-file, or set ${PASSPHRASE_VARIABLE}`],
    );
  }
  longEnough(asked);
  if ((await io.askSecret?.("once more: ")) === asked) return asked;
  throw certFailure("ERR_CLI_CERT_PASSPHRASE", "the two passphrases differ: no key was made");
}

/** @throws CliFailure, exit status 2, when the arguments have a passphrase in them. */
export function refusePassphraseArgument(argv: readonly string[]): void {
  const found = argv.find((argument) => /^--?pass(?:phrase|word|in|out)?(?:=|$)/.test(argument));
  if (argv[0] !== "cert" || found === undefined) return;
  throw new CliFailure(
    exitCodes.usage,
    "usage",
    "ERR_CLI_CERT_PASSPHRASE",
    `${found.replace(/=.*/s, "")} is not taken: every user of this machine can read the arguments of a process`,
    { notes: [`name a file, --passphrase-file, or set ${PASSPHRASE_VARIABLE}`] },
  );
}

function givenPassphrase(options: OptionValues, io: CliIo): string | undefined {
  const path = options["passphraseFile"] as string | undefined;
  if (path === undefined) {
    const text = io.env[PASSPHRASE_VARIABLE];
    return text === "" ? undefined : text;
  }
  const { text, mode } = readWhole(path);
  if (isOpenToOthers(mode)) {
    io.stderr(`disterl: warning: ${path} can be read by other users: chmod 600\n`);
  }
  const line = text.replace(/\r?\n[^]*$/, "");
  if (line !== "") return line;
  throw certFailure(
    "ERR_CLI_CERT_PASSPHRASE",
    `the first line of ${path} is empty: expected a passphrase`,
  );
}

function longEnough(passphrase: string): string {
  if (passphrase.length >= SHORTEST) return passphrase;
  throw certFailure(
    "ERR_CLI_CERT_PASSPHRASE",
    `the passphrase has ${passphrase.length} characters; at least ${SHORTEST} are needed`,
  );
}
