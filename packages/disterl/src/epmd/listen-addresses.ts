import { isIP } from "node:net";
import { EpmdError } from "./errors.ts";
import { isLoopback } from "./local-peer.ts";

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
  const has = (family: 4 | 6, any: string): boolean =>
    requested.some((one) => isIP(one) === family && (isAny(one, any) || isLoopback(one)));
  const added: ListenAddress[] = [];
  if (!has(4, "0.0.0.0")) added.push({ address: "127.0.0.1", wanted: false });
  if (!has(6, "::")) added.push({ address: "::1", wanted: false });
  return added;
}

function isAny(address: string, any: string): boolean {
  return address === any || /^[0:]+$/.test(address);
}
