import { networkInterfaces } from "node:os";
import { addressBits } from "../bytes/ip-address.ts";

/** An address of this machine, with the bits that all addresses of its subnet share. */
export interface Subnet {
  /** An address of the subnet: `10.0.0.7`. */
  readonly address: string;
  /** Bits from the left that count. */
  readonly prefix: number;
}

/**
 * The subnets that this machine has an address in, as it is now: those of its interfaces that are up.
 */
export function ownSubnets(): Subnet[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.flatMap(({ cidr }) => {
      const [address, prefix] = cidr?.split("/") ?? [];
      return address === undefined ? [] : [{ address, prefix: Number(prefix) }];
    }),
  );
}

/**
 * Whether an address is of one of the subnets. IPv4 that was mapped into IPv6 counts as IPv4.
 */
export function isInSubnets(address: string, subnets: readonly Subnet[]): boolean {
  const bits = addressBits(address);
  return subnets.some((subnet) => {
    const own = addressBits(subnet.address);
    if (bits === undefined || own?.width !== bits.width) return false;
    const host = BigInt(bits.width - subnet.prefix);
    return bits.value >> host === own.value >> host;
  });
}
