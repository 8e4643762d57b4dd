import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { certFailure } from "./cert-failure.ts";

/** No file of certificates is longer; more is refused without reading it. */
const MAX_FILE = 4 * 1024 * 1024;

/** The text of a file and its mode. */
export interface ReadFile {
  readonly text: string;
  readonly mode: number;
}

/** @throws CliFailure ERR_CLI_CERT_MISSING, ERR_CLI_CERT_FILE; `remedy` says how to come by the file. */
export function readWhole(path: string, remedy: readonly string[] = []): ReadFile {
  const file = openFile(path, remedy);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw certFailure("ERR_CLI_CERT_FILE", `${path} is no file`, remedy);
    if (stats.size > MAX_FILE) {
      const message = `${path} has ${stats.size} bytes; at most ${MAX_FILE} are read`;
      throw certFailure("ERR_CLI_CERT_FILE", message);
    }
    const bytes = Buffer.alloc(stats.size);
    const length = readSync(file, bytes);
    return { text: bytes.toString("utf8", 0, length), mode: stats.mode & 0o777 };
  } finally {
    closeSync(file);
  }
}

function openFile(path: string, remedy: readonly string[]): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const message = missing
      ? `there is no ${path}`
      : `cannot read ${path}: ${(cause as Error).message}`;
    throw certFailure(missing ? "ERR_CLI_CERT_MISSING" : "ERR_CLI_CERT_FILE", message, remedy, {
      cause,
    });
  }
}
