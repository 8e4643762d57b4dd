/**
 * The `disterl` command and the examples as processes of their own, from the sources: both packages
 * are put into a temporary directory the way an installation has them.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";

const root = join(import.meta.dirname, "../..");

/** The command, as {@link OurProgram} wants it. */
export const DISTERL = "node_modules/@disterl/cli/dist/main.js";
/** A visible node of ours that takes part in `global`. */
export const GLOBAL_MEMBER = "programs/global-member.mjs";
/** A node of ours whose event loop stands still when it is told to. */
export const COMPUTING_NODE = "programs/computing-node.mjs";
/** The example that takes Erlang's flags. */
export const ECHO_NODE = "examples/echo-node.mjs";

let installation: string | undefined;
// Not when the process ends: vitest kills those that its tests run in.
afterAll(() => {
  if (installation !== undefined) rmSync(installation, { recursive: true, force: true });
  installation = undefined;
});

/**
 * Where the programs are; made at the first call, removed after the tests of the file. That takes a moment
 * in which nothing else happens: tests that watch the time call it before they begin.
 */
export function installed(): string {
  if (installation !== undefined) return installation;
  const directory = mkdtempSync(join(tmpdir(), "disterl-installed-"));
  const modules = join(directory, "node_modules");
  putPackage(join(root, "packages/disterl"), join(modules, "disterl"));
  putPackage(join(root, "packages/cli"), join(modules, "@disterl/cli"));
  for (const name of needed(join(root, "packages/cli"))) {
    const own = join(root, "packages/cli/node_modules", name);
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(existsSync(own) ? own : join(root, "node_modules", name), join(modules, name));
  }
  cpSync(join(root, "examples"), join(directory, "examples"), { recursive: true });
  cpSync(join(import.meta.dirname, "programs"), join(directory, "programs"), { recursive: true });
  installation = directory;
  return directory;
}

/** The packages that one of ours needs, without ours. */
function needed(from: string): string[] {
  const { dependencies } = JSON.parse(readFileSync(join(from, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return Object.keys(dependencies).filter((name) => name !== "disterl");
}

function putPackage(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  copyFileSync(join(from, "package.json"), join(to, "package.json"));
  const bundle = join(root, "scripts/bundle.mjs");
  execFileSync(process.execPath, [bundle, from, join(to, "dist")], { stdio: "inherit" });
}

/** A program of ours that runs, and what it has printed. */
export class OurProgram implements AsyncDisposable {
  readonly child: ChildProcess;
  /** Exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  out = "";
  err = "";

  /** `descriptors`: how many files and sockets it may have open (`ulimit -n`). */
  constructor(
    program: string,
    argv: readonly string[],
    env: Readonly<Record<string, string>>,
    { descriptors }: { readonly descriptors?: number } = {},
  ) {
    const command = [process.execPath, join(installed(), program), ...argv];
    const limited = ["sh", "-c", `ulimit -n ${descriptors}; exec "$0" "$@"`, ...command];
    const [file = "", ...args] = descriptors === undefined ? command : limited;
    this.child = spawn(file, args, { env: { PATH: process.env["PATH"], ...env } });
    this.child.stdin?.end();
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.err += text;
    });
    this.ended = once(this.child, "close").then(
      ([code, signal]: (number | string | null)[]) => code ?? signal ?? "",
    );
  }

  /** Resolves when what it has printed on standard output matches. */
  async waitFor(pattern: RegExp): Promise<void> {
    const ended = this.ended.then((how) => {
      if (pattern.test(this.out)) return;
      throw new Error(`it ended with ${how} before it printed ${String(pattern)}: ${this.err}`);
    });
    while (!pattern.test(this.out)) {
      await Promise.race([once(this.child.stdout as NodeJS.EventEmitter, "data"), ended]);
    }
    ended.catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}
