import { expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { type Refusal, Refusals } from "./refusals.ts";
import { StatusFeed } from "./status.ts";

function scene() {
  const clock = new VirtualClock();
  const told: string[] = [];
  const feed = new StatusFeed(() => "a@h");
  const publish = feed.publish.bind(feed);
  feed.publish = (event) => {
    if (event.type === "denied") told.push(`${event.peer} ${event.target} ${event.count}`);
    publish(event);
  };
  const refusals = new Refusals(feed, clock);
  const deny = (peer: string, target: string): void => {
    const refusal: Refusal = { peer, operation: "send", target, cause: "policy" };
    refusals.denied(refusal);
  };
  return { clock, told, refusals, deny };
}

test("the first is told at once, repetitions as a number when ten seconds are over", async () => {
  const { clock, told, deny } = scene();
  for (let i = 0; i < 1000; i++) deny("p@h", "secret");
  deny("p@h", "other");
  expect(told).toEqual(["p@h secret 1", "p@h other 1"]);
  await clock.advance(10_000);
  expect(told).toEqual(["p@h secret 1", "p@h other 1", "p@h secret 999"]);
  deny("p@h", "secret");
  expect(told.at(-1)).toBe("p@h secret 1");
});

test("a hundred different ones are told, the others by peer", async () => {
  const { clock, told, deny } = scene();
  for (let i = 0; i < 5000; i++) deny("p@h", `name${i}`);
  for (let i = 0; i < 10; i++) deny("q@h", `name${i}`);
  expect(told.length).toBe(100);
  await clock.advance(10_000);
  expect(told.slice(100)).toEqual(["p@h … 4900", "q@h … 10"]);
});

test("nothing is told after the end", async () => {
  const { clock, told, deny, refusals } = scene();
  deny("p@h", "x");
  deny("p@h", "x");
  refusals.stop();
  await clock.advance(60_000);
  expect(told).toEqual(["p@h x 1"]);
});
