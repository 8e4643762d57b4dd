import { isIP } from "node:net";
import { EpmdError } from "./errors.ts";

/** An address to bind. */
export interface ListenAddress {
  readonly address: string;
  /** False: nobody asked for it by name, so it may be missing on this machine. */
  readonly wanted: boolean;
}

/** Addresses a user may give; two places are kept for loopback. */
export const MAX_ADDRESSES = 14;

/** The pieces of a list of addresses, as `-address` and `ERL_EPMD_ADDRESS` have it. */
export function splitAddresses(list: string): string[] {
  return list.split(/[ ,]+/).filter((piece) => piece !== "");
}

/**
 * What to bind for a list of addresses: loopback of both families is added, unless the list has it
 * or has the address that stands for all of its family. No list: all addresses of both families.
 * @throws EpmdError when a piece is no IP address, or there are too many.
 */
export function listenAddresses(requested: readonly string[] = []): ListenAddress[] {
  if (requested.length === 0) {
    return [
      { address: "0.0.0.0", wanted: true },
      { address: "::", wanted: false },
    ];
  }
  for (const address of requested) {
    if (isIP(address) === 0) {
      throw new EpmdError("ERR_EPMD_BAD_ADDRESS", `cannot parse IP address "${address}"`, {
        address,
      });
    }
  }
  if (requested.length > MAX_ADDRESSES) {
    throw new EpmdError(
      "ERR_EPMD_BAD_ADDRESS",
      `cannot listen on more than ${MAX_ADDRESSES} IP addresses, found ${requested.length}`,
    );
  }
  return [...requested.map((address) => ({ address, wanted: true })), ...addedLoopback(requested)];
}

function addedLoopback(requested: readonly string[]): ListenAddress[] {
  // The very addresses nodes register at: 127.0.0.2 does not do.
  const added: ListenAddress[] = [];
  if (!requested.some((one) => one === "127.0.0.1" || one === "0.0.0.0")) {
    added.push({ address: "127.0.0.1", wanted: false });
  }
  if (!requested.some((one) => /^[0:]+1?$/.test(one))) {
    added.push({ address: "::1", wanted: false });
  }
  return added;
}
