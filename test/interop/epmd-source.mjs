/**
 * Lets `node -C disterl-source --import <this file>` run the TypeScript sources as they are, for tests
 * that need a process of its own. Types are stripped, nothing is checked; what was stripped once is
 * kept, since the compiler takes a second to load.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { register } from "node:module";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";

const KEPT = fileURLToPath(new URL("../../node_modules/.cache/disterl-source/", import.meta.url));

if (isMainThread) register(import.meta.url);

export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  const text = await readFile(fileURLToPath(url), "utf8");
  return { format: "module", source: await stripped(text), shortCircuit: true };
}

async function stripped(text) {
  const file = `${KEPT}${createHash("sha1").update(text).digest("hex")}.mjs`;
  try {
    return await readFile(file, "utf8");
  } catch {
    const { default: ts } = await import("typescript");
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
      },
    });
    await mkdir(KEPT, { recursive: true });
    await writeFile(`${file}.${process.pid}`, outputText);
    await rename(`${file}.${process.pid}`, file);
    return outputText;
  }
}
