import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lchmodSync,
  lstatSync,
  openSync,
} from "node:fs";

/** Of Linux, to name a file without opening it; Node.js does not list it. */
const O_PATH = 0o10000000;

/**
 * Sets the mode of a socket's file, and of nothing else: in a directory that a group shares somebody may
 * have put a link to another file of ours in its place, which `chmod` would follow.
 *
 * @throws Error the system's, or that there is no socket.
 */
export function chmodSocket(path: string, mode: number): void {
  if (process.platform !== "linux") {
    if (!lstatSync(path).isSocket()) throw noSocket(path);
    return lchmodSync(path, mode);
  }
  const fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
  try {
    if (!fstatSync(fd).isSocket()) throw noSocket(path);
    chmodSync(`/proc/self/fd/${fd}`, mode);
  } finally {
    closeSync(fd);
  }
}

function noSocket(path: string): Error {
  return new Error(`something else than our socket is at ${path}`);
}
