/**
 * Whether a value can be a limit: a number from 0 up that is exact, or Infinity for none. Text is none, and
 * neither is NaN, which every comparison lets pass, nor a number so large that it is a slip of the pen.
 */
export function isLimit(value: unknown): value is number {
  return (
    typeof value === "number" &&
    value >= 0 &&
    (value <= Number.MAX_SAFE_INTEGER || value === Number.POSITIVE_INFINITY)
  );
}
