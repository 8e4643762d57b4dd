import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { Child } from "./child.ts";
import { TestingError } from "./errors.ts";
import { missingOtp, type OtpRelease, otpProgram, otpReleases } from "./otp-release.ts";

/** Options of {@link startCEpmd}. */
export interface CEpmdOptions {
  /** Whose epmd; default: the oldest release found. */
  readonly release?: string | OtpRelease | undefined;
  /** Default: a free port of this machine. */
  readonly port?: number | undefined;
  /** More arguments, such as `-relaxed_command_check`. */
  readonly flags?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** A running epmd of Erlang/OTP: the one written in C. */
export interface CEpmd {
  readonly port: number;
  readonly pid: number;
  /** What it printed: it runs with `-d -d`, so it tells what it does. */
  readonly output: string;
  waitFor(pattern: RegExp, options?: { timeoutMs?: number }): Promise<RegExpExecArray>;
  /** Asks it to end (SIGTERM) and resolves when it has. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL) and resolves when it has ended. */
  kill(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts the epmd of Erlang/OTP on a port of its own, on the loopback address, in the foreground;
 * resolves when it accepts connections.
 * @throws TestingError when the release is missing, or epmd ends instead of listening.
 */
export async function startCEpmd(options: CEpmdOptions = {}): Promise<CEpmd> {
  const otp = chooseRelease(options.release);
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const args = [
      "-d",
      "-d",
      "-address",
      "127.0.0.1",
      "-port",
      String(port),
      ...(options.flags ?? []),
    ];
    const env = { PATH: process.env["PATH"], HOME: tmpdir(), ...options.env };
    const { file, args: words } = otpProgram(otp, "epmd", args);
    const call = { file: "sh", args: ["-c", GUARDED, "sh", file, ...words] };
    const child = new Child(`epmd ${otp.release}`, call, env);
    try {
      const [, pid] = await child.waitFor(/^pid (\d+)$/m);
      await child.waitFor(/entering the main select\(\) loop/);
      return cEpmd(child, Number(pid), port);
    } catch (cause) {
      await child.endWithin(5000, () => child.endInput());
      const taken = /already (a epmd running|in use)/i.test(child.output);
      if (taken && options.port === undefined && attempt < 5) continue;
      const message = `epmd of OTP ${otp.release} did not start on port ${port}`;
      throw new TestingError("ERR_TESTING_OTP_START", message, { cause });
    }
  }
}

/** epmd does not read its standard input; this one ends when ours is closed, so that it is no orphan. */
const GUARDED = `
  exec 3<&0
  "$@" </dev/null 3<&- & epmd=$!
  echo "pid $epmd"
  (read -r _ <&3; kill -9 $epmd) >/dev/null 2>&1 & guard=$!
  exec 3<&-
  wait $epmd
  kill $guard 2>/dev/null`;

function cEpmd(child: Child, pid: number, port: number): CEpmd {
  const signal = (name: NodeJS.Signals): void => {
    if (child.ending !== undefined) return;
    try {
      process.kill(pid, name);
    } catch {
      // It has ended by itself (KILL_REQ), which its guard has not told yet.
    }
  };
  const stop = (): Promise<void> => child.endWithin(5000, () => signal("SIGTERM"));
  return {
    port,
    pid,
    get output() {
      return child.output;
    },
    waitFor: (pattern, options) => child.waitFor(pattern, options),
    stop,
    kill: () => child.endWithin(5000, () => signal("SIGKILL")),
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * The release a caller means: itself, its number, or any.
 * @throws TestingError ERR_TESTING_OTP_MISSING
 */
export function chooseRelease(release: string | OtpRelease | undefined): OtpRelease {
  if (typeof release === "object") return release;
  const releases = otpReleases();
  const otp = release === undefined ? releases[0] : releases.find((one) => one.release === release);
  if (otp !== undefined) return otp;
  throw new TestingError("ERR_TESTING_OTP_MISSING", missingOtp(release));
}

/** Ports that no system gives by itself, to clients or to who listens on port 0: Linux begins at 32,768. */
const QUIET_PORTS = { first: 12_000, count: 20_000 } as const;

const handedOut = new Set<number>();

/**
 * A port of the loopback address that nobody listens on at this moment. It is none of those that the system
 * gives to clients, and none that was asked for before: who needs a second to get to its `listen` finds
 * nobody else there.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = QUIET_PORTS.first + Math.floor(Math.random() * QUIET_PORTS.count);
    if (handedOut.has(port) || !(await isFree(port))) continue;
    handedOut.add(port);
    if (handedOut.size > QUIET_PORTS.count / 2) handedOut.clear();
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
