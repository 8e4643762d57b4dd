import { expect, test } from "vitest";
import { Batches } from "./batches.ts";

test("a quiet connection uses its own small batches again", () => {
  const batches = new Batches();
  const first = batches.next();
  first.length = 10;
  batches.release(first);
  expect(first.length).toBe(0);
  expect(batches.next(first)).toBe(first);
  expect(new Batches().next(first)).not.toBe(first);
});

test("large batches go from one connection to the other", () => {
  const one = new Batches();
  const other = new Batches();
  const grown = one.next();
  grown.ensure(4096);
  const batch = one.next(grown);
  expect(batch.buffer.length).toBeGreaterThanOrEqual(65_536);
  one.release(batch);
  expect(other.next(grown)).toBe(batch);
});

test("what a batch grew to for one long message is not kept", () => {
  const batches = new Batches();
  const batch = batches.next();
  batch.ensure(1024 * 1024);
  batches.release(batch);
  expect(batches.next().buffer.length).toBe(1024);
});
