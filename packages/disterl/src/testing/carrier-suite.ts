import type { CarrierCheck } from "./carrier-check.ts";
import { CarrierRig, type CarrierUnderTest } from "./carrier-rig.ts";
import { closingChecks } from "./carrier-suite-closing.ts";
import { dialingChecks } from "./carrier-suite-dialing.ts";
import { flowChecks } from "./carrier-suite-flow.ts";

/** Everything that a carrier promises. */
export const carrierChecks: readonly CarrierCheck[] = [
  ...flowChecks,
  ...closingChecks,
  ...dialingChecks,
];

/** Options of {@link carrierSuite}. */
export interface CarrierSuiteOptions {
  /** `test` of node:test, vitest, jest or mocha. */
  readonly test: (name: string, run: () => Promise<void>) => unknown;
  /** Makes the carrier anew for each check. */
  readonly carrier: () => CarrierUnderTest | Promise<CarrierUnderTest>;
}

/**
 * Declares one test for each promise of the `Carrier` interface: order, cutting, back pressure,
 * pausing, handing over, closing, dialing, addresses. Every carrier passes it, those of this package
 * and yours.
 *
 *     import { test } from "node:test";
 *     carrierSuite({ test, carrier: () => ({ carrier: myCarrier, host: "127.0.0.1" }) });
 */
export function carrierSuite({ test, carrier }: CarrierSuiteOptions): void {
  for (const check of carrierChecks) {
    test(check.name, async () => {
      const rig = new CarrierRig(await carrier());
      try {
        await rig.settle(check.run(rig));
      } finally {
        await rig.dispose();
      }
    });
  }
}
