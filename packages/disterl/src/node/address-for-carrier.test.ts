import { expect, test } from "vitest";
import { inet6Tcp, inetTcp } from "../carrier/tcp.ts";
import { addressFor, dialFault } from "./address-for-carrier.ts";

test.each([
  ["127.0.0.1", "127.0.0.1", "::1"],
  ["127.8.9.10", "127.8.9.10", "::1"],
  ["::1", "127.0.0.1", "::1"],
  ["0:0:0:0:0:0:0:1", "127.0.0.1", "0:0:0:0:0:0:0:1"],
  ["0.0.0.0", "0.0.0.0", "::"],
  ["0:0:0:0:0:0:0:0", "0.0.0.0", "0:0:0:0:0:0:0:0"],
  ["10.0.0.7", "10.0.0.7", "10.0.0.7"],
  ["localhost", "localhost", "localhost"],
])("%s is %s over IPv4, and %s over IPv6", (address, four, six) => {
  expect(addressFor(inetTcp, address)).toBe(four);
  expect(addressFor(inet6Tcp, address)).toBe(six);
  expect(addressFor({ ...inetTcp, name: "mine" }, address)).toBe(address);
});

test("one dials from addresses of the carrier", () => {
  expect(dialFault([inetTcp, inet6Tcp], "::1")).toBeUndefined();
  expect(dialFault([inetTcp, { ...inetTcp, name: "mine" }], "10.0.0.7")).toBeUndefined();
  expect(dialFault([inetTcp, inet6Tcp], "10.0.0.7")).toContain("10.0.0.7 is none of inet6_tcp");
  expect(dialFault([inetTcp], "localhost")).toContain("an IP address");
});
