import type { Environment } from "disterl/epmd";

/** What the epmd command has of the world: a process as a rule, memory in tests. */
export interface EpmdIo {
  readonly stdout: (data: string | Uint8Array) => void;
  readonly stderr: (data: string | Uint8Array) => void;
  readonly environment: Environment;
  /** How this very command is started again, for `-daemon`; the arguments of epmd are appended. */
  readonly respawn: { readonly file: string; readonly args: readonly string[] };
  /** Ends a daemon that runs in the foreground; it then returns 0. */
  readonly signal?: AbortSignal | undefined;
  /** Called when a daemon in the foreground accepts connections. */
  readonly onReady?: ((port: number) => void) | undefined;
}

/** The process as {@link EpmdIo}. `command` is what stands before epmd's own arguments. */
export function processIo(command: readonly string[] = ["epmd"]): EpmdIo {
  const script = process.argv[1];
  return {
    stdout: (data) => void process.stdout.write(data),
    stderr: (data) => void process.stderr.write(data),
    environment: process.env,
    respawn: {
      file: process.execPath,
      args: [...process.execArgv, ...(script === undefined ? [] : [script]), ...command],
    },
  };
}
