import { expect, test } from "vitest";
import { Fifo } from "./fifo.ts";

test("items come out in the order they went in, also when both happen at once", () => {
  const fifo = new Fifo<number>();
  const out: number[] = [];
  let next = 0;
  for (let round = 0; round < 300; round++) {
    for (let index = 0; index < round % 17; index++) fifo.push(next++);
    for (let index = 0; index < round % 13; index++) {
      const item = fifo.shift();
      if (item !== undefined) out.push(item);
    }
  }
  while (fifo.length > 0) out.push(fifo.shift() ?? -1);
  expect(out).toEqual(Array.from({ length: next }, (_, index) => index));
  expect(fifo.shift()).toBeUndefined();
  expect(fifo.peek()).toBeUndefined();
});

test("an item can be put back", () => {
  const fifo = new Fifo<string>();
  fifo.unshift("b");
  fifo.unshift("a");
  fifo.push("c");
  expect(fifo.shift()).toBe("a");
  fifo.unshift("a");
  expect([fifo.peek(), fifo.length]).toEqual(["a", 3]);
  fifo.clear();
  expect(fifo.length).toBe(0);
});
