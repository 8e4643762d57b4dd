import { describe, expect, test } from "vitest";
import { atom, atoms } from "./atom.ts";
import { Binary } from "./binary.ts";
import { float } from "./float.ts";
import { ExternalFun, OpaqueFun } from "./fun.ts";
import { charlist } from "./list.ts";
import { LocalTerm } from "./local-term.ts";
import { equalTerms } from "./equal-terms.ts";
import { formatTerm } from "./format-term.ts";
import { Pid } from "./pid.ts";
import { Port } from "./port.ts";
import { Reference } from "./reference.ts";
import type { Term } from "./term.ts";
import { mapOf, TermMap } from "./term-map.ts";
import { t } from "./tuple.ts";

const node = atom("app@host.example.com");

test("a local term is bytes to us: it prints as such, and cannot be compared", () => {
  const local = new LocalTerm(new Uint8Array(7));
  expect(formatTerm(local)).toBe("#Local<7 bytes>");
  expect(() => equalTerms(local, new LocalTerm(new Uint8Array(7)))).toThrow(
    "only the node that made it",
  );
});

test("identifiers show the name of their node", () => {
  const pid = new Pid(node, 87, 1, 5);
  const fields = { module: atom("m"), arity: 1, uniq: new Uint8Array(16), index: 7 };
  const terms: Term[] = [
    pid,
    new Reference(node, 5, [1, 2, 3]),
    new Port(node, 2n ** 60n, 5),
    new ExternalFun(atom("a b"), true, 2),
    new OpaqueFun({ ...fields, oldIndex: 2, oldUniq: 99, pid, freeVariables: [] }),
  ];
  expect(terms.map((term) => formatTerm(term))).toEqual([
    "<app@host.example.com.87.1>",
    "#Ref<app@host.example.com.3.2.1>",
    "#Port<app@host.example.com.1152921504606846976>",
    "fun 'a b':true/2",
    "#Fun<m.2.99>",
  ]);
});

describe("what a terminal acts upon is never written", () => {
  const evil = "\u001b[2J\u009b31m\u0007\u202Eabc\u2066\u200B\u2028\r\n\u0000\uFEFF\u{E0001}";
  const terms: Term[] = [
    atom(evil),
    evil,
    charlist(evil),
    new Pid(atom(evil), 1, 2, 3),
    new Reference(atom(evil), 1, [1]),
    new Port(atom(evil), 1, 1),
    new ExternalFun(atom(evil), atom(evil), 1),
    mapOf({ [evil]: evil }),
    t(atom(evil), charlist("\u202E")),
  ];
  test.each([true, false])("unicode: %s", (unicode) => {
    for (const pretty of [true, false]) {
      for (const term of terms) {
        const text = formatTerm(term, { unicode, pretty, width: 1000 });
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }
    }
  });

  test("the escapes read back", () => {
    expect(formatTerm(atom("\u202Eabc"))).toBe("'\\x{202E}abc'");
    expect(formatTerm("é\u2066", { pretty: true })).toBe('<<"é\\x{2066}"/utf8>>');
    expect(formatTerm(charlist("\u001b[0m"), { pretty: true })).toBe('"\\e[0m"');
  });
});

test("binaries are written by their bytes, whatever holds them", () => {
  const bytes = Uint8Array.of(45, 97, 98, 45);
  for (const term of ["ab", bytes.subarray(1, 3), new Binary(bytes, 1, 2)]) {
    expect(formatTerm(term)).toBe("<<97,98>>");
    expect(formatTerm(term, { pretty: true })).toBe('<<"ab">>');
  }
});

test("printable says what is text", () => {
  const terms = [charlist("日本"), "日本", charlist("é"), "é"];
  const as = (printable: "latin1" | "unicode") =>
    formatTerm(terms, { pretty: true, printable, width: 200 });
  expect(as("unicode")).toBe('["日本",<<"日本"/utf8>>,"é",<<"é"/utf8>>]');
  expect(as("latin1")).toBe('[[26085,26412],<<230,151,165,230,156,172>>,"é",<<"é"/utf8>>]');
});

test("integers above 1 KiB are written out only when asked", () => {
  const great = 2n ** 8192n;
  expect(formatTerm([great - 1n]).length).toBe(2 + 2467);
  expect(formatTerm(t(great, -great))).toBe("{#Big<1025 bytes>,#Big<1025 bytes>}");
  expect(formatTerm(great, { wholeIntegers: true })).toBe(great.toString());
  expect(formatTerm(2 ** 70)).toBe("1180591620717411303424");
});

test("maxChars cuts, maxDepth leaves out", () => {
  const term = t(atoms.ok, [1, [2, [3]], mapOf({ a: t(1) })]);
  expect(formatTerm(term, { maxChars: 9 })).toBe("{ok,[1,[2...");
  expect(formatTerm(term, { maxChars: 27 })).toBe("{ok,[1,[2,[3]],#{a => {1}}]...");
  expect(formatTerm(term, { maxChars: 28 })).toBe("{ok,[1,[2,[3]],#{a => {1}}]}");
  expect(formatTerm(term, { maxDepth: 2 })).toBe("{ok,[1,[...],#{...}]}");
  expect(formatTerm(term, { maxDepth: 0 })).toBe("{...}");
  const long = Array.from({ length: 1000 }, (_, i) => i);
  expect(formatTerm(long, { pretty: true, maxChars: 100 }).length).toBe(103);
  expect(formatTerm("😀😀", { pretty: true, maxChars: 4 })).toBe('<<"...');
});

test("sortKeys writes maps in the order of keys", () => {
  const map = new TermMap<Term, Term>([
    ["b", 1],
    [float(1), 2],
    [atom("b"), 3],
    [2, 4],
    [atom("a"), 5],
  ]);
  expect(formatTerm(map)).toBe("#{<<98>> => 1,1.0 => 2,b => 3,2 => 4,a => 5}");
  expect(formatTerm(map, { sortKeys: true })).toBe("#{1.0 => 2,2 => 4,a => 5,b => 3,<<98>> => 1}");
});

test("what is no term is a wrong argument", () => {
  expect(() => formatTerm([null] as unknown as Term)).toThrow("not an Erlang term: null");
  expect(() => formatTerm([{ a: 1 }] as unknown as Term)).toThrow("an object of class Object");
});
