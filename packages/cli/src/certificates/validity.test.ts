import { expect, test } from "vitest";
import { readDate, within } from "./validity.ts";

const between = (from: string, to: string) => ({
  notBefore: readDate(from),
  notAfter: readDate(to),
});
const ca = between("2026-01-01", "2036-01-01");

test("a certificate is valid while its CA is", () => {
  expect(within(between("2020-01-01", "2027-01-01"), ca)).toEqual(
    between("2026-01-01", "2027-01-01"),
  );
  expect(within(between("2027-01-01", "2040-01-01"), ca)).toEqual(
    between("2027-01-01", "2036-01-01"),
  );
});

test("one that would never be valid is not made", () => {
  expect(() => within(between("2020-01-01", "2020-01-31"), ca)).toThrow(
    "would end on 2020-01-31, before the CA begins, which is 2026-01-01",
  );
  expect(() => within(between("2036-01-01", "2037-01-01"), ca)).toThrow(
    "the CA expires on 2036-01-01",
  );
});
