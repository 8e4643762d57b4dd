import { expect, test } from "vitest";
import { atom } from "../term/atom.ts";
import { match } from "../term/match.ts";
import { t } from "../term/tuple.ts";
import { Mailbox } from "./mailbox.ts";

const box = (references = { referenceCount: 0 }): Mailbox => new Mailbox(references);

test("first in, first out, across growth and wrapping", () => {
  const mailbox = box();
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
  const mailbox = box();
  for (let i = 0; i < 20; i++) mailbox.push(i, i);
  for (const taken of [13, 0, 2, 18]) {
    expect(mailbox.take((message) => message === taken)).toBe(taken);
    expect(mailbox.take((message) => message === taken)).toBeUndefined();
  }
  const rest = Array.from({ length: 16 }, () => mailbox.shift());
  expect(rest).toEqual([1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 19]);
  expect(mailbox.bytes).toBe(0);
});

test("urgent messages stand before the others, in their own order", () => {
  const mailbox = box();
  mailbox.push(1, 0);
  mailbox.pushUrgent("a", 0);
  mailbox.push(2, 0);
  mailbox.pushUrgent("b", 0);
  mailbox.pushUrgent("c", 0);
  expect(mailbox.messages()).toEqual(["a", "b", "c", 1, 2]);
  expect(mailbox.take("b")).toBe("b");
  mailbox.pushUrgent("d", 0);
  expect(mailbox.shift()).toBe("a");
  expect(mailbox.messages()).toEqual(["c", "d", 1, 2]);
});

test("many urgent messages take no longer than many others", () => {
  const mailbox = box();
  const start = performance.now();
  for (let i = 0; i < 200_000; i++) mailbox.pushUrgent(i, 1);
  expect(mailbox).toMatchObject({ length: 200_000, bytes: 200_000 });
  expect(mailbox.take(100_000)).toBe(100_000);
  for (let i = 0; i < 199_999; i++) mailbox.shift();
  expect(mailbox).toMatchObject({ length: 0, bytes: 0 });
  // Each moved all those before it once: minutes.
  expect(performance.now() - start).toBeLessThan(5000);
});

test("the search for a fresh reference begins where messages can hold it", () => {
  const references = { referenceCount: 0 };
  const mailbox = box(references);
  for (let i = 0; i < 1000; i++) {
    if (i === 500) references.referenceCount = 3;
    if (i === 900) references.referenceCount = 4;
    mailbox.push(i, 0);
  }
  expect(mailbox.positionSince(3)).toBe(500);
  expect(mailbox.positionSince(4)).toBe(900);
  expect(mailbox.positionSince(5)).toBe(1000);
  mailbox.take(700);
  mailbox.shift();
  expect(mailbox.positionSince(4)).toBe(898);
  let tested = 0;
  mailbox.take(() => tested++ === 1e9, mailbox.positionSince(4));
  expect(tested).toBe(100);
});

test("what came before the mailbox was deep is looked at, too", () => {
  const references = { referenceCount: 9 };
  const mailbox = box(references);
  for (let i = 0; i < 1000; i++) mailbox.push(i, 0);
  expect(mailbox.positionSince(9)).toBeLessThan(70);
  const shallow = box(references);
  for (let i = 0; i < 10; i++) shallow.push(i, 0);
  expect(shallow.positionSince(100)).toBe(0);
});

test("a pattern with an atom in it takes what it matches, wherever the atom stands", () => {
  const mailbox = box();
  const [get, set] = [atom("get"), atom("set")];
  const messages = [get, 1, "get", [get, 1], t(set, 1), t(1, get), t(get, 1, 2), t(get, 1)];
  for (const message of messages) mailbox.push(message, 0);
  expect(mailbox.take(t(match.integer, get))).toBe(messages[5]);
  expect(mailbox.take(t(get, match.any))).toBe(messages[7]);
  expect(mailbox.take(t(get, match.any))).toBeUndefined();
  expect(mailbox.take([get, match.any])).toBe(messages[3]);
  expect(mailbox.length).toBe(5);
});
