import { expect, test } from "vitest";
import { CliFailure } from "./cli-failure.ts";
import type { CliIo } from "./cli-io.ts";
import { addressOption, givenAddress } from "./node-address.ts";
import { runCli } from "./run-cli.ts";
import { sessionCarrier } from "./session-carrier.ts";

const read = (text: string): unknown => addressOption.read?.(text);
const io: CliIo = {
  ...{ stdout: () => {}, stderr: () => {}, env: {}, colors: false },
  signal: new AbortController().signal,
  readStdin: () => Promise.resolve(""),
};

test.each([
  ["db1.example.org:9100", "db1.example.org", 9100],
  ["localhost:1", "localhost", 1],
  ["10.0.0.7:65535", "10.0.0.7", 65_535],
  ["[::1]:9100", "::1", 9100],
  ["[fe80::1]:9100", "fe80::1", 9100],
])("--address %s", (text, host, port) => {
  expect(read(text)).toEqual({ host, port });
});

test.each([
  ...["", "9100", "db1", "db1:", ":9100", "db1:0", "db1:65536", "db1:http", "db1:9100:1"],
  ...["::1:9100", "[::1]", "[db1]:9100", "[127.0.0.1]:9100", "[]:9100", "10.0.0.300:9100"],
  ...["d b:9100", "app@db1:9100", "db1:9100 ", "http://db1:9100"],
])("--address %j is no address: status 2, without a connection", async (text) => {
  expect(() => read(text)).toThrow(/^expected host:port, such as /);
  let told = "";
  const stderr = (line: string): void => void (told += line);
  expect(await runCli(["ping", "app@db1", "--address", text], { ...io, stderr })).toBe(2);
  expect(told).toContain("--address");
});

function failure(values: Record<string, unknown>): CliFailure {
  try {
    givenAddress(values);
  } catch (error) {
    if (error instanceof CliFailure) return error;
    throw error;
  }
  throw new Error("it was taken");
}

test("--address leaves no use for --epmd-port, nor for a carrier of the other family", () => {
  const address = { host: "127.0.0.1", port: 9100 };
  const ports = failure({ address, epmdPort: 4370 });
  expect(ports).toMatchObject({ code: "ERR_CLI_ADDRESS", layer: "usage", exitCode: 2 });
  expect(ports.message).toMatch(/^--address and --epmd-port are given/);
  expect(failure({ address, protoDist: "inet6_tls" }).message).toContain("address of IPv4");
  const six = { host: "::1", port: 9100 };
  expect(failure({ address: six, protoDist: "inet_tcp" }).message).toContain("address of IPv6");
  expect(givenAddress({ address, protoDist: "inet_tls" })).toEqual(address);
  expect(givenAddress({ address: { host: "db1", port: 1 }, protoDist: "inet6_tcp" })).toBeDefined();
  expect(givenAddress({ epmdPort: 4370 })).toBeUndefined();
});

test("--address of IPv6 is dialled over IPv6, with TLS and without", () => {
  const address = { host: "::1", port: 9100 };
  expect(sessionCarrier({ address }, io)).toMatchObject({ carrier: { name: "inet6_tcp" } });
  expect(sessionCarrier({ address, tlsCacertfile: "ca.pem" }, io)).toMatchObject({
    tls: { family: "inet6" },
  });
});
