/**
 * A tunnel into a network namespace, as `ssh -L` makes it: by a real sshd within the namespace and a real
 * ssh here; where those are not installed, by two relays that do the same.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "disterl/testing";
import type { FarSide } from "./network-namespace.ts";

/** A port here, and the one of the loopback address over there that it leads to. */
export type Forward = readonly [here: number, there: number];

const SSHD = "/usr/sbin/sshd";

export class Tunnel implements AsyncDisposable {
  readonly #programs: ChildProcess[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "disterl-tunnel-"));

  /** Resolves when the ports here accept connections. */
  static async open(far: FarSide, forwards: readonly Forward[]): Promise<Tunnel> {
    const tunnel = new Tunnel();
    try {
      if (existsSync(SSHD) && existsSync("/usr/bin/ssh")) await tunnel.#ssh(far, forwards);
      else await tunnel.#relays(far, forwards);
    } catch (error) {
      await tunnel[Symbol.asyncDispose]();
      throw error;
    }
    return tunnel;
  }

  async #ssh(far: FarSide, forwards: readonly Forward[]): Promise<void> {
    const path = (name: string): string => join(this.#folder, name);
    for (const key of ["host", "user"]) {
      const args = ["-q", "-t", "ed25519", "-N", "", "-f", path(key)];
      execFileSync("ssh-keygen", args);
    }
    mkdirSync("/run/sshd", { recursive: true });
    const port = String(await freePort());
    const settings = [
      ...[`ListenAddress ${far.there}`, `Port ${port}`, `HostKey ${path("host")}`],
      ...[`AuthorizedKeysFile ${path("user")}.pub`, "StrictModes no", "UsePAM no"],
      ...["PermitRootLogin prohibit-password", "PasswordAuthentication no", "PidFile none"],
    ];
    writeFileSync(path("sshd_config"), `${settings.join("\n")}\n`);
    this.#run([...far.within, SSHD, "-D", "-f", path("sshd_config")]);
    await answers(far.there, Number(port));
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes"];
    this.#run([
      ...["ssh", "-N", "-q", "-F", "none", "-i", path("user"), "-p", port],
      ...options.flatMap((option) => ["-o", option]),
      ...["-o", "ExitOnForwardFailure=yes"],
      ...forwards.flatMap(([here, there]) => ["-L", `127.0.0.1:${here}:127.0.0.1:${there}`]),
      `root@${far.there}`,
    ]);
    for (const [here] of forwards) await answers("127.0.0.1", here);
  }

  async #relays(far: FarSide, forwards: readonly Forward[]): Promise<void> {
    for (const [here, there] of forwards) {
      this.#relay(far.within, [far.there, there], ["127.0.0.1", there]);
      await answers(far.there, there);
      this.#relay([], ["127.0.0.1", here], [far.there, there]);
      await answers("127.0.0.1", here);
    }
  }

  #relay(
    within: readonly string[],
    [host, port]: readonly [string, number],
    [toHost, toPort]: readonly [string, number],
  ): void {
    const code = `
      const net = require("node:net");
      net.createServer((near) => {
        const far = net.connect(${toPort}, "${toHost}");
        for (const [one, other] of [[near, far], [far, near]]) {
          one.setNoDelay(true).on("error", () => {}).on("close", () => other.destroy()).pipe(other);
        }
      }).listen(${port}, "${host}");`;
    this.#run([...within, process.execPath, "-e", code]);
  }

  #run([file = "", ...args]: readonly string[]): void {
    this.#programs.push(spawn(file, args, { stdio: ["ignore", "inherit", "inherit"] }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs.toReversed()) {
      if (program.exitCode !== null || program.signalCode !== null) continue;
      const ended = once(program, "exit");
      program.kill("SIGKILL");
      await ended;
    }
    rmSync(this.#folder, { recursive: true });
  }
}

/** Resolves when somebody accepts connections there. */
async function answers(host: string, port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await accepts(host, port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nobody listens on ${host}:${port}`);
}

/** Whether somebody accepts connections there. */
export function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
