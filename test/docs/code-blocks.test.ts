import { expect, test } from "vitest";
import { check } from "./check.ts";
import { asModule, type CodeBlock } from "./code-blocks.ts";

const block = (code: string): CodeBlock => ({
  file: "a.md",
  line: 7,
  language: "ts",
  tags: [],
  code,
});

test("a claim becomes a check with its place", () => {
  const made = asModule(block("const a = 1;\nconst b = a + 1; // => 2\nb * 2; // => 4"), "/c.ts");
  const [first, second, third] = made.split("\n");
  expect(first).toBe('import { check as __check } from "/c.ts"; const a = 1;');
  expect(second).toBe('const b = a + 1; await __check(async () => (b), () => (2), "2", "a.md:8");');
  expect(third).toBe('await __check(async () => (b * 2), () => (4), "4", "a.md:9");');
});

test("a claim that is no JavaScript is compared as text", () => {
  expect(asModule(block("f(x); // => {ok, [1|2]}"), "/c.ts")).toContain(
    'await __check(async () => (f(x)), () => (undefined), "{ok, [1|2]}", "a.md:7");',
  );
});

test("a claim nobody can check is an error", () => {
  expect(() => asModule(block("}); // => 4"), "/c.ts")).toThrow(/one line, one expression/);
});

test("a claim that is wrong fails", async () => {
  const claim = (actual: () => unknown, text: string, wanted?: unknown): Promise<void> =>
    check(actual, () => wanted, text, "a.md:7");
  await claim(() => ({ a: [1] }), "{a: [1]}", { a: [1] });
  await claim(() => [1, 2], "[1,2]");
  await claim(() => "a long text", "a … text");
  await claim(() => Promise.reject(new Error("no way")), "throws no way");
  await expect(claim(() => [1, 2], "[1, 3]", [1, 3])).rejects.toThrow("a.md:7");
  await expect(claim(() => 1, "throws ERR_X")).rejects.toThrow("a.md:7");
  await expect(claim(() => 1, "one")).rejects.toThrow("a.md:7");
});
