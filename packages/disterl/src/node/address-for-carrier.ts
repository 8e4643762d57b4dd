import { isIP } from "node:net";
import type { Carrier } from "../carrier/carrier.ts";
import { isLoopback, isUnspecified } from "../bytes/ip-address.ts";

/**
 * An address of this machine as a carrier needs it. One address stands for several carriers: this machine
 * and all interfaces are the same places over IPv4 and IPv6. Of any other address a carrier of the other
 * family says that it is none of its own.
 */
export function addressFor(carrier: Carrier, address: string): string {
  const family = familyOf(carrier);
  if (family === undefined || isIP(address) === 0 || isIP(address) === family) return address;
  if (isLoopback(address)) return family === 6 ? "::1" : "127.0.0.1";
  if (isUnspecified(address)) return family === 6 ? "::" : "0.0.0.0";
  return address;
}

/** Why one of the carriers cannot dial from that address; undefined: each can. */
export function dialFault(carriers: readonly Carrier[], address: string): string | undefined {
  if (isIP(address) === 0) return `an IP address, not ${JSON.stringify(address)}`;
  const other = carriers.find((carrier) => {
    const family = familyOf(carrier);
    return family !== undefined && isIP(addressFor(carrier, address)) !== family;
  });
  if (other === undefined) return undefined;
  return `an address of the carrier, and ${address} is none of ${other.name}`;
}

/** Of the carriers of TCP and TLS, by their names. */
function familyOf({ name }: Carrier): 4 | 6 | undefined {
  if (name.startsWith("inet6_")) return 6;
  return name.startsWith("inet_") ? 4 : undefined;
}
