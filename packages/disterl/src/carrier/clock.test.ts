import { expect, test } from "vitest";
import { systemClock } from "./clock.ts";

test("a time longer than Node.js can count is long, not none", async () => {
  let fired = 0;
  const timers = [2 ** 31, 1e12, Number.POSITIVE_INFINITY].map((milliseconds) =>
    systemClock.after(milliseconds, () => fired++),
  );
  await new Promise<void>((resolve) => void systemClock.after(20, resolve));
  for (const timer of timers) timer.cancel();
  expect(fired).toBe(0);
});
