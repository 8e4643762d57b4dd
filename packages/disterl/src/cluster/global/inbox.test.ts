import { expect, test } from "vitest";
import { VirtualClock } from "../../carrier/virtual-clock.ts";
import { Inbox } from "./inbox.ts";

test("messages are taken in order, or the oldest that is fit", async () => {
  const inbox = new Inbox<number>(new VirtualClock());
  for (const number of [1, 2, 3, 4]) inbox.post(number);
  expect(inbox.take((number) => number % 2 === 0)).toBe(2);
  expect(await inbox.receive()).toBe(1);
  expect(await inbox.receive((number) => number > 3)).toBe(4);
  expect(inbox.size).toBe(1);
});

test("what a message makes void is not kept, however often it comes", () => {
  const inbox = new Inbox<{ readonly from: string; readonly word: number }>(new VirtualClock());
  inbox.post({ from: "b", word: 0 });
  for (let word = 1; word <= 1000; word++) {
    inbox.post({ from: "a", word }, ({ from }) => from === "a");
  }
  expect(inbox.size).toBe(2);
  expect([inbox.take(), inbox.take()]).toEqual([
    { from: "b", word: 0 },
    { from: "a", word: 1000 },
  ]);
});

test("a wait ends with a message or its time, and a closed inbox keeps nothing", async () => {
  const clock = new VirtualClock();
  const inbox = new Inbox<string>(clock);
  expect(await clock.runUntil(inbox.receive(undefined, 50))).toBeUndefined();
  expect(clock.now()).toBe(50);
  const waiting = inbox.receive((message) => message === "b", 50);
  inbox.post("a");
  inbox.post("b");
  expect(await waiting).toBe("b");
  inbox.close();
  inbox.post("c");
  expect(inbox.size).toBe(0);
});
