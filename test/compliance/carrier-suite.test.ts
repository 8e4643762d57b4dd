import type { Carrier } from "disterl/carrier";
import { carrierChecks } from "disterl/testing";
import { describe, expect, test } from "vitest";
import { runCheck } from "../../packages/disterl/src/testing/carrier-suite.ts";
import { whole, wrapped } from "./broken-carrier.ts";
import { brokenChannels } from "./broken-channels.ts";
import { brokenDialing } from "./broken-dialing.ts";

const ALL = [...brokenDialing, ...brokenChannels];

/** Runs one check on a carrier. */
async function check(name: string, carrier: Carrier, timeoutMs: number): Promise<void> {
  const found = carrierChecks.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no check "${name}"`);
  await runCheck(found, { carrier, host: "here" }, timeoutMs);
}

describe("a carrier that breaks a promise fails the check of that promise", () => {
  test.each(ALL)("%s", async (_, carrier, name) => {
    await expect(check(name, carrier(), 1000)).rejects.toBeInstanceOf(Error);
  });
});

test("each check is failed by one of them", () => {
  // What only a carrier under load or with mixed-up channels would fail is there for those.
  const others = ["very many small writes cost no more each than few", "channels do not mix"];
  const found = new Set([...ALL.map(([, , check]) => check), ...others]);
  expect(carrierChecks.map(({ name }) => name).filter((name) => !found.has(name))).toEqual([]);
});

test.each(carrierChecks)("the carrier that they are made from passes: $name", async ({ name }) => {
  await check(name, whole(), 20_000);
  await check(name, wrapped({})(), 20_000);
});
