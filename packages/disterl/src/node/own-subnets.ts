import { isIP } from "node:net";
import { networkInterfaces } from "node:os";

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

/** Whether an address is of this machine only. The name `localhost` is one, too. */
export function isLoopback(address: string): boolean {
  if (address === "localhost") return true;
  const bits = addressBits(address);
  if (bits === undefined) return false;
  return bits.width === 32 ? bits.value >> 24n === 127n : bits.value === 1n;
}

/** Whether an address stands for all interfaces: `0.0.0.0`, `::`. */
export function isUnspecified(address: string): boolean {
  return addressBits(address)?.value === 0n;
}

function addressBits(text: string): { width: 32 | 128; value: bigint } | undefined {
  const [address = ""] = text.split("%");
  const mapped = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i.exec(address);
  if (mapped !== null) return addressBits(address.slice(mapped[0].length));
  if (isIP(address) === 4) return { width: 32, value: bitsOf(address.split(".").map(Number), 8n) };
  return isIP(address) === 6 ? { width: 128, value: bitsOf(groupsOf(address), 16n) } : undefined;
}

function bitsOf(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((value, part) => (value << width) | BigInt(part), 0n);
}

/** The eight groups of an IPv6 address; its last two may be written as IPv4. */
function groupsOf(address: string): number[] {
  const dotted = /\d+(?:\.\d+){3}$/.exec(address)?.[0];
  let text = address;
  if (dotted !== undefined) {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.split(".").map(Number);
    const hex = [(a << 8) | b, (c << 8) | d].map((group) => group.toString(16)).join(":");
    text = address.slice(0, -dotted.length) + hex;
  }
  const [left = "", right] = text.split("::");
  const groups = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const first = groups(left);
  const last = right === undefined ? [] : groups(right);
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
}
