import { formatFloat } from "./format-float.ts";

/**
 * A float that a JavaScript number cannot show as one: it has no fraction (`1.0`, `-0.0`, `1.0e300`).
 *
 * In Erlang `1` and `1.0` are different terms. A number with a fraction is a float by itself; for
 * the others the decoder gives a `Float`, and `float(1)` sends one. `valueOf` makes arithmetic work.
 */
export class Float {
  /** The number. */
  readonly value: number;

  /** Use {@link float}. */
  constructor(value: number) {
    if (!Number.isFinite(value)) throw new TypeError(`Erlang has no float ${value}`);
    this.value = value;
  }

  valueOf(): number {
    return this.value;
  }

  /** As Erlang writes it: `1.0`, `1.0e22`. */
  toString(): string {
    return formatFloat(this.value);
  }

  toJSON(): number {
    return this.value;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `float(${this.toString()})`;
  }
}

/**
 * The Erlang float of a number: the number itself where it has a fraction, a {@link Float} elsewhere.
 * @throws TypeError for NaN and the infinities, which Erlang does not have.
 */
export function float(value: number): Float | number {
  return Number.isInteger(value) || !Number.isFinite(value) ? new Float(value) : value;
}
