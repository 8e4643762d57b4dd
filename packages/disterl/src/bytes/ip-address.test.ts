import { expect, test } from "vitest";
import { addressBits, isLoopback, isUnspecified, sourceOf } from "./ip-address.ts";

test.each([
  ["0.0.0.0", 32, 0n],
  ["10.0.0.7", 32, 0x0a00_0007n],
  ["::ffff:10.0.0.7", 32, 0x0a00_0007n],
  ["::ffff:a00:7", 32, 0x0a00_0007n],
  ["::1", 128, 1n],
  ["::10.0.0.7", 128, 0x0a00_0007n],
  ["fe80::1%eth0", 128, 0xfe80_0000_0000_0000_0000_0000_0000_0001n],
  ["1:2:3:4:5:6:7:8", 128, 0x0001_0002_0003_0004_0005_0006_0007_0008n],
])("%s has %i bits", (address, width, value) => {
  expect(addressBits(address)).toEqual({ width, value });
});

test.each(["", "localhost", "10.0.0", "10.0.0.256", "1:2", "2001:db8:1:2::/64"])(
  "%j is no address",
  (text) => {
    expect(addressBits(text)).toBeUndefined();
    expect(sourceOf(text)).toBe(text);
  },
);

test("sources: an IPv4 address, or the /64 of an IPv6 one", () => {
  expect(sourceOf("192.0.2.7")).toBe("192.0.2.7");
  expect(sourceOf("::ffff:192.0.2.7")).toBe("192.0.2.7");
  expect(sourceOf("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
  expect(sourceOf("2001:db8:1:2::9")).toBe("2001:db8:1:2::/64");
  expect(sourceOf("2001:0db8::1")).toBe("2001:db8:0:0::/64");
  expect(sourceOf("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
  expect(sourceOf("::1")).toBe("::1");
});

test("addresses that stand for all", () => {
  for (const all of ["0.0.0.0", "::", "0:0:0:0:0:0:0:0"]) expect(isUnspecified(all)).toBe(true);
  for (const one of ["0.0.0.1", "::1", ""]) expect(isUnspecified(one)).toBe(false);
});

test.each([
  ["127.0.0.1", true],
  ["127.8.9.10", true],
  ["::1", true],
  ["0:0:0:0:0:0:0:1", true],
  ["::ffff:127.0.0.1", true],
  ["localhost", true],
  ["0.0.0.0", false],
  ["::", false],
  ["10.0.0.1", false],
  ["128.0.0.1", false],
  ["::2", false],
  ["db1.example.org", false],
  ["", false],
  ["::ffff:10.0.0.1", false],
  ["fe80::1", false],
])("%s is loopback: %s", (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});
