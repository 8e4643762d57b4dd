import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

import { fileProblem } from "../carrier/file-problem.ts";
import { FlagError } from "./errors.ts";

/** No file of arguments or parameters is longer. */
const MAX_FILE = 4 * 1024 * 1024;

/**
 * The text of a file that a flag names.
 *
 * @param flag names the flag and the file in errors.
 * @throws FlagError when it is missing, not a regular file, or over 4 MiB.
 */
export function readTextFile(
  path: string,
  flag: string,
  encoding: "utf8" | "latin1" = "utf8",
): string {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new FlagError("ERR_FLAG_FILE", flag, fileProblem(path, cause), cause);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new FlagError("ERR_FLAG_FILE", flag, "is not a regular file");
    if (stats.size > MAX_FILE) {
      throw new FlagError(
        "ERR_FLAG_FILE",
        flag,
        `the file has ${stats.size} bytes, more than ${MAX_FILE}`,
      );
    }
    return contents(fd, flag).toString(encoding);
  } finally {
    closeSync(fd);
  }
}

/** Not more than allowed either where a file does not tell its size, as in /proc. */
function contents(fd: number, flag: string): Buffer {
  const bytes = Buffer.alloc(MAX_FILE + 1);
  let length = 0;
  try {
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(fd, bytes, length, bytes.length - length, null);
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "error";
    throw new FlagError("ERR_FLAG_FILE", flag, `the file cannot be read (${code})`, cause);
  }
  if (length <= MAX_FILE) return bytes.subarray(0, length);
  throw new FlagError("ERR_FLAG_FILE", flag, `the file has more than ${MAX_FILE} bytes`);
}
