import { systemClock } from "disterl/carrier";
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
  /** How long a check may wait for what was promised, in milliseconds. Default 20,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Declares one test for each promise of the `Carrier` interface: order, cutting, back pressure,
 * pausing, handing over, closing, dialing, addresses. Every carrier passes it, those of this package
 * and yours.
 *
 *     import { test } from "node:test";
 *     carrierSuite({ test, carrier: () => ({ carrier: myCarrier, host: "127.0.0.1" }) });
 */
export function carrierSuite({ test, carrier, timeoutMs = 20_000 }: CarrierSuiteOptions): void {
  for (const check of carrierChecks) {
    test(check.name, async () => runCheck(check, await carrier(), timeoutMs));
  }
}

/** Runs one check, and closes what it has opened. Rejects when the promise is broken. @internal */
export async function runCheck(
  check: CarrierCheck,
  subject: CarrierUnderTest,
  timeoutMs: number,
): Promise<void> {
  const rig = new CarrierRig(subject);
  let giveUp: (error: Error) => void = () => {};
  const late = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const timer = systemClock.after(timeoutMs, () => {
    giveUp(new Error(`what was promised did not happen within ${timeoutMs} ms: ${check.name}`));
  });
  try {
    await Promise.race([rig.settle(check.run(rig)), late]);
    rig.assertInOrder();
  } finally {
    timer.cancel();
    await rig.dispose();
  }
}
