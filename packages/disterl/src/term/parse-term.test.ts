import { describe, expect, test } from "vitest";
import {
  consultVectors,
  termFromJson,
  termVectors,
} from "../../../../test/vectors/term/term-vectors.ts";
import { atom } from "./atom.ts";
import { equalTerms } from "./equal-terms.ts";
import { TermSyntaxError } from "./errors.ts";
import { formatTerm } from "./format-term.ts";
import { charlist, type List } from "./list.ts";
import { parseTerm, parseTerms } from "./parse-term.ts";
import type { Term } from "./term.ts";
import { t } from "./tuple.ts";

function errorOf(text: string): TermSyntaxError {
  try {
    parseTerms(text);
  } catch (error) {
    if (error instanceof TermSyntaxError) return error;
    throw error;
  }
  throw new Error(`was read: ${text}`);
}

describe("as file:consult of OTP 29", () => {
  // Atoms in every release before 27; ours may be read by all.
  const lenient = new Set(["maybe.", "else."]);

  test.each(consultVectors().filter(({ text }) => !lenient.has(text)))("$text", (vector) => {
    if (vector.terms === null) {
      expect(errorOf(vector.text).code).toBe("ERR_TERM_SYNTAX");
      return;
    }
    const read = parseTerms(vector.text);
    const expected = vector.terms.map(termFromJson);
    const sorted = { sortKeys: true };
    expect(formatTerm(read, sorted)).toBe(formatTerm(expected, sorted));
    expect(equalTerms(read, expected)).toBe(true);
  });

  test("maybe and else need no quotes", () => {
    expect(parseTerms("maybe. else.")).toEqual([atom("maybe"), atom("else")]);
  });
});

test.each(["25", "27", "29"] as const)("reads what OTP %s writes, in all four ways", (release) => {
  const { single, pretty } = termVectors(release);
  for (const { term, w, tw, p, tp } of single) {
    if (w.startsWith("#Fun")) continue;
    for (const text of [w, tw, p, tp]) {
      expect(equalTerms(parseTerm(text), termFromJson(term))).toBe(true);
    }
  }
  for (const { term, ...texts } of pretty) {
    for (const text of Object.values(texts)) {
      if (/#Fun|#[a-z]/.test(text)) continue;
      expect(equalTerms(parseTerm(text), termFromJson(term))).toBe(true);
    }
  }
});

test("a term may do without its point, terms may not", () => {
  expect(parseTerm(" {ok,1} % done")).toEqual(t(atom("ok"), 1));
  expect(parseTerm("ok.")).toBe(atom("ok"));
  expect(errorOf("a. b").message).toBe(
    'Erlang term, line 1, column 5: expected "." at the end of the term, found the end of the text',
  );
  expect(() => parseTerm("a. b.")).toThrow("expected the end of the text");
  expect(() => parseTerm("")).toThrow("expected a term, found the end of the text");
});

test.each([
  ["{a,\n  b c}", 2, 5, '"," or "}"', '"c"'],
  ["[1, 2", 1, 6, '",", "|" or "]"', "the end of the text"],
  ["#{a -> 1}", 1, 5, '"=>"', '"-"'],
  ["{a, X}", 1, 5, "a term", '"X"'],
  ["{'é日', )", 1, 8, "a term", '")"'],
  ['{"a\n b', 2, 3, '" at the end of the string', "the end of the text"],
  ["'\u202ea' b", 1, 6, '"." at the end of the term', '"b"'],
  ["<0.87.0>", 1, 1, "a term; a pid as it is printed cannot be read", '"<"'],
  ['"""\n  a\n b\n  """', 3, 1, "the indentation of the closing quotes", '" b"'],
  ["<<1.5>>", 1, 3, "an integer, or the type float", '"1.5"'],
  ["[a|b,c]", 1, 5, '"]" after the tail of a list', '","'],
  ["a\u{1F600}", 1, 2, "a term", '"\u{1F600}"'],
])("says where and what: %j", (text, line, column, expected, found) => {
  const error = errorOf(text);
  expect([error.line, error.column, error.expected, error.found]).toEqual([
    line,
    column,
    expected,
    found,
  ]);
});

test("an error never shows what a terminal would act upon", () => {
  const { message } = errorOf("a \u001b]0;title\u0007\u202e");
  expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

test("a hundred thousand brackets are a term or an error, in any form", () => {
  const depth = 100_000;
  for (const [open, close] of [
    ["[", "]"],
    ["{", "}"],
    ["(", ")"],
    ["#{a=>", "}"],
    ["#{#{}=>a,", "=>b}"],
    ["[1|", "]"],
    ["[1|(", ")]"],
  ] as const) {
    expect(errorOf(open.repeat(depth)).expected).toBe("a term");
    const term = parseTerm(`${open.repeat(depth)}1${close.repeat(depth)}`);
    expect(equalTerms(term, term)).toBe(true);
  }
  expect(errorOf("-".repeat(depth)).code).toBe("ERR_TERM_SYNTAX");
  expect(errorOf("<<".repeat(depth)).expected).toBe("at most 100 binaries in each other");
  const binaries = `${"<<(".repeat(99)}<<7>>${")/bits>>".repeat(99)}`;
  expect(parseTerm(`{${binaries},${binaries}}`)).toEqual(t(Uint8Array.of(7), Uint8Array.of(7)));
}, 60_000);

test("long texts take linear time", () => {
  const items = 200_000;
  const texts = [
    `[${"1,".repeat(items)}1]`,
    `[${"[1|".repeat(items)}[]${"]".repeat(items)}]`,
    `"${"ab\\n".repeat(items)}"`,
    '"a" '.repeat(items),
    `<<${"1,".repeat(items)}1>>`,
    `#{${Array.from({ length: items }, (_, i) => `k${i % 5000} => ${i}`).join(",")}}`,
    `${"%\n".repeat(items)}a`,
    "1_".repeat(items).concat("1"),
    "9".repeat(items),
    `36#${"z".repeat(items)}`,
  ];
  const start = performance.now();
  for (const text of texts) parseTerm(text);
  expect(performance.now() - start).toBeLessThan(20_000);
}, 60_000);

test("sizes in a text cannot ask for more memory than 1 MiB", () => {
  expect(errorOf("<<1:99999999999>>.").expected).toBe("a binary of at most 8388608 bits");
  expect(errorOf("<<0:8000000, 0:8000000>>.").column).toBe(14);
});

test("numbers have a limit, as in Erlang", () => {
  expect(errorOf(`${"9".repeat(1_262_613)}.`).expected).toBe("a number of at most 1262612 digits");
});

test("strings are lists, texts in binaries are bytes", () => {
  expect(parseTerm('"aé"')).toEqual(charlist("aé"));
  expect(parseTerm('[1|"ab"]') as List).toEqual([1, 97, 98]);
  expect(parseTerm('<<"é"/utf8>>')).toEqual(Uint8Array.of(0xc3, 0xa9));
});

test("values are of the kinds the decoder gives", () => {
  expect(Object.is(parseTerm("-0"), 0)).toBe(true);
  expect(typeof parseTerm("9007199254740991")).toBe("number");
  expect(typeof parseTerm("9007199254740992")).toBe("bigint");
  const terms: Term = parseTerm("[true, 1.0, 1.5]");
  expect(formatTerm(terms)).toBe("[true,1.0,1.5]");
});
