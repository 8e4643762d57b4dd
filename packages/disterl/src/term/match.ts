import { Atom } from "./atom.ts";
import { type Binary, isBinary } from "./binary.ts";
import { BitString } from "./bitstring.ts";
import { equalTerms } from "./equal-terms.ts";
import { Float } from "./float.ts";
import { ExternalFun, OpaqueFun } from "./fun.ts";
import { ImproperList, isList, type List } from "./list.ts";
import { Pid } from "./pid.ts";
import { Port } from "./port.ts";
import { Reference } from "./reference.ts";
import type { Term } from "./term.ts";
import { TermMap } from "./term-map.ts";
import { type AnyTuple, isTuple, TupleArray, type tupleBrand } from "./tuple.ts";

/** A part of a pattern that stands for many terms: `match.pid`. Made by {@link match}. */
export class Matcher<Matching extends Term = Term> {
  /** Types only: what it matches. */
  declare readonly matching: Matching;
  /** Whether it matches. */
  readonly test: (term: Term) => boolean;

  /** @internal */
  constructor(test: (term: Term) => boolean) {
    this.test = test;
  }
}

/** As a method, whose parameter may be narrower: guards of `unknown` and of `Term` both fit. */
type TypeGuard<Matching> = { of(term: unknown): term is Matching }["of"];

/** A tuple that holds patterns; made by `t(...)`. */
export type TuplePattern<Elements extends readonly unknown[] = readonly unknown[]> =
  Readonly<Elements> & { readonly [tupleBrand]: true };

/**
 * What a message, or any term, is compared with: a term stands for itself, and in tuples and lists a
 * {@link Matcher} or a function stands for the terms it accepts.
 */
export type Pattern =
  | Term
  | Matcher
  | ((term: Term) => boolean)
  | TuplePattern
  | readonly Pattern[];

/**
 * The type of the terms that a pattern matches.
 *
 * A text matches the binary with these bytes, a number also the equal `bigint`: both may come in.
 */
export type Matched<P> = Extract<MatchedBy<P>, Term>;

type MatchedBy<P> =
  P extends Matcher<infer Matching>
    ? Matching
    : P extends TypeGuard<infer Matching>
      ? Matching
      : P extends (term: Term) => boolean
        ? Term
        : P extends { readonly [tupleBrand]: true } & readonly unknown[]
          ? MatchedTuple<P>
          : P extends readonly unknown[]
            ? number extends P["length"]
              ? List
              : { readonly [Index in keyof P]: Matched<P[Index]> }
            : P extends string
              ? P | Uint8Array | Binary
              : P extends number
                ? P | bigint
                : P extends bigint
                  ? number | bigint
                  : P;

type MatchedTuple<P extends readonly unknown[]> = number extends P["length"]
  ? AnyTuple
  : MatchedElements<P> & { readonly [tupleBrand]: true };

/** A tuple is an array and its brand: it is taken apart by its positions. */
type MatchedElements<
  P extends readonly unknown[],
  Found extends readonly Term[] = readonly [],
> = Found["length"] extends P["length"]
  ? Found
  : MatchedElements<P, readonly [...Found, Matched<P[Found["length"]]>]>;

/**
 * Whether a term has the shape of a pattern; its type is narrowed to that.
 *
 *     if (isMatch(message, t(atom("set"), match.atom, match.any))) {
 *       const [, key, value] = message; // key: Atom, value: Term
 *     }
 *
 * Terms within the pattern are compared as by `=:=`.
 */
export function isMatch<const P extends Pattern>(term: Term, pattern: P): term is Matched<P> {
  return matches(term, pattern);
}

/** As {@link isMatch}, without types. @internal */
export function matches(term: Term, pattern: Pattern): boolean {
  if (term === pattern) return true;
  if (typeof pattern === "function") return pattern(term);
  if (typeof pattern !== "object") {
    return typeof term === "object" && !isBinary(term) ? false : equalTerms(term, pattern);
  }
  if (pattern instanceof Atom) return false;
  if (pattern instanceof Matcher) return pattern.test(term);
  if (Array.isArray(pattern)) return matchesElements(term, pattern as readonly Pattern[]);
  return equalTerms(term, pattern as Term);
}

