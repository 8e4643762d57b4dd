import { EpmdError, epmdPort } from "disterl/epmd";
import { askEpmd } from "./ask-epmd.ts";
import { DETACHED_VARIABLE, detachEpmd, READY_MESSAGE } from "./detach-epmd.ts";
import { type EpmdIo, processIo } from "./epmd-io.ts";
import { parseArguments } from "./parse-arguments.ts";
import { serveEpmd } from "./serve-epmd.ts";
import { USAGE } from "./usage.ts";

/**
 * The `disterl epmd` command: a stand-in for the `epmd` of OTP, with its arguments, environment,
 * texts and exit statuses. Differs in: an unusable `ERL_EPMD_PORT` and numbers that are none are
 * errors; `-daemon` returns when the port answers, and with the daemon's status when it ends at once.
 *
 * @returns the exit status. A daemon in the foreground returns when it is killed.
 */
export async function runEpmd(argv: readonly string[], io: EpmdIo = processIo()): Promise<number> {
  const parsed = parseArguments(argv);
  if (parsed === undefined) {
    io.stderr(USAGE);
    return 1;
  }
  let port: number;
  try {
    port = parsed.port ?? epmdPort(io.environment);
  } catch (error) {
    if (!(error instanceof EpmdError)) throw error;
    io.stderr(`${error.message}\n`);
    return 1;
  }
  if (parsed.question !== undefined) return askEpmd(parsed.question, port, io);
  if (!parsed.daemon) return serveEpmd(parsed, port, io, false);
  if (parsed.systemd) {
    io.stderr(
      "epmd: systemd hands its sockets to a process in the foreground; leave out -daemon\n",
    );
    return 1;
  }
  if (io.environment[DETACHED_VARIABLE] === undefined) return detachEpmd(argv, io);
  return serveEpmd(parsed, port, { ...io, onReady: becomeDaemon }, true);
}

/** Keeps no folder busy, and tells the parent that the port answers. */
function becomeDaemon(): void {
  process.chdir("/");
  process.send?.(READY_MESSAGE, undefined, undefined, () => process.disconnect());
}
