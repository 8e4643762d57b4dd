import { expect, test } from "vitest";
import { Mailbox } from "./mailbox.ts";

test("first in, first out, across growth and wrapping", () => {
  const mailbox = new Mailbox();
  let next = 0;
  let expected = 0;
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < round; i++) mailbox.push(next++, 10);
    for (let i = 0; i < round - 1; i++) expect(mailbox.shift()).toBe(expected++);
  }
  expect(mailbox.length).toBe(next - expected);
  expect(mailbox.bytes).toBe(mailbox.length * 10);
  while (mailbox.length > 0) expect(mailbox.shift()).toBe(expected++);
  expect(mailbox.shift()).toBeUndefined();
  expect(mailbox.bytes).toBe(0);
});

test("taking from the middle leaves the rest in order", () => {
  const mailbox = new Mailbox();
  for (let i = 0; i < 20; i++) mailbox.push(i, i);
  expect(mailbox.take((message) => message === 13)).toBe(13);
  expect(mailbox.take((message) => message === 13)).toBeUndefined();
  expect(mailbox.take((message) => message === 0)).toBe(0);
  const rest = Array.from({ length: 18 }, () => mailbox.shift());
  expect(rest).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19]);
  expect(mailbox.bytes).toBe(0);
});
