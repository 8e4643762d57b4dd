import type { Term } from "./term.ts";
import { isTuple, type tupleBrand } from "./tuple.ts";

/** A proper Erlang list: any array that is not a tuple; `[]` is nil. */
export interface List<Item extends Term = Term> extends ReadonlyArray<Item> {
  readonly [tupleBrand]?: never;
}

/** Whether a value is a proper list: an array that is no tuple. */
export function isList(value: unknown): value is List {
  return Array.isArray(value) && !isTuple(value);
}

/**
 * A list whose last tail is not `[]`: `[a, b | c]` has the items `[a, b]` and the tail `c`.
 * The tags of `gen_server:call` from OTP 24 on are such lists: `[alias | Ref]`.
 */
export class ImproperList<Item extends Term = Term, Tail extends Term = Term> {
  /** At least one. */
  readonly items: readonly Item[];
  /** Never a list. */
  readonly tail: Tail;

  constructor(items: readonly Item[], tail: Tail) {
    if (items.length === 0) throw new TypeError("an improper list has at least one item");
    if (isList(tail) || (tail as Term) instanceof ImproperList) {
      throw new TypeError("the tail of an improper list is not a list");
    }
    this.items = items;
    this.tail = tail;
  }
}

/** The list of the code points of a text: what `"…"` is in Erlang source. */
export function charlist(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) as number);
}

/**
 * The text of a list of code points.
 * @throws TypeError when the term is not a list of Unicode code points.
 */
export function charlistToString(list: Term): string {
  if (!isList(list)) throw new TypeError("not a list of characters");
  let text = "";
  for (const point of list) {
    if (!isCodePoint(point)) throw new TypeError("not a list of characters");
    text += String.fromCodePoint(point);
  }
  return text;
}

function isCodePoint(term: Term): term is number {
  if (typeof term !== "number" || !Number.isInteger(term)) return false;
  return (term >= 0 && term < 0xd800) || (term > 0xdfff && term <= 0x10ffff);
}
