/** From here on floats are whole numbers, and some are not told from their neighbours by all digits. */
const INTEGERS_ONLY = 2 ** 53;

/**
 * A float as Erlang writes it: the fewest digits that read back as the same float, always with a
 * fraction, with an exponent where that is shorter or the float is 2^53 or more.
 *
 *     1.0    0.001    1.0e-4 is 0.0001    1.0e22    1.7976931348623157e308    -0.0
 *
 * The same in OTP 25 to 29 (`float_to_list(F, [short])`).
 * @internal
 */
export function formatFloat(value: number): string {
  if (value < 0 || Object.is(value, -0)) return `-${formatFloat(-value)}`;
  if (value === 0) return "0.0";
  const { digits, point } = decimal(value);
  if (point > 0 && point < digits.length) return `${digits.slice(0, point)}.${digits.slice(point)}`;
  if (point === 0) return `0.${digits}`;
  const exponent = String(point - 1);
  const scientific =
    digits.length === 1
      ? `${digits}.0e${exponent}`
      : `${digits.slice(0, 1)}.${digits.slice(1)}e${exponent}`;
  if (value >= INTEGERS_ONLY) return scientific;
  const plain =
    point < 0
      ? `0.${"0".repeat(-point)}${digits}`
      : `${digits}${"0".repeat(point - digits.length)}.0`;
  return plain.length <= scientific.length ? plain : scientific;
}

/** The shortest digits of a positive float, and where among them the point stands: `0.digits × 10^point`. */
function decimal(value: number): { digits: string; point: number } {
  const [mantissa, exponent] = value.toExponential().split("e") as [string, string];
  return { digits: mantissa.replace(".", ""), point: Number(exponent) + 1 };
}
