import { expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { PendingHandshakes } from "./pending-handshakes.ts";

const clock = new VirtualClock();

test("one source has few places, and gets them back", () => {
  const pending = new PendingHandshakes({ clock, pendingPerSource: 2 });
  const first = pending.admit("192.0.2.7", () => {});
  expect(first).toBeDefined();
  expect(pending.admit("192.0.2.7", () => {})).toBeDefined();
  expect(pending.admit("192.0.2.7", () => {})).toBeUndefined();
  first?.done();
  first?.done();
  expect(pending.count).toBe(1);
  expect(pending.admit("192.0.2.7", () => {})).toBeDefined();
});

test("this very host has more places", () => {
  const pending = new PendingHandshakes({ clock });
  for (let index = 0; index < 128; index++)
    expect(pending.admit("127.0.0.1", () => {})).toBeDefined();
  expect(pending.admit("127.0.0.1", () => {})).toBeUndefined();
});

test("when all places are taken, the oldest of the busiest source goes", () => {
  const pending = new PendingHandshakes({ clock, pendingHandshakes: 4 });
  const dropped: string[] = [];
  const admit = (address: string, name: string): void => {
    expect(pending.admit(address, () => dropped.push(name))).toBeDefined();
  };
  admit("192.0.2.1", "legitimate");
  admit("192.0.2.66", "flood 1");
  admit("192.0.2.66", "flood 2");
  admit("192.0.2.66", "flood 3");
  admit("192.0.2.66", "flood 4");
  admit("192.0.2.2", "another");
  expect(dropped).toEqual(["flood 1", "flood 2"]);
  expect(pending.count).toBe(4);
});

/** Tries cookies from one address as fast as it is let, for some minutes; gives the guesses. */
async function guess(
  time: VirtualClock,
  pending: PendingHandshakes,
  minutes: number,
): Promise<number> {
  let guesses = 0;
  const end = time.now() + minutes * 60_000;
  while (time.now() < end) {
    const tickets = Array.from({ length: 16 }, () => pending.admit("192.0.2.66", () => {}));
    const verdicts = await time.runUntil(
      Promise.all(tickets.map(() => pending.shouldRefuse("192.0.2.66"))),
    );
    for (const refused of verdicts) {
      if (refused) continue;
      guesses++;
      pending.failedDigest("192.0.2.66");
    }
    for (const ticket of tickets) ticket?.done();
    await time.advance(50);
  }
  return guesses;
}

test("guessing cookies is slowed down to the limit, others do not notice", async () => {
  const time = new VirtualClock();
  const pending = new PendingHandshakes({ clock: time });
  const inTenMinutes = await guess(time, pending, 10);
  // The first burst is what may be pending at once, then come nine tokens, then ten a minute.
  expect(inTenMinutes).toBeLessThanOrEqual(16 + 9 + 10 * 10);
  expect(inTenMinutes).toBeGreaterThan(50);
  expect(await pending.shouldRefuse("192.0.2.1")).toBe(false);
  await time.advance(600_000);
  expect(await pending.shouldRefuse("192.0.2.66")).toBe(false);
});

test("a few wrong digests do no harm", async () => {
  const pending = new PendingHandshakes({ clock });
  for (let index = 0; index < 5; index++) pending.failedDigest("192.0.2.7");
  expect(await pending.shouldRefuse("192.0.2.7")).toBe(false);
});

test("failures are remembered for a bounded number of sources", async () => {
  const pending = new PendingHandshakes({ clock, authFailPerSource: 1 });
  for (let index = 0; index < 5_000; index++) {
    pending.failedDigest(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
  }
  expect(await pending.shouldRefuse("10.0.0.0")).toBe(false); // forgotten
});
