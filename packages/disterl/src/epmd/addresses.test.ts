import { expect, test } from "vitest";
import { distVersions, epmdAddresses, epmdPort, epmdRelaxed } from "./environment.ts";
import { limitsWithinDescriptors } from "./descriptor-limit.ts";
import { listenAddresses, splitAddresses } from "./listen-addresses.ts";
import { isLocalPeer } from "./local-peer.ts";
import { DEFAULT_EPMD_LIMITS } from "./server-options.ts";

const all = (list: string): string[] =>
  listenAddresses(splitAddresses(list)).map(({ address, wanted }) => address + (wanted ? "!" : ""));

test.each([
  ["", ["0.0.0.0!", "::"]],
  [" , ", ["0.0.0.0!", "::"]],
  ["192.0.2.2", ["192.0.2.2!", "127.0.0.1", "::1"]],
  ["192.0.2.2, 2001:db8::1", ["192.0.2.2!", "2001:db8::1!", "127.0.0.1", "::1"]],
  ["127.0.0.1", ["127.0.0.1!", "::1"]],
  ["::1 127.0.0.1", ["::1!", "127.0.0.1!"]],
  ["127.0.0.2", ["127.0.0.2!", "127.0.0.1", "::1"]],
  ["0:0:0:0:0:0:0:1", ["0:0:0:0:0:0:0:1!", "127.0.0.1"]],
  ["0.0.0.0", ["0.0.0.0!", "::1"]],
  ["0.0.0.0,::", ["0.0.0.0!", "::!"]],
])("the list %j binds %j", (list, expected) => {
  expect(all(list)).toEqual(expected);
});

test("a list with what is no address, or too long, is refused", () => {
  const bad = expect.objectContaining({ code: "ERR_EPMD_BAD_ADDRESS" });
  expect(() => all("127.0.0.1,localhost")).toThrow(bad);
  const many = Array.from({ length: 15 }, (_, index) => `192.0.2.${index}`).join(",");
  expect(() => all(many)).toThrow(bad);
});

test.each([
  ["127.0.0.1", undefined, true],
  ["127.255.0.3", undefined, true],
  ["::1", undefined, true],
  ["::ffff:127.0.0.1", undefined, true],
  ["192.0.2.2", "192.0.2.2", true],
  ["192.0.2.3", "192.0.2.2", false],
  ["192.0.2.3", undefined, false],
  ["::2", "::1", false],
])("a peer from %s at %s: local %s", (remote, local, expected) => {
  expect(isLocalPeer(remote, local)).toBe(expected);
});

test.each(["abc", "", "-1", "0", "65536", "4369x", " 4369"])(
  "ERL_EPMD_PORT=%j is an error that names the variable",
  (value) => {
    expect(() => epmdPort({ ERL_EPMD_PORT: value })).toThrow(
      expect.objectContaining({
        code: "ERR_EPMD_BAD_ENVIRONMENT",
        message: expect.stringContaining("ERL_EPMD_PORT"),
        facts: { variable: "ERL_EPMD_PORT" },
      }),
    );
  },
);

test("the environment", () => {
  expect(epmdPort({})).toBe(4369);
  expect(epmdPort({ ERL_EPMD_PORT: "5000" })).toBe(5000);
  expect(epmdAddresses({ ERL_EPMD_ADDRESS: "127.0.0.1, ::1" })).toEqual(["127.0.0.1", "::1"]);
  expect(epmdRelaxed({ ERL_EPMD_RELAXED_COMMAND_CHECK: "" })).toBe(true);
  expect(epmdRelaxed({})).toBe(false);
});

test.each([
  [{}, 6, 5],
  [{ ERL_EPMD_DIST_HIGH: "5" }, 5, 5],
  [{ ERL_EPMD_DIST_HIGH: "7" }, 6, 5],
  [{ ERL_EPMD_DIST_LOW: "6" }, 6, 6],
  [{ ERL_EPMD_DIST_LOW: "4" }, 6, 5],
  [{ ERL_EPMD_DIST_HIGH: "x", ERL_EPMD_DIST_LOW: "" }, 6, 5],
])("versions with %j: %i to %i", (environment, highest, lowest) => {
  expect(distVersions(environment)).toEqual({ highest, lowest });
});

test("few descriptors mean fewer connections, so that some stay free", () => {
  const small = limitsWithinDescriptors(DEFAULT_EPMD_LIMITS, 256);
  expect(small.connections + small.registrations).toBeLessThanOrEqual(256 - 64);
  expect(limitsWithinDescriptors(DEFAULT_EPMD_LIMITS, 1_000_000)).toEqual(DEFAULT_EPMD_LIMITS);
});
