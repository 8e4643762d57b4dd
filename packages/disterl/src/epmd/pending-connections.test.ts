import { expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { PendingConnections } from "./pending-connections.ts";
import { DEFAULT_EPMD_LIMITS } from "./server-options.ts";

interface One {
  readonly id: number;
  readonly source: string;
  readonly loopback: boolean;
}

function setUp(limits: Partial<typeof DEFAULT_EPMD_LIMITS> = {}) {
  const clock = new VirtualClock();
  const timedOut: number[] = [];
  const pending = new PendingConnections<One>({
    limits: { ...DEFAULT_EPMD_LIMITS, ...limits },
    clock,
    timeoutMs: 1000,
    onTimeout: ({ id }) => timedOut.push(id),
  });
  let ids = 0;
  const add = (source: string) => {
    ids += 1;
    const one = { id: ids, source, loopback: source === "lo" };
    return { one, admission: pending.add(one) };
  };
  return { clock, pending, timedOut, add };
}

test("each has its time, whatever others do", async () => {
  const { clock, timedOut, add, pending } = setUp();
  add("lo");
  await clock.advance(400);
  const { one } = add("lo");
  await clock.advance(400);
  add("lo");
  pending.delete(one);
  await clock.advance(200);
  expect(timedOut).toEqual([1]);
  await clock.advance(799);
  expect(timedOut).toEqual([1]);
  await clock.advance(1);
  expect(timedOut).toEqual([1, 3]);
  expect(pending.size).toBe(0);
});

test("one address cannot take all places", () => {
  const { add } = setUp({ connectionsPerSource: 2 });
  add("a");
  add("a");
  expect(add("a").admission).toEqual({ admitted: false, limit: "connectionsPerSource" });
  expect(add("b").admission).toMatchObject({ admitted: true });
});

test("this machine has places of its own, and gives up its oldest for new ones", () => {
  const { add } = setUp({ connections: 4, reservedForLoopback: 2, connectionsPerSource: 9 });
  add("a");
  add("b");
  expect(add("b").admission).toMatchObject({ admitted: true, evicted: { id: 1 } });
  expect(add("lo").admission).toMatchObject({ evicted: undefined });
  expect(add("lo").admission).toMatchObject({ evicted: undefined });
  expect(add("lo").admission).toMatchObject({ admitted: true, evicted: { source: "b", id: 2 } });
});
