import { expect, test } from "vitest";

import { FlagError } from "./errors.ts";
import { splitArguments } from "./split-arguments.ts";

// Each expectation is what `init:get_arguments()` of OTP 25 shows for the same text.
test("an ERL_FLAGS text is cut as erlexec does it", () => {
  expect(
    splitArguments(
      `-foo 'a b' "c d" e\\ f g"h i"j 's\\t' x#y \\# # \\-x "" ''\tw\n z `,
      "ERL_FLAGS",
      false,
    ),
  ).toEqual([
    "-foo",
    "a b",
    "c d",
    "e f",
    "gh ij",
    "s\\t",
    "x#y",
    "#",
    "#",
    "-x",
    "",
    "",
    "w",
    "z",
  ]);
});

test("in a file # begins a comment, unless quoted or escaped", () => {
  const text = `# comment
-foo 'a b' x#y # end
  -bar "multi
line" \\
cont ""  z
#-no no
-n1 1#2 #3
-q "a # b" \\# "x\\y"`;
  expect(splitArguments(text, "-args_file vm.args", true)).toEqual([
    ...["-foo", "a b", "x", "-bar", "multi\nline", "\ncont", "", "z"],
    ...["-n1", "1", "-q", "a # b", "#", "x\\y"],
  ]);
});

test("nothing gives nothing", () => {
  expect(splitArguments("", "ERL_FLAGS", false)).toEqual([]);
  expect(splitArguments(" \t\n", "f", true)).toEqual([]);
});

test.each(["'", '"', `-a "b`, `-a\n'b "`])(
  "the open quote in %j is an error with its line",
  (text) => {
    const error = (() => {
      try {
        return splitArguments(text, "-args_file vm.args", true);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(FlagError);
    expect((error as FlagError).code).toBe("ERR_FLAG_SYNTAX");
    expect((error as FlagError).message).toMatch(
      /^-args_file vm\.args: the quote ['"] in line [12]/,
    );
  },
);
