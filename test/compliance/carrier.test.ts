import { inet6Tcp, inetTcp, MemoryNetwork, VirtualClock } from "disterl/carrier";
import { type CarrierUnderTest, carrierSuite } from "disterl/testing";
import { describe, test } from "vitest";

describe("inet_tcp", () => {
  carrierSuite({ test, carrier: () => ({ carrier: inetTcp, host: "127.0.0.1" }) });
});

describe("inet6_tcp", () => {
  carrierSuite({ test, carrier: () => ({ carrier: inet6Tcp, host: "::1" }) });
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
