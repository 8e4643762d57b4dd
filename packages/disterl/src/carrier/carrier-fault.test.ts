import { expect, test } from "vitest";
import { carrierFault } from "./carrier-fault.ts";
import { inetTcp } from "./tcp.ts";

const { name, handshakeLengthBytes } = inetTcp;
const parts = { name, handshakeLengthBytes, listen: () => {}, connect: () => {} };

test.each([
  [inetTcp, undefined],
  [parts, undefined],
  [undefined, "no object"],
  ["inet_tcp", "no object"],
  [{}, "its name"],
  [{ ...parts, name: "my carrier" }, "its name"],
  [{ ...parts, handshakeLengthBytes: "2" }, "neither 2 nor 4"],
  [{ ...parts, connect: undefined }, "no listen and connect"],
])("%# what a carrier is", (value, fault) => {
  if (fault === undefined) expect(carrierFault(value)).toBeUndefined();
  else expect(carrierFault(value)).toContain(fault);
});
