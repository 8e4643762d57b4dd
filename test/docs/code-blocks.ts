import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compileFunction } from "node:vm";

/** A block of code in the docs or in an `@example`. */
export interface CodeBlock {
  readonly file: string;
  /** Line of its first line of code, from 1. */
  readonly line: number;
  /** `ts`, `js` or `sh`. */
  readonly language: string;
  /** The words after the language: `interop`, `run`. */
  readonly tags: readonly string[];
  readonly code: string;
}

/** Every block that the docs show, in order of files and lines. */
export function codeBlocks(root: string): CodeBlock[] {
  const docs = ["README.md", ...filesOf(root, "docs", ".md"), ...filesOf(root, "packages", ".md")];
  const sources = filesOf(root, "packages", ".ts").filter((file) => !file.endsWith(".test.ts"));
  return [
    ...docs.flatMap((file) => blocksIn(file, readFileSync(join(root, file), "utf8"))),
    ...sources.flatMap((file) =>
      blocksIn(file, examplesOnly(readFileSync(join(root, file), "utf8"))),
    ),
  ];
}

function filesOf(root: string, folder: string, extension: string): string[] {
  return readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((name) => name.endsWith(extension) && !/(^|\/)(node_modules|dist)\//.test(name))
    .sort();
}

/** Keeps the text of docstrings from `@example` on; everything else becomes an empty line. */
function examplesOnly(source: string): string {
  let inExample = false;
  const lines = source.split("\n").map((line) => {
    const comment = /^\s*\*(?!\/) ?(.*)$/.exec(line)?.[1];
    if (comment === undefined) inExample = false;
    else if (comment.startsWith("@")) inExample = comment.startsWith("@example");
    return inExample && comment !== undefined ? comment : "";
  });
  return lines.join("\n");
}

function blocksIn(file: string, text: string): CodeBlock[] {
  const found = text.matchAll(/^```(ts|js|sh)\b([^\n]*)\n(.*?)^```/gms);
  return [...found].map((match) => ({
    file,
    line: text.slice(0, match.index).split("\n").length + 1,
    language: match[1] ?? "",
    tags: (match[2] ?? "").split(/\s+/).filter((word) => word !== ""),
    code: match[3] ?? "",
  }));
}

/**
 * A block as a module: `expression; // => value` becomes a check that the value is that, and so does
 * `const name = expression; // => value`. Lines keep their numbers.
 */
export function asModule(block: CodeBlock, checker: string): string {
  const lines = block.code.split("\n");
  const checked = lines.map((line, index) => {
    const found = /^(.*?);?\s*\/\/ => (.*)$/.exec(line);
    if (found === null) return line;
    const [, statement = "", expected = ""] = found;
    const where = JSON.stringify(`${block.file}:${block.line + index}`);
    const value =
      /^\s*\(?[^;]*\)?$/.test(expected) && isExpression(expected) ? expected : "undefined";
    const check = (actual: string): string =>
      `await __check(async () => (${actual}), () => (${value}), ${JSON.stringify(expected)}, ${where});`;
    const name = /^\s*(?:const|let)\s+(\w+)\s*(?::[^=]+)?=/.exec(statement)?.[1];
    if (name !== undefined) return `${statement}; ${check(name)}`;
    if (!isExpression(statement))
      throw new Error(`${where}: "// =>" needs one line, one expression`);
    return check(/^\s*console\.log\((.*)\)$/.exec(statement)?.[1] ?? statement);
  });
  const start = `import { check as __check } from ${JSON.stringify(checker)};`;
  return `${start} ${checked.join("\n")}\nexport {};\n`;
}

function isExpression(text: string): boolean {
  try {
    compileFunction(`return async () => (${text})`);
    return true;
  } catch {
    return false;
  }
}
