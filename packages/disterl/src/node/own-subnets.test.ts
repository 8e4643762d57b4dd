import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { isInSubnets, ownSubnets } from "./own-subnets.ts";

test.each([
  ["10.1.2.3", true],
  ["10.1.3.3", false],
  ["::ffff:10.1.2.200", true],
  ["fe80::1%eth0", true],
  ["fe80:0:0:1::1", false],
  ["2001:db8::1", false],
  ["192.0.2.129", true],
  ["192.0.2.127", false],
  ["", false],
  ["db1.example.org", false],
])("%s is of our subnets: %s", (address, expected) => {
  const subnets = [
    { address: "10.1.2.9", prefix: 24 },
    { address: "fe80::5054:ff:fe12:3456", prefix: 64 },
    { address: "192.0.2.200", prefix: 25 },
  ];
  expect(isInSubnets(address, subnets)).toBe(expected);
});

test("every address is of a subnet without bits, and one with all bits has one address", () => {
  expect(isInSubnets("203.0.113.7", [{ address: "10.0.0.1", prefix: 0 }])).toBe(true);
  expect(isInSubnets("10.0.0.2", [{ address: "10.0.0.1", prefix: 32 }])).toBe(false);
  expect(isInSubnets("::1", [{ address: "::1", prefix: 128 }])).toBe(true);
});

test("each address of this machine is of its own subnets", () => {
  const subnets = ownSubnets();
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  expect(subnets).toHaveLength(addresses.length);
  for (const { address } of addresses) expect(isInSubnets(address, subnets), address).toBe(true);
});
