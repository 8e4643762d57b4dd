import { BlockList, isIP } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

const MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/** An IPv4 address that came wrapped in an IPv6 one, unwrapped; other addresses as they are. */
function unwrapped(address: string): string {
  return address.replace(MAPPED, "");
}

/** True for 127.0.0.0/8 and `::1`, also when the former is wrapped in an IPv6 address. */
export function isLoopback(address: string): boolean {
  if (address === "127.0.0.1" || address === "::1") return true;
  const plain = unwrapped(address);
  if (isIP(plain) === 0) return false;
  return loopback.check(plain, plain.includes(":") ? "ipv6" : "ipv4");
}

/**
 * True when a peer is on this machine: it comes from the loopback interface, or from the very
 * address it has connected to. Only such peers may register, dump, stop and kill.
 */
export function isLocalPeer(remoteAddress: string, localAddress: string | undefined): boolean {
  return isLoopback(remoteAddress) || (remoteAddress !== "" && remoteAddress === localAddress);
}

/**
 * Who is counted as one source when connections are limited: an IPv4 address, or the /64 an IPv6
 * address is in, since one host has all of it.
 */
export function sourceOf(remoteAddress: string): string {
  const plain = unwrapped(remoteAddress);
  if (!plain.includes(":")) return plain;
  const [address = ""] = plain.split("%");
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array.from({ length: Math.max(zeros, 0) }, () => "0"), ...right];
  return `${groups.slice(0, 4).join(":")}::/64`;
}
