import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Codes of Node.js itself that our source looks for. */
const OF_NODE = /^ERR_(SOCKET|STREAM|INVALID|SYSTEM|SERVER|TLS|OUT_OF)_/;

function codesInSource(): string[] {
  const codes = new Set<string>();
  for (const folder of ["packages/disterl/src", "packages/cli/src"]) {
    for (const name of readdirSync(join(root, folder), { recursive: true }).map(String)) {
      if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
      const source = readFileSync(join(root, folder, name), "utf8");
      for (const [code] of source.matchAll(/(?<=["'])ERR_[A-Z0-9_]+(?=["'])/g)) codes.add(code);
    }
  }
  return [...codes].filter((code) => !OF_NODE.test(code)).sort();
}

test("every error code has a line in docs/errors.md, and the page has no others", () => {
  const page = readFileSync(join(root, "docs/errors.md"), "utf8");
  const told = [...page.matchAll(/^\| `(ERR_[A-Z0-9_]+)` \| [^|]+ \| [^|]+ \| [^|]+ \|$/gm)];
  const codes = codesInSource();
  expect(codes.length).toBeGreaterThan(10);
  expect(new Set(told.map((match) => match[1]))).toEqual(new Set(codes));
  expect(told.length).toBe(codes.length);
});
