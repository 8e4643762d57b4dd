import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { certFailure } from "./cert-failure.ts";

/** Modes of what is written: what everybody may read, and what only the owner may. */
export const PUBLIC_FILE = 0o644;
export const SECRET_FILE = 0o600;
const DIRECTORY = 0o700;

export interface WriteOptions {
  readonly mode: number;
  /** Takes the place of a file that is there. Otherwise that is an error. */
  readonly replace: boolean;
}

/**
 * Writes a file as a whole or not at all: under another name in the same directory first, with its
 * mode from the beginning, then given its name.
 *
 * @throws CliFailure ERR_CLI_CERT_EXISTS, ERR_CLI_CERT_FILE
 */
export function writeWhole(path: string, text: string, { mode, replace }: WriteOptions): void {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: DIRECTORY });
    writeDraft(draft, text, mode);
    if (replace) renameSync(draft, path);
    else linkSync(draft, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") throw exists(path);
    const message = `cannot write ${path}: ${(cause as Error).message}`;
    throw certFailure("ERR_CLI_CERT_FILE", message, [], { cause });
  } finally {
    rmSync(draft, { force: true });
  }
}

/** What stands there is not replaced unasked: a key that is lost is lost. */
export function exists(path: string): Error {
  return certFailure("ERR_CLI_CERT_EXISTS", `${path} exists, and is not overwritten`, [
    "name another directory with --dir, or give --force to replace it for good",
  ]);
}

function writeDraft(path: string, text: string, mode: number): void {
  const file = openSync(path, "wx", mode);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
