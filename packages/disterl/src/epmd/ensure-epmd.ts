import { type Clock, systemClock } from "../carrier/clock.ts";
import { withDeadline } from "./deadline.ts";
import { dialFirst } from "./dial.ts";
import { EpmdError } from "./errors.ts";
import { type EpmdServer, startEpmdServer } from "./server.ts";
import type { EpmdServerOptions } from "./server-options.ts";

/** Where an epmd of this machine is looked for, in this order. */
export const LOOPBACK = ["127.0.0.1", "::1"] as const;

/** Options of {@link ensureEpmd}. */
export interface EnsureEpmdOptions {
  readonly port: number;
  /** Whether one is started in this process when none answers. */
  readonly allowStart: boolean;
  /** For the server that is started; `port` is the one above. */
  readonly server?: EpmdServerOptions | undefined;
  /** How long an epmd has for taking a connection, in milliseconds. Default 2000. */
  readonly timeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sees to it that this machine has an epmd.
 * @returns the server that was started in this process, or `undefined` when one was there already.
 * @throws EpmdError ERR_EPMD_UNREACHABLE when there is none and none may be started; ERR_EPMD_LISTEN
 *   or ERR_EPMD_BAD_ADDRESS when it cannot be started.
 */
export async function ensureEpmd(options: EnsureEpmdOptions): Promise<EpmdServer | undefined> {
  const { port, allowStart } = options;
  try {
    await probe(options);
    return undefined;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!allowStart) throw error;
  }
  try {
    return await startEpmdServer({ clock: options.clock, ...options.server, port });
  } catch (error) {
    // Another process was quicker: its epmd is as good.
    if (error instanceof EpmdError && error.code === "ERR_EPMD_ADDRESS_IN_USE") return undefined;
    throw error;
  }
}

async function probe(options: EnsureEpmdOptions): Promise<void> {
  const { port, clock = systemClock, timeoutMs = 2000 } = options;
  const late = (): Error =>
    new EpmdError("ERR_EPMD_TIMEOUT", `no epmd took a connection within ${timeoutMs} ms`, { port });
  const deadline = clock.now() + timeoutMs;
  const { socket } = await withDeadline(clock, timeoutMs, options.signal, late, (signal) =>
    dialFirst(LOOPBACK, port, { clock, deadline, signal }),
  );
  socket.on("error", () => {});
  socket.destroy();
}
