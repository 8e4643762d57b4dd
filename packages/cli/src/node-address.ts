import { isIP } from "node:net";
import { type Discovery, staticMap } from "disterl/epmd";
import { CliFailure } from "./cli-failure.ts";
import type { OptionSpec, OptionValues } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";

/** Where a node is dialled, for those who know that: the near end of a tunnel, say. */
export interface NodeAddress {
  /** A name, or an IP address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** `--address`, of the commands that connect to one node. */
export const addressOption: OptionSpec = {
  flags: "--address <host:port>",
  description:
    "dial the node there and ask no epmd, as through an SSH tunnel; [::1]:9100 for IPv6 (default: where epmd says)",
  read: readAddress,
};

/** @throws TypeError */
function readAddress(text: string): NodeAddress {
  const [, inBrackets, plain, digits = ""] =
    /^(?:\[([^\]]*)\]|([\w.-]{1,253})):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const host = inBrackets ?? plain ?? "";
  const isHost = inBrackets === undefined ? isName(host) : isIP(host) === 6;
  if (isHost && port >= 1 && port <= 0xffff) return { host, port };
  throw new TypeError(
    "expected host:port, such as 127.0.0.1:9100, or [::1]:9100 with an IPv6 address; ports are 1 to 65535",
  );
}

/** 10.0.0.300 is an address that is wrong, and not a name. */
function isName(host: string): boolean {
  return host !== "" && (isIP(host) !== 0 || !/^[\d.]+$/.test(host));
}

/**
 * The address that is given.
 * @throws CliFailure, exit status 2, when it is given together with what it leaves no use for.
 */
export function givenAddress(values: OptionValues): NodeAddress | undefined {
  const address = values["address"] as NodeAddress | undefined;
  if (address === undefined) return undefined;
  if (values["epmdPort"] !== undefined) {
    throw conflict("--address and --epmd-port are given, and with an address no epmd is asked");
  }
  const protoDist = values["protoDist"] as string | undefined;
  const family = isIP(address.host);
  if (protoDist === undefined || family === 0) return address;
  if (protoDist.startsWith("inet6_") === (family === 6)) return address;
  throw conflict(`--address is an address of IPv${family}, and --proto-dist is ${protoDist}`);
}

/** Finds the one node there, and is asked for no other. */
export function discoveryAt(node: string, { host, port }: NodeAddress): Discovery {
  const place = isIP(host) === 0 ? { host, port } : { address: host, port };
  return staticMap({ [node]: place });
}

function conflict(message: string): CliFailure {
  return new CliFailure(exitCodes.usage, "usage", "ERR_CLI_ADDRESS", `${message}: choose one`);
}
