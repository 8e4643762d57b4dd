import { expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { Mailbox } from "./mailbox.ts";
import { Receivers } from "./receivers.ts";

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no failure",
    (error: unknown) => error,
  );

function broken(): never {
  throw new RangeError("my own mistake");
}

test("a condition that throws fails its own receive, and no other", async () => {
  const mailbox = new Mailbox();
  const receivers = new Receivers(mailbox, new VirtualClock());
  const mine = failure(receivers.receive({ matches: broken }));
  const other = receivers.receive({});
  expect(receivers.offer(1)).toBe(true);
  expect(String(await mine)).toContain("my own mistake");
  expect(await other).toBe(1);

  mailbox.push(2, 0);
  expect(String(await failure(receivers.receive({ matches: broken })))).toContain("my own mistake");
  expect(mailbox.length).toBe(1);
});

test("a timeout of Infinity waits for ever, and sets no timer", async () => {
  const clock = new VirtualClock();
  const receivers = new Receivers(new Mailbox(), clock);
  let timers = 0;
  const counting = new Receivers(new Mailbox(), {
    now: () => 0,
    soon: () => {},
    after: (milliseconds, callback) => {
      timers++;
      return clock.after(milliseconds, callback);
    },
  });
  const waiting = receivers.receive({ timeout: Number.POSITIVE_INFINITY });
  void counting.receive({ timeout: Number.POSITIVE_INFINITY });
  expect(timers).toBe(0);
  receivers.offer(1);
  expect(await waiting).toBe(1);
});

test("a receive that ended leaves no listener on its signal", async () => {
  const receivers = new Receivers(new Mailbox(), new VirtualClock());
  const abort = new AbortController();
  let listeners = 0;
  const { signal } = abort;
  const { addEventListener: add, removeEventListener: remove } = signal;
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove.apply(signal, args);
  };
  const waiting = receivers.receive({ signal });
  expect(listeners).toBe(1);
  receivers.offer(1);
  await waiting;
  expect(listeners).toBe(0);
});
