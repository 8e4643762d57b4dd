import { isIP } from "node:net";

/** An IP address as a number. */
export interface AddressBits {
  readonly width: 32 | 128;
  readonly value: bigint;
}

/**
 * The bits of an address in text form; undefined for what is none. IPv4 that was mapped into IPv6
 * (`::ffff:10.0.0.7`) is IPv4, and a zone (`fe80::1%eth0`) does not count.
 */
export function addressBits(text: string): AddressBits | undefined {
  const [address = ""] = text.split("%");
  if (isIP(address) === 4) return { width: 32, value: bitsOf(address.split(".").map(Number), 8n) };
  if (isIP(address) !== 6) return undefined;
  const value = bitsOf(groupsOf(address), 16n);
  if (value >> 32n === 0xffffn) return { width: 32, value: value & 0xffff_ffffn };
  return { width: 128, value };
}

/** Whether an address is of this machine only. The name `localhost` is one, too. */
export function isLoopback(address: string): boolean {
  if (address === "127.0.0.1" || address === "::1" || address === "localhost") return true;
  const bits = addressBits(address);
  if (bits === undefined) return false;
  return bits.width === 32 ? bits.value >> 24n === 127n : bits.value === 1n;
}

/** Whether an address stands for all interfaces: `0.0.0.0`, `::`. */
export function isUnspecified(address: string): boolean {
  return addressBits(address)?.value === 0n;
}

/**
 * Who is counted as one when connections are limited: an IPv4 address, or the /64 that an IPv6 address
 * is in, since one host has all of it; loopback stands for itself. What is no address is as it is.
 */
export function sourceOf(address: string): string {
  if (isIP(address) === 4) return address; // in one form only: no leading zeros
  const bits = addressBits(address);
  if (bits === undefined) return address;
  const { width, value } = bits;
  if (width === 32) return [24n, 16n, 8n, 0n].map((at) => (value >> at) & 0xffn).join(".");
  if (value === 1n) return "::1";
  const network = [112n, 96n, 80n, 64n].map((at) => ((value >> at) & 0xffffn).toString(16));
  return `${network.join(":")}::/64`;
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
