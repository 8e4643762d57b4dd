import { expect, test } from "vitest";
import { atom } from "../term/atom.ts";
import { Reference } from "../term/reference.ts";
import { ReferenceTable } from "./reference-table.ts";

const here = atom("here@alpha");

function entryOf(number: number, salt = 7): { ref: Reference } {
  const words = [number % 2 ** 18, Math.floor(number / 2 ** 18), salt];
  return { ref: new Reference(here, 1, words) };
}

test("an entry is found by an equal reference, and by no other", () => {
  const table = new ReferenceTable<{ ref: Reference }>();
  const entry = entryOf(5);
  table.set(entry);
  expect(table.get(entryOf(5).ref)).toBe(entry);
  expect(table.get(entryOf(5, 8).ref)).toBeUndefined();
  expect(table.get(entryOf(6).ref)).toBeUndefined();
  expect(table.take(entryOf(5, 8).ref)).toBeUndefined();
  expect(table.take(entryOf(5).ref)).toBe(entry);
  expect(table.size).toBe(0);
  expect(table.get(entry.ref)).toBeUndefined();
});

test("an equal reference replaces", () => {
  const table = new ReferenceTable<{ ref: Reference }>();
  table.set(entryOf(5));
  const second = entryOf(5);
  table.set(second);
  expect(table.size).toBe(1);
  expect(table.get(second.ref)).toBe(second);
});

test("it agrees with a Map whatever is added and removed, colliding numbers included", () => {
  const table = new ReferenceTable<{ ref: Reference }>();
  const model = new Map<string, { ref: Reference }>();
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  for (let step = 0; step < 20_000; step++) {
    // Multiples of 16 share their slots as long as the table is small; two salts share them always.
    const entry = entryOf(random(200) * (random(2) === 0 ? 1 : 16), 7 + random(2));
    const growing = step % 4000 < 2000;
    if (random(10) < (growing ? 6 : 3)) {
      table.set(entry);
      model.set(entry.ref.key, entry);
    } else {
      expect(table.take(entry.ref)).toBe(model.get(entry.ref.key));
      model.delete(entry.ref.key);
    }
    expect(table.size).toBe(model.size);
  }
  for (const entry of model.values()) expect(table.get(entry.ref)).toBe(entry);
  expect(new Set(table.entries())).toEqual(new Set(model.values()));
});
