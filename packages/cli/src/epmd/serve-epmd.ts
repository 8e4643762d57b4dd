import {
  EpmdError,
  type EpmdServer,
  type EpmdServerOptions,
  epmdRelaxed,
  splitAddresses,
  startEpmdServer,
} from "disterl/epmd";
import type { EpmdIo } from "./epmd-io.ts";
import { EpmdLog } from "./epmd-log.ts";
import type { EpmdArguments } from "./parse-arguments.ts";
import { notifySystemd, systemdDescriptors } from "./systemd.ts";

/** Names a debugging daemon remembers. */
const REMEMBERED_DEBUGGING = 5;
/** Sockets systemd may hand over. */
const MAX_DESCRIPTORS = 16;

/**
 * Runs the daemon in this process until it is killed.
 * @param detached it was started by `-daemon`: nobody reads what it logs.
 * @returns the exit status: 0 also when another epmd has the port already.
 */
export async function serveEpmd(
  parsed: EpmdArguments,
  port: number,
  io: EpmdIo,
  detached: boolean,
): Promise<number> {
  const log = new EpmdLog(io.stderr, detached ? 0 : parsed.debug);
  log.line(1, `epmd running - daemon = ${detached ? 1 : 0}`);
  let started = false;
  const options = serverOptions(parsed, port, io, (event) => {
    if (!(detached && started)) log.event(event);
  });
  if (typeof options === "string") {
    log.line(0, options);
    return 1;
  }
  log.line(2, `try to initiate listening port ${port}`);
  let server: EpmdServer;
  try {
    server = await startEpmdServer(options);
  } catch (error) {
    return tellFailure(error, parsed, io, port, log);
  }
  started = true;
  notifySystemd(io.environment, process.pid);
  log.line(2, "entering the main loop");
  io.onReady?.(server.port);
  io.signal?.addEventListener("abort", () => void server.close(), { once: true });
  await server.ended;
  return 0;
}

function serverOptions(
  parsed: EpmdArguments,
  port: number,
  io: EpmdIo,
  onEvent: NonNullable<EpmdServerOptions["onEvent"]>,
): EpmdServerOptions | string {
  const { environment } = io;
  const descriptors = parsed.systemd ? systemdDescriptors(environment, process.pid) : undefined;
  if (descriptors?.length === 0) return "systemd provides no sockets";
  if (descriptors !== undefined && descriptors.length > MAX_DESCRIPTORS) {
    return `cannot listen on more than ${MAX_DESCRIPTORS} IP addresses`;
  }
  return {
    port,
    descriptors,
    addresses: splitAddresses(parsed.addresses ?? environment["ERL_EPMD_ADDRESS"] ?? ""),
    relaxedCommandCheck: parsed.relaxed || epmdRelaxed(environment),
    allowKill: true,
    packetTimeoutMs: parsed.packetTimeoutSeconds * 1000,
    delayAcceptMs: parsed.delayAcceptSeconds * 1000,
    delayWriteMs: parsed.delayWriteSeconds * 1000,
    limits: parsed.debug > 0 ? { remembered: REMEMBERED_DEBUGGING } : {},
    onEvent,
  };
}

/** What the C library says for the failures people meet. */
const SYSTEM_TEXTS: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: "Cannot assign requested address",
  EACCES: "Permission denied",
};

function tellFailure(
  error: unknown,
  parsed: EpmdArguments,
  io: EpmdIo,
  port: number,
  log: EpmdLog,
): number {
  if (!(error instanceof EpmdError)) throw error;
  const { address } = error.facts;
  if (error.code === "ERR_EPMD_ADDRESS_IN_USE") {
    log.line(1, `there is already a epmd running at port ${port} on ipaddr ${address}`);
    return 0;
  }
  if (error.code === "ERR_EPMD_LISTEN" && address !== undefined) {
    log.line(0, `failed to bind on ipaddr ${address}: ${systemText(error)}`);
    return 1;
  }
  const fromEnvironment = parsed.addresses === undefined && io.environment["ERL_EPMD_ADDRESS"];
  const origin = fromEnvironment ? " in ERL_EPMD_ADDRESS" : "";
  log.line(0, `${error.message.replace(/^epmd: /, "")}${origin}`);
  return 1;
}

function systemText(error: EpmdError): string {
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return SYSTEM_TEXTS[code] ?? (cause instanceof Error ? cause.message : error.message);
}
