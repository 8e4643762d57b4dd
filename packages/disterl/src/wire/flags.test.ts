import { expect, test } from "vitest";
import * as flags from "./flags.ts";

const {
  agreedFlags,
  DFLAG_MANDATORY_25_DIGEST,
  DFLAG_V4_NC,
  defaultFlags,
  distFlags,
  expandMandatory25Digest,
  flagNames,
  MANDATORY_25,
  MANDATORY_26,
  missingFlags,
} = flags;

/** What real nodes announce. */
const OTP_25 = 0x0000000d07df7fbdn;
const OTP_29 = 0x0000006d07df7fbdn;
const ERL_CALL_25 = 0x0000000407074f9cn;

test("we announce what OTP 29 announces", () => {
  expect(defaultFlags()).toBe(OTP_29);
  expect(defaultFlags({ hidden: true })).toBe(OTP_29 & ~1n);
});

test("the mandatory sets are those of OTP", () => {
  expect(MANDATORY_26).toBe(0x0000000403070f94n);
  expect(MANDATORY_25).toBe(0x0000000001070f94n);
});

test("every constant has a row of the same name, and every row a constant", () => {
  const constants = Object.entries(flags).filter(([name]) => name.startsWith("DFLAG_"));
  expect(constants).toHaveLength(distFlags.length);
  for (const [name, value] of constants) {
    const row = distFlags.find((flag) => `DFLAG_${flag.name}` === name);
    expect(row?.value, name).toBe(value);
    expect(row?.value).toBe(2n ** BigInt(row?.bit ?? 0));
  }
});

test("the bit that stands for OTP 25's flags is expanded, and stays", () => {
  expect(expandMandatory25Digest(DFLAG_MANDATORY_25_DIGEST)).toBe(
    MANDATORY_25 | DFLAG_MANDATORY_25_DIGEST,
  );
  expect(expandMandatory25Digest(DFLAG_V4_NC)).toBe(DFLAG_V4_NC);
});

test("in force is what both have; bits nobody knows disappear", () => {
  expect(agreedFlags(OTP_29, OTP_25)).toBe(OTP_25);
  expect(agreedFlags(OTP_29 | (1n << 63n) | (1n << 27n), OTP_29 | (1n << 63n) | (1n << 27n))).toBe(
    OTP_29,
  );
  expect(agreedFlags(OTP_29, ERL_CALL_25)).toBe(ERL_CALL_25 | MANDATORY_25);
});

test("a refusal can name what is missing and who demands it", () => {
  expect(missingFlags(OTP_25)).toEqual([]);
  expect(missingFlags(ERL_CALL_25)).toEqual([]);
  expect(missingFlags(DFLAG_MANDATORY_25_DIGEST)).toEqual([
    { name: "UNLINK_ID", demandedBy: "OTP 26" },
    { name: "V4_NC", demandedBy: "OTP 26" },
  ]);
  expect(missingFlags(MANDATORY_26 & ~flags.DFLAG_MAP_TAG)).toEqual([
    { name: "MAP_TAG", demandedBy: "OTP 25" },
  ]);
  expect(missingFlags(0n)).toHaveLength(13);
  expect(missingFlags(DFLAG_MANDATORY_25_DIGEST, MANDATORY_25)).toEqual([]);
});

test("flags print by name", () => {
  expect(flagNames(0x8000001n)).toEqual(["PUBLISHED", "BIT_27"]);
  expect(flagNames(0n)).toEqual([]);
});
