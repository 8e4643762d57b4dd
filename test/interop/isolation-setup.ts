/** What tests of isolation look at: who listens where, according to the kernel of this machine. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { EpmdClient } from "disterl/epmd";
import { freePort, type OtpRelease, startOtpNode } from "disterl/testing";
import { COOKIE } from "./node-setup.ts";
import { ECHO_NODE, OurProgram } from "./our-programs.ts";

/** TCP sockets that a process listens with, as `address:port`, sorted. Linux only. */
export function listening(pid: number): string[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // closed meanwhile
      }
    }),
  );
  const found = ["tcp", "tcp6"].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === "0A" && inodes.has(inode ?? ""))
      .map(([, local = ""]) => addressOf(local)),
  );
  return found.toSorted();
}

/** `0100007F:1452` of the kernel's table: words in the byte order of this machine. */
function addressOf(local: string): string {
  const [hex = "", port = ""] = local.split(":");
  const bytes = hex.match(/.{8}/g)?.flatMap((word) => word.match(/../g)?.toReversed() ?? []) ?? [];
  const numbers = bytes.map((byte) => Number.parseInt(byte, 16));
  const text =
    numbers.length === 4
      ? numbers.join(".")
      : numbers.every((byte, at) => byte === (at === 15 ? 1 : 0))
        ? "::1"
        : numbers.every((byte) => byte === 0)
          ? "::"
          : bytes.join("");
  return `${text}:${Number.parseInt(port, 16)}`;
}

/** Our echo node as a program of its own, when it is ready. */
export async function startEcho(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<OurProgram> {
  const program = new OurProgram(ECHO_NODE, ["-setcookie", COOKIE, ...flags], env);
  await program.waitFor(/^READY /m);
  return program;
}

export const pidOf = (program: OurProgram): number => program.child.pid ?? 0;

/** An Erlang node that finds nodes on one port of all of them, and needs no epmd. */
export async function startFixedPortNode(release: OtpRelease, flags: readonly string[] = []) {
  const port = await freePort();
  const otp = await startOtpNode({
    ...{ release, nameType: "long", cookie: COOKIE, epmdPort: await freePort() },
    flags: ["-erl_epmd_port", String(port), ...flags],
  });
  return { port, otp };
}

/** The names that are registered at the epmd of a port, sorted. */
export async function registered(port: number): Promise<string[]> {
  await using client = new EpmdClient({ port });
  return (await client.names("127.0.0.1")).map(({ name }) => name).toSorted();
}
