import { BitWriter } from "./bit-writer.ts";
import { BitString } from "./bitstring.ts";
import { numericValue } from "./equal-leaves.ts";
import { Float } from "./float.ts";
import { isCharacter } from "./text-cursor.ts";

/** Where the bits that a text asks for end: 1 MiB. */
const MAX_BITS = 2 ** 23;

/** A string in a binary: each character is a segment of its own. @internal */
export interface SegmentText {
  readonly text: string;
}

/** What a segment of a binary holds. @internal */
export type SegmentValue = number | bigint | Float | SegmentText | Uint8Array | BitString;

/** How a segment is written: `Value:size/type-options-unit:n`. @internal */
export interface SegmentSpec {
  readonly size: number | undefined;
  /** The words after the slash, but for the unit. */
  readonly options: readonly string[];
  readonly unit: number | undefined;
}

type SegmentType = "integer" | "float" | "binary" | "bits" | "utf8" | "utf16" | "utf32";

const types: ReadonlyMap<string, SegmentType> = new Map([
  ["integer", "integer"],
  ["float", "float"],
  ["binary", "binary"],
  ["bytes", "binary"],
  ["bits", "bits"],
  ["bitstring", "bits"],
  ["utf8", "utf8"],
  ["utf16", "utf16"],
  ["utf32", "utf32"],
]);
const signs = new Set(["signed", "unsigned"]);
const orders = new Set(["big", "little", "native"]);
const nativeIsLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** A binary put together from segments, as bit syntax does. @internal */
export class BinaryBuilder {
  readonly #bits = new BitWriter();

  finish(): Uint8Array | BitString {
    const bytes = this.#bits.finish();
    const last = this.#bits.length % 8;
    return last === 0 ? bytes : new BitString(bytes, last);
  }

  /** Adds a segment. When it is none, gives what was expected. */
  add(value: SegmentValue, spec: SegmentSpec): string | undefined {
    const { options } = spec;
    const known = options.every(
      (option) => types.has(option) || orders.has(option) || signs.has(option),
    );
    if (!known) return "a type, a sign or an order of bytes";
    const named = distinct(options.map((option) => types.get(option)));
    const ordered = distinct(options.filter((option) => orders.has(option)));
    const signed = distinct(options.filter((option) => signs.has(option)));
    if (named.length > 1 || ordered.length > 1 || signed.length > 1) {
      return "no more than one type, one sign and one order of bytes";
    }
    const type = named[0] ?? "integer";
    const little = ordered[0] === "little" || (ordered[0] === "native" && nativeIsLittle);
    if (value instanceof Uint8Array || value instanceof BitString) {
      return this.#addBits(type, value, spec);
    }
    if (typeof value !== "object" || value instanceof Float) {
      return this.#addNumber(type, value, spec, little);
    }
    for (const character of value.text) {
      const code = character.codePointAt(0) as number;
      const wrong = this.#addNumber(type, code, spec, little);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  #addBits(
    type: SegmentType,
    value: Uint8Array | BitString,
    spec: SegmentSpec,
  ): string | undefined {
    if (type !== "binary" && type !== "bits") return `a value for the type ${type}`;
    const [bytes, length] =
      value instanceof BitString ? [value.bytes, value.bitLength] : [value, value.length * 8];
    const unit = spec.unit ?? (type === "binary" ? 8 : 1);
    if (spec.size === undefined && length % unit !== 0) return `a binary in units of ${unit} bits`;
    const bits = spec.size === undefined ? length : spec.size * unit;
    if (bits > length) return `a binary of at least ${bits} bits`;
    if (!this.#hasRoom(bits)) return `a binary of at most ${MAX_BITS} bits`;
    this.#bits.append(bytes, bits);
    return undefined;
  }

  #addNumber(
    type: SegmentType,
    value: number | bigint | Float,
    spec: SegmentSpec,
    little: boolean,
  ): string | undefined {
    const plain = numericValue(value);
    const whole =
      !(value instanceof Float) && (typeof plain === "bigint" || Number.isInteger(plain));
    switch (type) {
      case "binary":
      case "bits":
        return "a binary as the value of the segment";
      case "integer":
      case "float":
        if (spec.unit !== undefined && spec.size === undefined) return "a size for the unit";
        break;
      default:
        if (spec.size !== undefined || spec.unit !== undefined) return `no size for ${type}`;
        if (!whole || plain < 0 || plain > 0x10ffff || !isEncodable(Number(plain))) {
          return `a character for ${type}`;
        }
        return this.#addCharacter(type, Number(plain), little);
    }
    const bits = (spec.size ?? (type === "float" ? 64 : 8)) * (spec.unit ?? 1);
    if (!this.#hasRoom(bits)) return `a binary of at most ${MAX_BITS} bits`;
    if (type === "float") return this.#addFloat(Number(plain), bits, little);
    if (!whole) return "an integer, or the type float";
    this.#bits.integer(plain, bits, little);
    return undefined;
  }

  #addFloat(value: number, bits: number, little: boolean): string | undefined {
    if (!Number.isFinite(value)) return "an integer that a float can hold";
    const view = new DataView(new ArrayBuffer(8));
    if (bits === 64) view.setFloat64(0, value, little);
    else if (bits === 32) view.setFloat32(0, value, little);
    else if (bits === 16) view.setUint16(0, halfFloat(value), little);
    else return "16, 32 or 64 bits for a float";
    this.#bits.append(new Uint8Array(view.buffer), bits);
    return undefined;
  }

  #addCharacter(
    type: "utf8" | "utf16" | "utf32",
    code: number,
    little: boolean,
  ): string | undefined {
    if (!this.#hasRoom(32)) return `a binary of at most ${MAX_BITS} bits`;
    if (type === "utf32") {
      this.#bits.integer(code, 32, little);
      return undefined;
    }
    const character = String.fromCodePoint(code);
    if (type === "utf8") {
      const bytes = new TextEncoder().encode(character);
      this.#bits.append(bytes, bytes.length * 8);
      return undefined;
    }
    for (let i = 0; i < character.length; i++) {
      this.#bits.integer(character.charCodeAt(i), 16, little);
    }
    return undefined;
  }

  #hasRoom(bits: number): boolean {
    return this.#bits.length + bits <= MAX_BITS;
  }
}

function distinct<T>(values: readonly (T | undefined)[]): T[] {
  return [...new Set(values)].filter((value) => value !== undefined);
}

/** UTF can encode all code points but the surrogates. */
function isEncodable(code: number): boolean {
  return isCharacter(code) || code === 0xfffe || code === 0xffff;
}

/** The bits of the nearest float of 16 bits, half to even. */
function halfFloat(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  // Numbers below 2^-14 have the same last bit as those just above.
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), -14);
  const scaled = roundHalfEven(magnitude / 2 ** (exponent - 10));
  return sign | (scaled + (exponent + 14) * 1024);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
