import { spawn } from "node:child_process";
import { systemClock } from "disterl/carrier";
import type { EpmdIo } from "./epmd-io.ts";

/** Tells the process that `-daemon` starts that it is the daemon. */
export const DETACHED_VARIABLE = "DISTERL_EPMD_DETACHED";
/** What the daemon sends its parent when its port answers. */
export const READY_MESSAGE = "ready";
/** How long the daemon may take to listen. */
const START_MS = 30_000;

/**
 * Starts the daemon as a process of its own, without a terminal, and returns when its port
 * answers.
 * @returns the exit status: that of the daemon when it ends at once, 0 when it stays.
 */
export function detachEpmd(args: readonly string[], io: EpmdIo): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(io.respawn.file, [...io.respawn.args, ...args], {
      detached: true,
      env: { ...io.environment, [DETACHED_VARIABLE]: "1" },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let complaints = "";
    const finish = (status: number): void => {
      timer.cancel();
      child.removeAllListeners();
      child.stderr?.destroy();
      if (child.connected) child.disconnect();
      child.unref();
      resolve(status);
    };
    const timer = systemClock.after(START_MS, () => {
      child.kill();
      io.stderr("epmd: the daemon did not listen in time\n");
      finish(1);
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      complaints = (complaints + chunk.toString()).slice(-4096);
    });
    child.on("message", (message) => {
      if (message === READY_MESSAGE) finish(0);
    });
    child.on("error", (error) => {
      io.stderr(`epmd: cannot start the daemon: ${error.message}\n`);
      finish(1);
    });
    child.on("close", (code) => {
      io.stderr(complaints);
      finish(code ?? 1);
    });
  });
}
