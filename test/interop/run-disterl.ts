import type { ResolveHost } from "disterl/epmd";
import { runCli } from "../../packages/cli/src/run-cli.ts";

/** How a command ended, and what it printed. */
export interface CommandRun {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** What a command may have of the world. */
export interface CommandWorld {
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly stdin?: string;
  readonly resolve?: ResolveHost;
}

/** Runs `disterl` with these arguments in this process: all of it but `main.ts`. */
export async function disterl(
  argv: readonly string[],
  { env = {}, signal, stdin = "", resolve }: CommandWorld,
): Promise<CommandRun> {
  let out = "";
  let err = "";
  const status = await runCli(argv, {
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
    env,
    colors: false,
    signal: signal ?? new AbortController().signal,
    readStdin: () => Promise.resolve(stdin),
    ...(resolve === undefined ? {} : { resolve }),
  });
  return { status, out, err };
}
