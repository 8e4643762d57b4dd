import { expect, test } from "vitest";
import { VirtualClock } from "../virtual-clock.ts";
import { TlsDoor } from "./tls-door.ts";

/** A door, and who was turned away there, in order. */
function doorFor(most: number) {
  const clock = new VirtualClock();
  const door = new TlsDoor<object>(clock, 1_000, most);
  const away: string[] = [];
  const enter = (source: string, name = source): object => {
    const key = { name };
    door.enter(key, source, (why) => void away.push(`${name}: ${why}`));
    return key;
  };
  return { clock, door, away, enter };
}

test("who comes while it is full takes the place of the oldest of the busiest address", () => {
  const { door, away, enter } = doorFor(4);
  enter("honest");
  for (const name of ["crowd 1", "crowd 2", "crowd 3", "crowd 4", "crowd 5"]) enter("crowd", name);
  enter("late");
  expect(away).toEqual(
    ["crowd 1", "crowd 2", "crowd 3"].map((name) => `${name}: more than 4 were shaking hands`),
  );
  expect(door.size).toBe(4);
});

test("each has its own time, and who leaves earlier is not turned away", async () => {
  const { clock, door, away, enter } = doorFor(4);
  const quick = enter("quick");
  enter("slow");
  await clock.advance(999);
  enter("later");
  expect(door.leave(quick)).toBe(true);
  expect(door.leave(quick)).toBe(false);
  await clock.advance(1);
  expect(away).toEqual(["slow: no TLS within 1000 ms"]);
  expect(door.size).toBe(1);
});

test("nothing is timed of who has left", () => {
  const { clock, door, enter } = doorFor(4);
  door.leave(enter("one"));
  expect(clock.nextAt()).toBeUndefined();
});

test("when it closes, all who wait are turned away", () => {
  const { clock, door, away, enter } = doorFor(4);
  enter("one");
  enter("two");
  door.close();
  expect(away).toEqual(["one: the listener was closed", "two: the listener was closed"]);
  expect(door.size).toBe(0);
  expect(clock.nextAt()).toBeUndefined();
});
