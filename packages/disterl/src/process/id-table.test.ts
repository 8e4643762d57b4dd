import { expect, test } from "vitest";
import { IdTable } from "./id-table.ts";

test("what a Map would say, while many come and go", () => {
  const table = new IdTable<string>();
  const map = new Map<number, string>();
  let seed = 1;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let i = 0; i < 20_000; i++) {
    const id = random(i < 10_000 ? 3000 : 300);
    if (random(3) === 0) {
      table.delete(id);
      map.delete(id);
    } else {
      table.set(id, `${id} ${i}`);
      map.set(id, `${id} ${i}`);
    }
    const other = random(3000);
    expect(table.get(other)).toBe(map.get(other));
    expect(table.size).toBe(map.size);
  }
  const sorted = [...map].sort(([a], [b]) => a - b).map(([, value]) => value);
  expect(table.values()).toEqual(sorted);
  for (const id of map.keys()) table.delete(id);
  expect(table.values()).toEqual([]);
});

test("numbers one after another, each gone soon, do not get in each other's way", () => {
  const table = new IdTable<number>();
  for (let id = 1; id <= 1000; id++) table.set(id, id);
  for (let id = 1001; id <= 200_000; id++) {
    table.set(id, id);
    table.delete(id - 500);
    if (table.get(id) !== id) throw new Error(`${id} is not there`);
  }
  expect(table.size).toBe(1000);
});
