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
  /** How long a check may wait for what was promised, and for its end, in milliseconds. Default 20,000. */
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
  const late = `what was promised did not happen within ${timeoutMs} ms: ${check.name}`;
  const open = `what it has opened could not be closed within ${timeoutMs} ms: ${check.name}`;
  let failure: { readonly reason: unknown } | undefined;
  try {
    await inTime(rig.settle(check.run(rig)), timeoutMs, late);
    rig.assertInOrder();
  } catch (reason) {
    failure = { reason };
  }
  // Why the check failed is told, not what else went wrong after that.
  const closing = inTime(rig.dispose(), timeoutMs, open);
  await (failure === undefined ? closing : closing.catch(() => {}));
  if (failure !== undefined) throw failure.reason;
}

async function inTime(promise: Promise<void>, timeoutMs: number, message: string): Promise<void> {
  let giveUp: (error: Error) => void = () => {};
  const late = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const timer = systemClock.after(timeoutMs, () => giveUp(new Error(message)));
  try {
    await Promise.race([promise, late]);
  } finally {
    timer.cancel();
  }
}
