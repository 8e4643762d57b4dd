import { describe, expect, test } from "vitest";
import {
  floatFromHex,
  termFromJson,
  termVectors,
} from "../../../../test/vectors/term/term-vectors.ts";
import { compareTerms } from "./compare-terms.ts";
import { equalTerms, equalTermsLoosely } from "./equal-terms.ts";
import { formatFloat } from "./format-float.ts";
import { formatTerm } from "./format-term.ts";
import { hashTerm } from "./hash-term.ts";
import { phash2Term } from "./phash2-term.ts";

describe.each(["25", "27", "29"] as const)("as OTP %s", (release) => {
  const vectors = termVectors(release);
  const single = vectors.single.map((vector) => ({ ...vector, term: termFromJson(vector.term) }));

  test("phash2", () => {
    const ours = single.map(({ term }) => [phash2Term(term), phash2Term(term, 2 ** 32)]);
    expect(ours).toEqual(single.map(({ phash2, phash2_32 }) => [phash2, phash2_32]));
  });

  test("order, equality and what hashes alike", () => {
    const terms = vectors.order.terms.map(termFromJson);
    const others = vectors.order.terms.map(termFromJson);
    const signs = ["<", "=", ">"];
    for (const [i, a] of terms.entries()) {
      const row = others.map((b) => signs[compareTerms(a, b) + 1]).join("");
      expect(`${i} ${row}`).toBe(`${i} ${vectors.order.compare[i]}`);
      const loose = others.map((b) => (equalTermsLoosely(a, b) ? "=" : ".")).join("");
      expect(`${i} ${loose}`).toBe(`${i} ${row.replaceAll(/[<>]/g, ".")}`);
      const same = others.map((b) => (equalTerms(a, b) ? "=" : ".")).join("");
      if (release !== "25") expect(`${i} ${same}`).toBe(`${i} ${vectors.order.same[i]}`);
      const hashes = others.map((b) => (hashTerm(a) === hashTerm(b) ? "=" : ".")).join("");
      expect(`${i} ${hashes}`).toBe(`${i} ${same}`);
    }
  });

  test("floats", () => {
    const ours = vectors.floats.map(([hex]) => [hex, formatFloat(floatFromHex(hex))]);
    expect(ours).toEqual(vectors.floats);
  });

  test("single terms as text", () => {
    // Reserved from OTP 27 on, and quoted by us for readers of any release.
    const newWords = new Set(["else", "maybe"]);
    const shown = single.filter(({ w }) => release !== "25" || !newWords.has(w));
    const ours = shown.map(({ term }) => ({
      w: formatTerm(term, { unicode: false }),
      tw: formatTerm(term),
      p: formatTerm(term, { pretty: true, unicode: false }),
      tp: formatTerm(term, { pretty: true }),
    }));
    expect(ours).toEqual(shown.map(({ w, tw, p, tp }) => ({ w, tw, p, tp })));
  });

  test.each([20, 40, 80, 120] as const)("lines of %i columns", (width) => {
    for (const vector of vectors.pretty) {
      const term = termFromJson(vector.term);
      expect(formatTerm(term, { pretty: true, width })).toBe(vector[`${width}`]);
    }
  });
});
