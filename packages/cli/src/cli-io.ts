import type { Environment, ResolveHost } from "disterl/epmd";

/** What a command has of the world: the process as a rule, memory in tests. */
export interface CliIo {
  /** Data: what was asked for. */
  readonly stdout: (text: string) => void;
  /** Talk: warnings and errors. */
  readonly stderr: (text: string) => void;
  readonly env: Environment;
  /** Whether colours are welcome. */
  readonly colors: boolean;
  /** Aborted by SIGINT. */
  readonly signal: AbortSignal;
  /** The addresses of a host. Default: the system's resolver. */
  readonly resolve?: ResolveHost;
  /** All of standard input, as text; at most `limit` bytes. */
  readonly readStdin: (limit: number) => Promise<string>;
  /** Asks at the terminal for what nobody should see; `undefined` where there is no terminal. */
  readonly askSecret?: (question: string) => Promise<string | undefined>;
}
