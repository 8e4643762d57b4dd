import { expect, test } from "vitest";
import { atom } from "./atom.ts";
import { compareTerms } from "./compare-terms.ts";
import { equalTerms, equalTermsLoosely } from "./equal-terms.ts";
import { formatTerm } from "./format-term.ts";
import { hashTerm } from "./hash-term.ts";
import { ImproperList } from "./list.ts";
import { phash2Term } from "./phash2-term.ts";
import type { Term } from "./term.ts";
import { mapOf, TermMap } from "./term-map.ts";
import { t } from "./tuple.ts";

const inEachOther: [name: string, levels: number, wrap: (inner: Term) => Term][] = [
  ["lists", 1_000_000, (inner) => [inner]],
  ["tuples", 100_000, (inner) => t(atom("tag"), inner, 1)],
  ["values of maps", 50_000, (inner) => mapOf({ a: inner, b: 1 })],
  ["keys of maps", 50_000, (inner) => new TermMap<Term, Term>([[inner, 1]])],
  ["tails of lists", 100_000, (inner) => new ImproperList([1], t(inner))],
];

test.each(inEachOther)(
  "%s, %i in each other, are compared, hashed and written",
  (_, levels, wrap) => {
    const nested = (innermost: Term) => {
      let term = innermost;
      for (let level = 0; level < levels; level++) term = wrap(term);
      return term;
    };
    const [one, again, two] = [nested(1), nested(1), nested(2)];
    expect(equalTerms(one, again)).toBe(true);
    expect(equalTerms(one, two)).toBe(false);
    expect(equalTermsLoosely(one, again)).toBe(true);
    expect(compareTerms(one, again)).toBe(0);
    expect(compareTerms(one, two)).toBe(-1);
    expect(hashTerm(one)).toBe(hashTerm(again));
    expect(hashTerm(one)).not.toBe(hashTerm(two));
    expect(phash2Term(one)).toBe(phash2Term(again));
    expect(formatTerm(one).length).toBeGreaterThan(levels);
    expect(formatTerm(one, { pretty: true, maxChars: 50_000 }).length).toBe(50_003);
  },
  60_000,
);

test("maps of two keys, of which one holds the next such map", () => {
  const nested = (innermost: Term) => {
    let term = innermost;
    for (let level = 0; level < 20_000; level++) {
      term = new TermMap<Term, Term>([
        [t(term), 1],
        [t(level), 2],
      ]);
    }
    return term;
  };
  const [one, again, two] = [nested(1), nested(1), nested(2)];
  expect(equalTerms(one, again)).toBe(true);
  expect(equalTerms(one, two)).toBe(false);
  expect(compareTerms(one, again)).toBe(0);
  expect(Math.abs(compareTerms(one, two))).toBe(1);
  expect(hashTerm(one)).toBe(hashTerm(again));
}, 60_000);
