import { execFile } from "node:child_process";
import type { Environment } from "disterl/epmd";

/** The first descriptor systemd hands over. */
const FIRST_DESCRIPTOR = 3;

/**
 * The listening sockets systemd has handed to this process, as descriptors: `LISTEN_FDS` of them,
 * when `LISTEN_PID` means us. Mirrors `sd_listen_fds(3)`.
 */
export function systemdDescriptors(environment: Environment, pid: number): number[] {
  if (environment["LISTEN_PID"] !== String(pid)) return [];
  const text = environment["LISTEN_FDS"] ?? "";
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return Array.from({ length: count }, (_, index) => FIRST_DESCRIPTOR + index);
}

/**
 * Tells systemd that the daemon is ready, for units of `Type=notify`. The message comes from another
 * process, so the unit needs `NotifyAccess=all`.
 */
export function notifySystemd(environment: Environment, pid: number): void {
  if (environment["NOTIFY_SOCKET"] === undefined) return;
  const args = ["--ready", `--pid=${pid}`, "--status=Processing port mapping requests..."];
  execFile("systemd-notify", args, () => {
    // Without that program the unit has to be of another type; systemd tells its user.
  });
}
