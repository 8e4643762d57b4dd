import { epmdPort } from "disterl/epmd";
import type { CliIo } from "./cli-io.ts";
import type { OptionSpec, OptionValues } from "./command.ts";
import { addressOption } from "./node-address.ts";
import { carrierOptions } from "./session-carrier.ts";

/** The options of a command that asks a host or a node. */
export interface ReachOptions {
  /** Milliseconds for all of it. */
  readonly timeoutMs: number;
  readonly epmdPort: number;
}

const DEFAULT_TIMEOUT_SECONDS = 10;

/** Options of every command that asks somebody. */
export const reachOptions: readonly OptionSpec[] = [
  {
    flags: "--timeout <seconds>",
    description: `how long it may take in all (default: ${DEFAULT_TIMEOUT_SECONDS})`,
    read: seconds,
  },
  {
    flags: "--epmd-port <port>",
    description: "port of epmd (default: ERL_EPMD_PORT, else 4369)",
    read: port,
  },
];

/** Options of every command that connects to a node. */
export const connectOptions: readonly OptionSpec[] = [
  ...reachOptions,
  addressOption,
  {
    flags: "--cookie-file <file>",
    description: "file with the cookie (default: DISTERL_COOKIE, else ~/.erlang.cookie)",
  },
  {
    flags: "--name <name>",
    description:
      "dial under this name (default: one that the node gives, so that none is left behind)",
  },
  ...carrierOptions,
];

/** Milliseconds for all of it. */
export function readTimeout(values: OptionValues): number {
  return 1000 * ((values["timeout"] as number | undefined) ?? DEFAULT_TIMEOUT_SECONDS);
}

/** @throws EpmdError for a bad `ERL_EPMD_PORT`. */
export function readReachOptions(values: OptionValues, { env }: CliIo): ReachOptions {
  return {
    timeoutMs: readTimeout(values),
    epmdPort: (values["epmdPort"] as number | undefined) ?? epmdPort(env),
  };
}

function seconds(text: string): number {
  const value = /^\d{1,6}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new TypeError("expected seconds, such as 5 or 0.5");
}

function port(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= 0xffff) return value;
  throw new TypeError("expected a port from 1 to 65535");
}
