import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type OtpRelease, otpProgram, type ProgramCall } from "disterl/testing";
import { runEpmd } from "../../packages/cli/src/epmd/run-epmd.ts";

/** What a command printed, and how it ended. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

/** A daemon in the foreground. */
export interface RunningDaemon extends AsyncDisposable {
  /** Its exit status, once it has ended. */
  readonly ended: Promise<number | null>;
}

type Env = Readonly<Record<string, string>>;

/** Something that can be called as `epmd`. */
export interface EpmdProgram {
  readonly name: string;
  /** Runs it to its end. */
  run(args: readonly string[], env?: Env): Promise<Outcome>;
  /** Starts a daemon in the foreground and waits until its port answers. */
  start(port: number, flags?: readonly string[], env?: Env): Promise<RunningDaemon>;
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** `disterl epmd` as a process, from the sources. */
export function ourCall(args: readonly string[]): ProgramCall {
  const sources = ["--conditions=disterl-source", "--import", here("../interop/epmd-source.mjs")];
  const command = here("../interop/epmd-command.ts");
  return { file: process.execPath, args: [...sources, command, ...args] };
}

/** `disterl epmd` within this process; only `-daemon` makes another one. */
export const ourProgram: EpmdProgram = {
  name: "disterl epmd",
  run: async (args, env = {}) => {
    const { outcome, io } = memoryIo(env);
    const status = await runEpmd(args, io);
    return { ...outcome, status };
  },
  start: async (port, flags = [], env = {}) => {
    const { io, outcome } = memoryIo(env);
    const stopping = new AbortController();
    const args = ["-d", "-d", "-port", String(port), ...flags];
    let ended: Promise<number> = Promise.resolve(0);
    await new Promise<void>((resolve, reject) => {
      ended = runEpmd(args, { ...io, signal: stopping.signal, onReady: () => resolve() });
      void ended.then(() => reject(new Error(`the daemon has ended: ${outcome.stderr}`)));
    });
    return {
      ended,
      [Symbol.asyncDispose]: async () => {
        stopping.abort();
        await ended;
      },
    };
  },
};

function memoryIo(env: Env) {
  const outcome = { stdout: "", stderr: "" };
  const io = {
    stdout: (data: string | Uint8Array) => {
      outcome.stdout += Buffer.from(data).toString();
    },
    stderr: (data: string | Uint8Array) => {
      outcome.stderr += Buffer.from(data).toString();
    },
    environment: { PATH: process.env["PATH"], ...env },
    respawn: ourCall([]),
  };
  return { outcome, io };
}

/** The `epmd` of a release. */
export function realProgram(otp: OtpRelease): EpmdProgram {
  return {
    name: `epmd of OTP ${otp.release}`,
    run: (args, env = {}) => runCall(otpProgram(otp, "epmd", args), env),
    start: (port, flags = [], env = {}) =>
      startCall(otpProgram(otp, "epmd", ["-d", "-d", "-port", String(port), ...flags]), env),
  };
}

/** Runs a program to its end. */
export function runCall({ file, args }: ProgramCall, env: Env): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: { PATH: process.env["PATH"], ...env } });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once("error", reject);
    child.once("close", (status) => resolve({ stdout, stderr, status }));
  });
}

async function startCall({ file, args }: ProgramCall, env: Env): Promise<RunningDaemon> {
  const child = spawn(file, args, { env: { PATH: process.env["PATH"], ...env } });
  let stderr = "";
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
      if (/entering the main/.test(stderr)) resolve();
    });
    void ended.then(() => reject(new Error(`the daemon has ended: ${stderr}`)));
  });
  return {
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
