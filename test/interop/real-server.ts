/** What the harnesses of real servers (RabbitMQ, ejabberd) share. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EpmdClient, type EpmdServer, startEpmdServer } from "disterl/epmd";
import type { OtpRelease, ProgramCall } from "disterl/testing";
import { freePort, otpProgram } from "disterl/testing";
import { Child } from "../../packages/disterl/src/testing/child.ts";
import { type Outcome, runCall } from "../compliance/epmd-programs.ts";
import { DISTERL, OurProgram } from "./our-programs.ts";

type Env = Readonly<Record<string, string>>;

/** A real server that runs on our epmd, in a folder of its own, and its own command line tool. */
export interface RealServer extends AsyncDisposable {
  /** Full name of its node. */
  readonly nodeName: string;
  /** Settles when it has ended. */
  readonly exited: Promise<string>;
  /** Runs its tool, which is an Erlang node of its own, to the end. */
  ctl(...args: string[]): Promise<Outcome>;
}

export interface RealServerOptions {
  readonly epmdPort: number;
  readonly cookie: string;
}

/** A temporary folder with a home in it that holds the cookie. */
export class ServerFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), "disterl-server-"));
  readonly home: string = join(this.path, "home");
  /** What every program of the server gets. */
  readonly env: Env;

  constructor({ epmdPort, cookie }: RealServerOptions) {
    mkdirSync(this.home);
    this.write("home/.erlang.cookie", cookie);
    chmodSync(join(this.home, ".erlang.cookie"), 0o400);
    this.env = {
      PATH: process.env["PATH"] ?? "",
      HOME: this.home,
      LANG: "C.UTF-8",
      ERL_EPMD_PORT: String(epmdPort),
      ERL_CRASH_DUMP_SECONDS: "0",
    };
  }

  /** Makes a file; gives its path. */
  write(name: string, text: string): string {
    writeFileSync(join(this.path, name), text);
    return join(this.path, name);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Flags of `erl`: whoever listens for other nodes does so on the loopback address. */
export const ON_LOOPBACK = "-kernel inet_dist_use_interface {127,0,0,1}";

/**
 * Runs a server in the foreground, in a process group of its own that is killed when this process
 * ends, however that ends. Resolves when it has printed that it is `ready`.
 */
export async function startServerProcess(
  what: string,
  { file, args }: ProgramCall,
  env: Env,
  ready: RegExp,
): Promise<Child> {
  const call = { file: "bash", args: ["-c", GUARDED, "bash", file, ...args] };
  const child = new Child(what, call, env);
  try {
    await child.waitFor(ready, { timeoutMs: 90_000 });
    return child;
  } catch (cause) {
    await killServer(child);
    throw cause;
  }
}

/** Ends the server and what it started, at once. */
export function killServer(child: Child): Promise<void> {
  return child.endWithin(10_000, () => child.endInput());
}

/** When our end of its standard input is closed, the whole group ends. */
const GUARDED = `
  exec 3<&0
  set -m
  "$@" </dev/null 3<&- & server=$!
  (read -r _ <&3; kill -9 -- -$server) >/dev/null 2>&1 & guard=$!
  exec 3<&-
  wait $server
  kill -9 -- -$guard`;

/** Our epmd: first in this process, then, on the same port, `disterl epmd`. */
export class OurEpmd implements AsyncDisposable {
  readonly port: number;
  /** Every name that was registered while it was in this process, in order. */
  readonly registered: string[];
  readonly #otp: OtpRelease;
  readonly #server: EpmdServer;
  #program: OurProgram | undefined;

  static async start(otp: OtpRelease): Promise<OurEpmd> {
    const registered: string[] = [];
    const server = await startEpmdServer({
      port: await freePort(),
      addresses: ["127.0.0.1"],
      onEvent: (event) => {
        if (event.type === "registered") registered.push(String(event.name));
      },
    });
    return new OurEpmd(otp, server, registered);
  }

  private constructor(otp: OtpRelease, server: EpmdServer, registered: string[]) {
    this.port = server.port;
    this.registered = registered;
    this.#otp = otp;
    this.#server = server;
  }

  /** The one in this process. */
  get server(): EpmdServer {
    return this.#server;
  }

  /** Ends the one in this process and starts `disterl epmd`; every node loses its registration. */
  async replace(): Promise<OurProgram> {
    await this.#server.close();
    const args = ["epmd", "-port", String(this.port), "-address", "127.0.0.1"];
    this.#program = new OurProgram(DISTERL, args, {});
    return this.#program;
  }

  /** Names of the nodes, as a client is told; none while nobody answers. */
  async names(): Promise<string[]> {
    await using client = new EpmdClient({ port: this.port });
    const names = await client.names("127.0.0.1").catch(() => []);
    return names.map(({ name }) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program?.[Symbol.asyncDispose]();
    await this.#server.close();
    // Should ours have failed, Erlang's tools may have started a daemon of their own on this port.
    const kill = otpProgram(this.#otp, "epmd", ["-port", String(this.port), "-kill"]);
    await runCall(kill, {});
  }
}
