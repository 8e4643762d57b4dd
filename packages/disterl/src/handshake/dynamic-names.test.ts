import { expect, test } from "vitest";
import { DynamicNames, nextCreation } from "./dynamic-names.ts";

test("a name is 64 bits in base 36, upper case, on the host of the peer", () => {
  const names = new DynamicNames();
  const seen = new Set<string>();
  for (let index = 0; index < 1_000; index++) {
    const { name, creation } = names.lease("host");
    expect(name).toMatch(/^[0-9A-Z]{1,13}@host$/);
    expect(creation).toBeGreaterThanOrEqual(4);
    seen.add(name);
  }
  expect(seen.size).toBe(1_000);
});

test("a name that was used comes back with the next creation, for its host only", () => {
  const names = new DynamicNames();
  const first = names.lease("host");
  first.confirm();
  expect(names.lease("host").name).not.toBe(first.name); // still in use
  first.release();
  first.release();
  expect(names.freeCount).toBe(1);
  expect(names.lease("other").name).not.toBe(first.name.replace("host", "other"));
  const second = names.lease("host");
  expect(second).toMatchObject({ name: first.name, creation: nextCreation(first.creation) });
  expect(names.freeCount).toBe(0);
});

test("a name that was never confirmed is forgotten, one that came back is not", () => {
  const names = new DynamicNames();
  names.lease("host").release();
  expect(names.freeCount).toBe(0);
  const used = names.lease("host");
  used.confirm();
  used.release();
  names.lease("host").release();
  expect(names.freeCount).toBe(1);
});

test("free names are bounded, the oldest host's go first", () => {
  const names = new DynamicNames();
  for (let index = 0; index < 5_000; index++) {
    const lease = names.lease(`host${index}`);
    lease.confirm();
    lease.release();
  }
  expect(names.freeCount).toBe(4_096);
});

test("creations skip 0 to 3 when they wrap", () => {
  expect(nextCreation(5)).toBe(6);
  expect(nextCreation(0xffffffff)).toBe(4);
  expect(nextCreation(0)).toBe(4);
});
