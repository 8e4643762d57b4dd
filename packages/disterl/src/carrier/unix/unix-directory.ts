import { mkdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { CarrierError } from "../errors.ts";

/** Who besides us may run nodes in a directory: nobody, or the members of its group. */
export type UnixAccess = "user" | "group";

const OTHERS_WRITE = 0o002;
const GROUP_WRITES = 0o020;
const STICKY = 0o1000;

/**
 * Makes sure of the directory that the sockets are in: it is all that keeps other users of the machine
 * from putting a socket of theirs where a node of ours is looked for. One that is missing is made, with
 * mode 0700.
 *
 * @returns its path without symbolic links, which the socket's is made from.
 * @throws CarrierError `ERR_CARRIER_ADDRESS`.
 */
export function ensureDirectory(directory: string, access: UnixAccess): string {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw unusable(directory, reasonOf(error), error);
  }
  return checkDirectory(directory, access);
}

/** As {@link ensureDirectory}, of a directory that has to be there. @throws CarrierError */
export function checkDirectory(directory: string, access: UnixAccess): string {
  let real: string;
  let stats: Stats;
  try {
    real = realpathSync(directory);
    stats = statSync(real);
  } catch (error) {
    throw unusable(directory, reasonOf(error), error);
  }
  if (!stats.isDirectory()) throw unusable(directory, "it is not a directory");
  const problem = writableBy(stats, access);
  if (problem !== undefined) throw unusable(directory, problem);
  for (const parent of parents(real)) {
    const { mode } = statSync(parent);
    if ((mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0) {
      throw unusable(directory, `everybody can write to ${parent}, and so replace what is in it`);
    }
  }
  return real;
}

/** Who else can write there that must not; undefined: nobody. */
function writableBy({ uid, mode }: Stats, access: UnixAccess): string | undefined {
  const octal = (mode & 0o7777).toString(8).padStart(4, "0");
  if ((mode & OTHERS_WRITE) !== 0) {
    return `everybody can write to it (mode ${octal}), and put sockets of theirs there: chmod o-w`;
  }
  if (access === "group") return undefined;
  if ((mode & GROUP_WRITES) !== 0) {
    return `its group can write to it (mode ${octal}): chmod g-w, or access: "group" lets the group run nodes`;
  }
  const own = process.getuid?.();
  if (uid === own || uid === 0) return undefined;
  return `it belongs to user ${uid}, and we are ${own}: chown it, or use a directory of our own`;
}

function parents(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join("/") || "/");
}

function unusable(directory: string, why: string, cause?: unknown): CarrierError {
  const text = `carrier: no unix sockets in ${directory}: ${why}`;
  return new CarrierError("ERR_CARRIER_ADDRESS", text, cause === undefined ? {} : { cause });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether an error is the system's of that code. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
