import { expect, test } from "vitest";
import {
  DER_GENERALIZED_TIME,
  DER_INTEGER,
  DER_UTC_TIME,
  DerReader,
  derTime,
  oidText,
} from "./der.ts";

const reader = (hex: string): DerReader =>
  new DerReader(Buffer.from(hex.replaceAll(" ", ""), "hex"));

/** A time, of the text that stands in it. */
function time(tag: number, text: string): string {
  const content = Buffer.from(text, "latin1");
  return new Date(derTime({ tag, content, whole: content, start: 0 })).toISOString();
}

test.each([
  [DER_UTC_TIME, "491231235959Z", "2049-12-31T23:59:59.000Z"],
  [DER_UTC_TIME, "500101000000Z", "1950-01-01T00:00:00.000Z"],
  [DER_UTC_TIME, "690101000000Z", "1969-01-01T00:00:00.000Z"],
  [DER_GENERALIZED_TIME, "20500101000000Z", "2050-01-01T00:00:00.000Z"],
  [DER_GENERALIZED_TIME, "99991231235959Z", "9999-12-31T23:59:59.000Z"],
])("a time: tag %i, %s", (tag, text, iso) => {
  expect(time(tag, text)).toBe(iso);
});

test.each([
  [DER_UTC_TIME, "2601010000Z", "without seconds"],
  [DER_UTC_TIME, "260101000000+0100", "of another zone"],
  [DER_UTC_TIME, "260101000000", "of no zone"],
  [DER_UTC_TIME, "20260101000000Z", "with four digits for the year"],
  [DER_GENERALIZED_TIME, "20260101000000.5Z", "with fractions"],
  [DER_GENERALIZED_TIME, "20261301000000Z", "in the thirteenth month"],
  [DER_GENERALIZED_TIME, "20260101000061Z", "after the last second"],
  [DER_INTEGER, "260101000000Z", "that is a number"],
])("no time: tag %i, %s, %s", (tag, text) => {
  expect(() => time(tag, text)).toThrow(/time/);
});

test.each([
  ["02 81 01 05", /longer than it needs to be/],
  ["02 82 00 81 05", /longer than it needs to be/],
  ["02 80 05 00 00", /a length of 0 bytes/],
  ["02 85 01 00 00 00 00", /a length of 5 bytes/],
  ["02 02 05", /2 bytes announced, 1 left/],
  ["02 84 ff ff ff ff 05", /4294967295 bytes announced, 1 left/],
  ["1f 81 01 00", /a tag of several bytes/],
  ["04 01 05", /expected tag 2, found 4/],
  ["02", /ends too early/],
  ["", /ends too early/],
])("no element: %s", (hex, text) => {
  expect(() => reader(hex).next(DER_INTEGER)).toThrow(text);
});

test("lengths of one byte and of several", () => {
  expect(reader("02 01 05").next(DER_INTEGER).content).toEqual(Buffer.from([5]));
  expect(reader(`02 81 80 ${"05".repeat(128)}`).next().content).toHaveLength(128);
  expect(() => reader("02 01 05 00").end()).toThrow(/more than there should be/);
});

test("object identifiers: the first two numbers in one, numbers of several bytes, no end", () => {
  const text = (hex: string): string => oidText(Buffer.from(hex, "hex"));
  expect(["551d13", "2a864886f70d010101", "883703", "00"].map(text)).toEqual([
    "2.5.29.19",
    "1.2.840.113549.1.1.1",
    "2.999.3",
    "0.0",
  ]);
  expect(() => text("5581")).toThrow(/without an end/);
  expect(() => text("")).toThrow(/without an end/);
  expect(() => text("ffffffffffffffff7f")).toThrow(/too big/);
});
