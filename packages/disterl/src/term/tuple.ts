import type { Pattern, TuplePattern } from "./match.ts";
import type { Term } from "./term.ts";

/** Types only: what a tuple has and a list has not. */
export declare const tupleBrand: unique symbol;

/** A tuple of any arity. */
export interface AnyTuple extends ReadonlyArray<Term> {
  readonly [tupleBrand]: true;
}

/**
 * An Erlang tuple: fixed length, indexed from 0, iterable, destructurable with exact types.
 *
 *     const message = t(atoms.ok, 1);      // Tuple<[Atom<"ok">, 1]>
 *     const [tag, value] = message;
 *
 * A tuple is an array underneath (as fast and as small as one), but its own class: a tuple is never
 * equal to a list, and the types do not let one stand for the other. Tell them apart with
 * {@link isTuple} and `isList`, not with `Array.isArray`. Treat tuples as frozen.
 */
export type Tuple<Elements extends readonly Term[] = readonly Term[]> = Readonly<Elements> & {
  readonly [tupleBrand]: true;
};

/** The class behind {@link Tuple}; `new TupleArray(arity)` makes holes that the caller fills. @internal */
export class TupleArray extends Array<Term> {
  // map, filter and slice of a tuple give plain arrays, that is lists. A field, not a getter: with a
  // static getter V8 does not inline the constructor, and a tuple costs 150 ns instead of 10.
  static override readonly [Symbol.species]: ArrayConstructor = Array;
}

/** Makes a tuple of its arguments. */
export function t<const Elements extends readonly Term[]>(...elements: Elements): Tuple<Elements>;
/** Makes a pattern for tuples: some of the arguments stand for many terms, as `match.pid` does. */
export function t<const Elements extends readonly Pattern[]>(
  ...elements: Elements
): TuplePattern<Elements>;
export function t(...elements: Term[]): Tuple {
  return tupleFrom(elements);
}

/** Makes a tuple of the elements of an array. */
export function tupleFrom<const Elements extends readonly Term[]>(
  elements: Elements,
): Tuple<Elements> {
  const arity = elements.length;
  const made = new TupleArray(arity);
  for (let i = 0; i < arity; i++) made[i] = elements[i] as Term;
  return made as unknown as Tuple<Elements>;
}

/** As many terms as `Arity` says; of a number that is not known, any. */
export type TermsOf<
  Arity extends number,
  Found extends readonly Term[] = readonly [],
> = number extends Arity
  ? readonly Term[]
  : Found["length"] extends Arity
    ? Found
    : TermsOf<Arity, readonly [...Found, Term]>;

/** Whether a value is a tuple. */
export function isTuple(value: unknown): value is AnyTuple;
/**
 * Whether a value is a tuple of this arity; it can be destructured then.
 *
 *     if (isTuple(message, 2)) {
 *       const [from, request] = message;
 *     }
 */
export function isTuple<const Arity extends number>(
  value: unknown,
  arity: Arity,
): value is Tuple<TermsOf<Arity>>;
export function isTuple(value: unknown, arity?: number): boolean {
  return value instanceof TupleArray && (arity === undefined || value.length === arity);
}
