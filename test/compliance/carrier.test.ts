import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  inet6Tcp,
  inet6Tls,
  inetTcp,
  inetTls,
  MemoryNetwork,
  unixSocket,
  VirtualClock,
} from "disterl/carrier";
import { type CarrierUnderTest, carrierSuite, TestAuthority } from "disterl/testing";
import { afterAll, describe, test } from "vitest";

describe("inet_tcp", () => {
  carrierSuite({ test, carrier: () => ({ carrier: inetTcp, host: "127.0.0.1" }) });
});

describe("inet6_tcp", () => {
  carrierSuite({ test, carrier: () => ({ carrier: inet6Tcp, host: "::1" }) });
});

describe("erl_uds, unix sockets", () => {
  const directory = mkdtempSync(join(tmpdir(), "uds-"));
  afterAll(() => rmSync(directory, { recursive: true }));
  const carrier = unixSocket({ directory });
  carrierSuite({ test, carrier: () => ({ carrier, host: "localhost" }) });
});

const authority = new TestAuthority();
afterAll(() => authority[Symbol.dispose]());
const credentials = { ...authority.issue("node"), cacertfile: authority.cacertfile };

for (const version of ["tlsv1.2", "tlsv1.3"] as const) {
  describe(`inet_tls, ${version}`, () => {
    const carrier = inetTls({ ...credentials, versions: [version] });
    carrierSuite({ test, carrier: () => ({ carrier, host: "127.0.0.1" }) });
  });
}

describe("inet6_tls", () => {
  carrierSuite({ test, carrier: () => ({ carrier: inet6Tls(credentials), host: "::1" }) });
});

for (const chunking of ["whole", "random"] as const) {
  describe(`memory, latency, chunks ${chunking}`, () => {
    carrierSuite({
      test,
      carrier: (): CarrierUnderTest => {
        const clock = new VirtualClock();
        const network = new MemoryNetwork({ clock, chunking, latencyMs: [1, 30], seed: 42 });
        return {
          carrier: network.carrier("alpha"),
          dialer: network.carrier("beta"),
          host: "alpha",
          settle: (promise) => clock.runUntil(promise),
        };
      },
    });
  });
}
