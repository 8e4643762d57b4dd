import { isLoopback } from "../bytes/ip-address.ts";

/**
 * True when a peer is on this machine: it comes from the loopback interface, or from the very
 * address it has connected to. Only such peers may register, dump, stop and kill.
 */
export function isLocalPeer(remoteAddress: string, localAddress: string | undefined): boolean {
  return isLoopback(remoteAddress) || (remoteAddress !== "" && remoteAddress === localAddress);
}
