import { randomBytes } from "node:crypto";
import { linkSync, lstatSync, renameSync, type Stats, unlinkSync } from "node:fs";
import * as net from "node:net";
import type { Clock } from "../clock.ts";
import { CarrierError, listenError } from "../errors.ts";
import { chmodSocket } from "./chmod-socket.ts";
import { isCode } from "./unix-directory.ts";

/**
 * Bytes of a path that the system takes for a socket: `sun_path` without its final zero. What is longer
 * would be cut off, and somebody else's.
 */
const MOST_BYTES = process.platform === "linux" ? 107 : 103;

/**
 * How long a socket that refuses is given, in milliseconds: between `bind` and `listen` that of a node
 * which starts just now refuses, too.
 */
const SECOND_LOOK_MS = 100;

/** @throws CarrierError `ERR_CARRIER_ADDRESS` when the system cannot take the path. */
export function checkLength(path: string): string {
  const bytes = Buffer.byteLength(path);
  if (bytes <= MOST_BYTES) return path;
  throw new CarrierError(
    "ERR_CARRIER_ADDRESS",
    `carrier: the path of a socket has at most ${MOST_BYTES} bytes here, and ${path} has ${bytes}; ` +
      "choose a directory with a shorter path, or a shorter node name",
  );
}

/** The file of a listening socket, while it is ours. */
export class UnixFile {
  readonly path: string;
  readonly #server: net.Server;
  readonly #own: Stats;
  #closed = false;

  private constructor(server: net.Server, path: string) {
    this.#server = server;
    this.path = path;
    this.#own = lstatSync(path);
    removedAtExit(this);
  }

  /**
   * Binds there; what a dead node has left is taken over, and nothing else is touched.
   * @throws CarrierError `ERR_CARRIER_ADDRESS_IN_USE` when a node listens there,
   *   `ERR_CARRIER_ADDRESS` when there is something that is no socket, or it cannot be had.
   */
  static async bind(
    server: net.Server,
    path: string,
    { mode, backlog, clock }: { mode: number; backlog: number; clock: Clock },
  ): Promise<UnixFile> {
    checkLength(path);
    for (let left = 5; ; left--) {
      const failure = await listen(server, path, { mode, backlog });
      if (failure === undefined) return new UnixFile(server, path);
      if (!isCode(failure, "EADDRINUSE") || left === 0) throw cannotBind(path, failure);
      await removeDead(path, clock, failure);
    }
  }

  /**
   * Closes the server; its file is gone then, and one that has taken its place is not. What becomes of the
   * file keeps no server from being closed.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    openFiles.delete(this);
    const now = look(this.path);
    // Closing removes what is there. Somebody removed ours and put theirs there: that is moved meanwhile.
    const aside = now === undefined || isSame(now, this.#own) ? undefined : besides(this.path);
    const isMoved = aside !== undefined && attempt(() => renameSync(this.path, aside));
    this.#server.close();
    if (isMoved) attempt(() => renameSync(aside, this.path));
    else this.remove();
  }

  /** Removes the file if it is still there, and ours. */
  remove(): void {
    const now = look(this.path);
    if (now !== undefined && isSame(now, this.#own)) attempt(() => unlinkSync(this.path));
  }
}

/** Listens there; why not, otherwise. */
async function listen(
  server: net.Server,
  path: string,
  { mode, backlog }: { mode: number; backlog: number },
): Promise<Error | undefined> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ path, backlog, exclusive: true }, () => {
        server.off("error", reject);
        resolve();
      });
      if (server.listening) chmodSocket(path, mode); // in the same breath
    });
    return undefined;
  } catch (error) {
    server.removeAllListeners("listening").removeAllListeners("error");
    if (server.listening) server.close(); // its file has gone, or is another one
    return error as Error;
  }
}

/** Files of listeners that are open; they go when the program ends by itself or by `process.exit`. */
const openFiles = new Set<UnixFile>();
let isWatching = false;

function removedAtExit(file: UnixFile): void {
  openFiles.add(file);
  if (isWatching) return;
  isWatching = true;
  process.on("exit", () => {
    for (const open of openFiles) open.remove();
  });
}

/** Removes a socket on which nobody listens. @throws CarrierError unless it was that, or has gone. */
async function removeDead(path: string, clock: Clock, cause: Error): Promise<void> {
  const found = look(path);
  if (found === undefined) return;
  if (!found.isSocket()) {
    const what = found.isSymbolicLink() ? "a symbolic link" : "no socket";
    const text = `carrier: cannot listen on ${path}: there is ${what}, which is left alone`;
    throw new CarrierError("ERR_CARRIER_ADDRESS", `${text}; remove it, or choose another name`, {
      cause,
    });
  }
  if (await hasGone(path, cause)) return;
  await new Promise<void>((resolve) => {
    clock.after(SECOND_LOOK_MS, resolve);
  });
  if (await hasGone(path, cause)) return;
  // Another node may have been faster and listen there by now: moved first, looked at, then removed.
  const aside = besides(path);
  try {
    renameSync(path, aside);
    const moved = lstatSync(aside);
    if (isSame(moved, found) || attempt(() => linkSync(aside, path))) unlinkSync(aside);
    else renameSync(aside, path); // of another user, which the system may not let us link
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw cannotBind(path, error as Error);
  }
}

/**
 * Whether the file has gone; false: nobody listens there.
 * @throws CarrierError `ERR_CARRIER_ADDRESS_IN_USE` when somebody does, or may.
 */
async function hasGone(path: string, cause: Error): Promise<boolean> {
  const error = await new Promise<Error | undefined>((resolve) => {
    const socket = net.connect({ path });
    socket.once("error", resolve);
    socket.once("connect", () => {
      socket.destroy();
      resolve(undefined);
    });
  });
  if (isCode(error, "ENOENT")) return true;
  if (isCode(error, "ECONNREFUSED")) return false;
  throw new CarrierError(
    "ERR_CARRIER_ADDRESS_IN_USE",
    `carrier: cannot listen on ${path}: a node of that name listens there`,
    { cause: error ?? cause },
  );
}

/** What is there; undefined: nothing, or nothing that we can see. */
function look(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

/** Whether that worked. */
function attempt(change: () => void): boolean {
  try {
    change();
    return true;
  } catch {
    return false;
  }
}

function cannotBind(path: string, cause: Error): CarrierError {
  if (isCode(cause, "EADDRINUSE")) return listenError(path, cause);
  const text = `carrier: cannot listen on ${path}: ${cause.message}; it takes the right to write to its directory`;
  return new CarrierError("ERR_CARRIER_ADDRESS", text, { cause });
}

function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino && one.birthtimeMs === other.birthtimeMs;
}

/** A name in the same directory that nobody has. */
function besides(path: string): string {
  const end = path.lastIndexOf("/") + 1;
  return `${path.slice(0, end)}.${randomBytes(6).toString("hex")}`;
}
