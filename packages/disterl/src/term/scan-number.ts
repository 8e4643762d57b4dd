import { Float } from "./float.ts";
import type { TextCursor } from "./text-cursor.ts";

/** The longest integer or fraction, in digits. Erlang's limit is 4 Mi bits. */
const MAX_DIGITS = 1_262_612;

/**
 * Reads a number, at a digit:
 *
 *     12_345    16#ff    1.5    1.5e-3    16#f.8    2#0.101#e8
 *
 * A based fraction may have an exponent, to that base.
 * @internal
 */
export function scanNumber(cursor: TextCursor): number | bigint | Float {
  const start = cursor.at;
  const whole = digits(cursor, 10);
  let value: number | bigint | Float;
  if (cursor.code() === 0x23 && digitValue(cursor.code(1)) < 36) {
    const base = Number(whole);
    if (!(base >= 2 && base <= 36)) throw cursor.error(start, "a base from 2 to 36", cursor.at);
    cursor.at += 1;
    value = basedNumber(cursor, base);
  } else if (hasFraction(cursor, 10)) {
    value = decimalFloat(cursor, whole);
  } else {
    value = integer(whole, 10);
  }
  if (isNameCode(cursor.code())) throw cursor.error(cursor.at, "the end of the number");
  return value;
}

function basedNumber(cursor: TextCursor, base: number): number | bigint | Float {
  const start = cursor.at;
  const whole = digits(cursor, base);
  if (whole === "") throw cursor.error(start, `a digit of base ${base}`);
  if (!hasFraction(cursor, base)) return integer(whole, base);
  cursor.at += 1;
  const fraction = digits(cursor, base);
  const exponent = cursor.skip("#e") || cursor.skip("#E") ? exponentDigits(cursor) : "0";
  const scale = Number(exponent) - fraction.length;
  return floatOf(cursor, start, ratio(BigInt(integer(whole + fraction, base)), base, scale));
}

/** Whether a point and a digit follow: the point is no end of the term then. */
function hasFraction(cursor: TextCursor, base: number): boolean {
  return cursor.code() === 0x2e && digitValue(cursor.code(1)) < base;
}

function decimalFloat(cursor: TextCursor, whole: string): Float | number {
  const start = cursor.at;
  cursor.at += 1;
  const fraction = digits(cursor, 10);
  const exponent = cursor.skip("e") || cursor.skip("E") ? exponentDigits(cursor) : "0";
  return floatOf(cursor, start, Number(`${whole}.${fraction}e${exponent}`));
}

function exponentDigits(cursor: TextCursor): string {
  const sign = cursor.skip("-") ? "-" : "";
  if (sign === "") cursor.skip("+");
  const start = cursor.at;
  const exponent = digits(cursor, 10);
  if (exponent === "") throw cursor.error(start, "the digits of an exponent");
  return sign + exponent;
}

function floatOf(cursor: TextCursor, start: number, value: number): Float | number {
  if (!Number.isFinite(value)) throw cursor.error(start, "a float that is less than 1.8e308");
  return Number.isInteger(value) ? new Float(value) : value;
}

/** `mantissa × base^scale`, rounded once. */
function ratio(mantissa: bigint, base: number, scale: number): number {
  if (mantissa === 0n) return 0;
  // Beyond these the result is 0 or too large, whatever the mantissa of so many digits.
  const limit = 2000 + mantissa.toString(16).length * 4;
  if (scale > limit) return Number.POSITIVE_INFINITY;
  if (scale < -limit) return 0;
  if (scale >= 0) return Number(mantissa * BigInt(base) ** BigInt(scale));
  const divisor = BigInt(base) ** BigInt(-scale);
  // At least 1100 bits after the binary point, the last of them sticky: enough for the least float.
  const shifted = (mantissa << 1200n) / divisor;
  const sticky = (mantissa << 1200n) % divisor === 0n ? 0n : 1n;
  return scaleDown((shifted << 1n) | sticky, 1201);
}

/**
 * `value / 2^bits`, rounded once: to as many bits as the result has, half to even.
 * @param bits more than 1074.
 */
function scaleDown(value: bigint, bits: number): number {
  const size = value.toString(2).length;
  // The weight of the last bit a float of this size has.
  const last = Math.max(size - bits - 53, -1074);
  const drop = BigInt(last + bits);
  const kept = value >> drop;
  const rest = value - (kept << drop);
  const half = 1n << (drop - 1n);
  const up = rest > half || (rest === half && (kept & 1n) === 1n);
  return Number(up ? kept + 1n : kept) * 2 ** last;
}

/** Reads digits; single underscores may stand between them. */
function digits(cursor: TextCursor, base: number): string {
  const start = cursor.at;
  let underscores = false;
  for (;;) {
    if (digitValue(cursor.code()) < base) {
      cursor.at += 1;
    } else if (
      cursor.code() === 0x5f &&
      cursor.at > start &&
      digitValue(cursor.code(-1)) < base &&
      digitValue(cursor.code(1)) < base
    ) {
      underscores = true;
      cursor.at += 1;
    } else {
      break;
    }
  }
  if (cursor.at - start > MAX_DIGITS) {
    throw cursor.error(start, `a number of at most ${MAX_DIGITS} digits`);
  }
  const text = cursor.text.slice(start, cursor.at);
  return underscores ? text.replaceAll("_", "") : text;
}

function integer(text: string, base: number): number | bigint {
  const small = Number.parseInt(text, base);
  if (Number.isSafeInteger(small)) return small;
  return base === 10 ? BigInt(text) : bigOf(text, base);
}

/** By halves: as fast as multiplication is. */
function bigOf(text: string, base: number): bigint {
  if (text.length <= 8) return BigInt(Number.parseInt(text, base));
  const low = text.length >> 1;
  const high = text.length - low;
  return (
    bigOf(text.slice(0, high), base) * BigInt(base) ** BigInt(low) + bigOf(text.slice(high), base)
  );
}

/** 0 to 35; Infinity for what is no digit of any base. */
function digitValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x7a ? letter - 0x57 : Number.POSITIVE_INFINITY;
}

/** Whether a code unit may go on a name. @internal */
export function isNameCode(code: number): boolean {
  return (
    digitValue(code) < 36 ||
    code === 0x5f ||
    code === 0x40 ||
    (code >= 0xc0 && code <= 0xff && code !== 0xd7 && code !== 0xf7)
  );
}
