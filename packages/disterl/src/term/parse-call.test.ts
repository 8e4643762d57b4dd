import { expect, test } from "vitest";
import { atom } from "./atom.ts";
import { charlist } from "./list.ts";
import { parseMfa } from "./parse-call.ts";
import { t } from "./tuple.ts";

test("reads a call as data", () => {
  expect(parseMfa("lists:seq(1, 3)")).toEqual({
    module: atom("lists"),
    function: atom("seq"),
    args: [1, 3],
  });
  expect(parseMfa("erlang:node()").args).toEqual([]);
  expect(parseMfa(" 'Elixir.Enum' : 'count'( [\"a\", {b}] ). % yes").args).toEqual([
    [charlist("a"), t(atom("b"))],
  ]);
});

test.each([
  ["lists", 6, '":" and a function, as in lists:seq(1, 3)'],
  ["lists:seq", 10, '"(" and the arguments'],
  ["lists:seq(1, 3", 15, '"," or ")"'],
  ["lists:seq(1,)", 13, "a term"],
  ["lists:seq(1) ++ []", 14, "the end of the text"],
  ['os:cmd(os:getenv("X"))', 10, '"," or ")"'],
  ["f(1)", 2, '":" and a function, as in lists:seq(1, 3)'],
  ["M:f()", 1, "a call, as in lists:seq(1, 3)"],
  ['a:b("unterminated)', 19, '" at the end of the string'],
  [`a:b(${"[".repeat(100_000)})`, 100_005, "a term"],
])("says where a call is wrong", (text, column, expected) => {
  expect(() => parseMfa(text)).toThrow(`line 1, column ${column}: expected ${expected}`);
});
