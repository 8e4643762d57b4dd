import { DIST_VERSION_HIGH, DIST_VERSION_LOW, EPMD_PORT } from "./codes.ts";
import { EpmdError } from "./errors.ts";
import { splitAddresses } from "./listen-addresses.ts";
import { printable } from "./printable.ts";

/** Environment variables, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where epmd listens, here and on every other machine: `ERL_EPMD_PORT`, or 4369.
 * @throws EpmdError when the variable is there but holds no port.
 */
export function epmdPort(environment: Environment): number {
  const text = environment["ERL_EPMD_PORT"];
  if (text === undefined) return EPMD_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 0xffff) return port;
  throw new EpmdError(
    "ERR_EPMD_BAD_ENVIRONMENT",
    `ERL_EPMD_PORT is "${printable(text)}"; expected a port, 1 to 65535`,
    { variable: "ERL_EPMD_PORT" },
  );
}

/** The addresses `ERL_EPMD_ADDRESS` lists, for a server. Not checked here. */
export function epmdAddresses(environment: Environment): string[] {
  return splitAddresses(environment["ERL_EPMD_ADDRESS"] ?? "");
}

/** True when `ERL_EPMD_RELAXED_COMMAND_CHECK` exists, whatever it holds. */
export function epmdRelaxed(environment: Environment): boolean {
  return environment["ERL_EPMD_RELAXED_COMMAND_CHECK"] !== undefined;
}

/**
 * The versions of the distribution protocol to register with: `ERL_EPMD_DIST_LOW` can only raise the
 * lowest, `ERL_EPMD_DIST_HIGH` only lower the highest; anything else in them is ignored, as by OTP.
 */
export function distVersions(environment: Environment): { highest: number; lowest: number } {
  const high = integer(environment["ERL_EPMD_DIST_HIGH"]);
  const low = integer(environment["ERL_EPMD_DIST_LOW"]);
  return {
    highest: high !== undefined && high < DIST_VERSION_HIGH ? high : DIST_VERSION_HIGH,
    lowest: low !== undefined && low > DIST_VERSION_LOW ? low : DIST_VERSION_LOW,
  };
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,5}$/.test(text) ? Math.min(Number(text), 0xffff) : undefined;
}
