import { expect, test } from "vitest";
import { printable } from "./printable.ts";

test("control characters, direction marks and line separators are escaped", () => {
  expect(printable("a\n\r\t\u0000\u001b[2J\u007f\u0085")).toBe(
    "a\\n\\r\\t\\u{0}\\u{1b}[2J\\u{7f}\\u{85}",
  );
  expect(printable("\u202ercs\u2028\u2029\u2066\ufeff")).toBe(
    "\\u{202e}rcs\\u{2028}\\u{2029}\\u{2066}\\u{feff}",
  );
  expect(printable("\ud800")).toBe("\\u{d800}");
});

test("ordinary text stays, a backslash is doubled so that nothing can be forged", () => {
  expect(printable("räkna@høst-1.example")).toBe("räkna@høst-1.example");
  expect(printable("a\\nb")).toBe("a\\\\nb");
});

test("long text is cut", () => {
  expect(printable("x".repeat(300))).toBe(`${"x".repeat(256)}… (300 characters)`);
});