function matchesElements(term: Term, pattern: readonly Pattern[]): boolean {
  if (!Array.isArray(term) || term.length !== pattern.length) return false;
  if (term instanceof TupleArray !== pattern instanceof TupleArray) return false;
  for (let i = 0; i < pattern.length; i++) {
    if (!matches(term[i] as Term, pattern[i] as Pattern)) return false;
  }
  return true;
}

/**
 * The reference that every term matching the pattern holds, if that can be seen: the pattern itself,
 * an element of the tuple, or the tail of an element as in `[alias | Ref]`. @internal
 */
export function requiredReference(pattern: Pattern): Reference | undefined {
  if (pattern instanceof Reference) return pattern;
  if (!(pattern instanceof TupleArray)) return undefined;
  for (const element of pattern) {
    if (element instanceof Reference) return element;
    if (element instanceof ImproperList && element.tail instanceof Reference) return element.tail;
  }
  return undefined;
}

/**
 * The first atom of a pattern that is a tuple, and its place: most messages of a full mailbox differ
 * from what is looked for in that one. @internal
 */
export function requiredAtom(pattern: Pattern): { place: number; atom: Atom } | undefined {
  if (!(pattern instanceof TupleArray)) return undefined;
  const place = pattern.findIndex((element) => element instanceof Atom);
  return place < 0 ? undefined : { place, atom: pattern[place] as Atom };
}

const isInteger = (term: Term): boolean => Number.isInteger(term) || typeof term === "bigint";
const isBytes = (term: Term): boolean => typeof term === "string" || isBinary(term);
const isFloat = (term: Term): boolean =>
  term instanceof Float || (typeof term === "number" && !Number.isInteger(term));

/**
 * Parts of patterns: what may stand in a place.
 *
 *     await self.receive(t(atom("get"), match.pid, match.oneOf(atom("a"), atom("b"))));
 */
export const match = {
  /** Any term. */
  any: new Matcher<Term>(() => true),
  /** An atom, `true` and `false` too. */
  atom: new Matcher<Atom | boolean>((term) => term instanceof Atom || typeof term === "boolean"),
  boolean: new Matcher<boolean>((term) => typeof term === "boolean"),
  integer: new Matcher<number | bigint>(isInteger),
  float: new Matcher<number | Float>(isFloat),
  /** An integer or a float. */
  number: new Matcher<number | bigint | Float>((term) => isInteger(term) || isFloat(term)),
  /** A text too, which stands for its UTF-8. */
  binary: new Matcher<string | Uint8Array | Binary>(isBytes),
  /** A binary, or bits. */
  bitString: new Matcher<string | Uint8Array | Binary | BitString>(
    (term) => isBytes(term) || term instanceof BitString,
  ),
  /** A proper list. */
  list: new Matcher<List>(isList),
  tuple: new Matcher<AnyTuple>((term) => isTuple(term)),
  map: new Matcher<TermMap>((term) => term instanceof TermMap),
  pid: new Matcher<Pid>((term) => term instanceof Pid),
  port: new Matcher<Port>((term) => term instanceof Port),
  reference: new Matcher<Reference>((term) => term instanceof Reference),
  fun: new Matcher<ExternalFun | OpaqueFun>(
    (term) => term instanceof ExternalFun || term instanceof OpaqueFun,
  ),

  /** A proper list of which every item matches; also the empty one. */
  listOf<const P extends Pattern>(item: P): Matcher<List<Matched<P>>> {
    return new Matcher((term) => isList(term) && term.every((each) => matches(each, item)));
  },

  /** A map that has these keys, with values that match: `#{Key := Pattern}`. It may have others. */
  mapWith(entries: Iterable<readonly [key: Term, value: Pattern]>): Matcher<TermMap> {
    const wanted = [...entries];
    return new Matcher((term) => {
      if (!(term instanceof TermMap)) return false;
      return wanted.every(([key, value]) => {
        const found: Term | undefined = term.get(key);
        return found !== undefined && matches(found, value);
      });
    });
  },

  /** What one of the patterns matches. */
  oneOf<const Ps extends readonly Pattern[]>(...patterns: Ps): Matcher<Matched<Ps[number]>> {
    return new Matcher((term) => patterns.some((pattern) => matches(term, pattern)));
  },

  /** What the pattern matches and the condition accepts: `when` of Erlang. */
  when<const P extends Pattern>(
    pattern: P,
    guard: (term: Matched<P>) => boolean,
  ): Matcher<Matched<P>> {
    return new Matcher((term) => isMatch(term, pattern) && guard(term));
  },
} as const;
