import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "vitest";
import type { CodeBlock } from "./code-blocks.ts";

/**
 * Runs a block of shell lines: each `$ command` is run, and the lines up to the next one are what it
 * prints (`…` stands for anything). `$ disterl …` is the one that was built here. A command ends well
 * unless its lines end with `[exit N]`.
 */
export function runShellBlock(block: CodeBlock, root: string): void {
  for (const part of block.code.split(/^\$ /m).slice(1)) {
    const [command = "", ...lines] = part.trimEnd().split("\n");
    const exit = /^\[exit (\d+)\]$/.exec(lines.at(-1) ?? "")?.[1];
    const wanted = (exit === undefined ? lines : lines.slice(0, -1)).join("\n");
    const disterl = `${process.execPath} ${join(root, "packages/cli/dist/main.js")} `;
    const done = spawnSync("sh", ["-c", `(${command.replace(/^disterl /, disterl)}) 2>&1`], {
      cwd: root,
      encoding: "utf8",
      timeout: 60_000,
    });
    const where = `${block.file}:${block.line}: $ ${command}\n${done.stdout}`;
    expect(done.status, where).toBe(Number(exit ?? 0));
    const quoted = wanted.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", ".*");
    expect(done.stdout.trimEnd(), where).toMatch(new RegExp(`^${quoted}$`, "s"));
  }
}
