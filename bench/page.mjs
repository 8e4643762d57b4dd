/** docs/benchmarks.md: the tables of all benchmarks, each as it was measured last. */
import { readFileSync, writeFileSync } from "node:fs";
import { root } from "../scripts/run-command.mjs";

const PATH = `${root}docs/benchmarks.md`;

/** What stands beside a row that misses its target. */
export const BELOW = "**below target**";

const HEAD = [
  "# Benchmarks",
  "",
  "Written by `npm run bench -- --write`. A figure is the median of the rounds; a ratio is taken within",
  "a round, above 1 is faster than what it is compared to. Trust ratios more than figures, and treat",
  "25 % as noise. A number in brackets behind a target is that of the target in the project's list.",
  "",
  "",
].join("\n");

/** Puts one table in the place of the one that was there, or behind the others. */
export function writePage(machine, question, table) {
  const tables = tablesOf(readFileSync(PATH, "utf8"));
  tables.set(question, table);
  const all = [...tables.values()];
  const limits = readFileSync(`${root}bench/limits.md`, "utf8");
  writeFileSync(PATH, [HEAD + machine, ...all, summaryOf(all), limits].join("\n\n"));
}

/** The sections of a page that are tables, by their headings. */
function tablesOf(page) {
  const tables = new Map();
  for (const section of page.split(/^(?=## )/m)) {
    const [heading] = section.split("\n", 1);
    const end = section.lastIndexOf("|\n");
    if (heading.startsWith("## ") && end > 0) {
      tables.set(heading.slice(3), section.slice(0, end + 1));
    }
  }
  return tables;
}

function summaryOf(tables) {
  const rows = tables
    .join("\n")
    .split("\n")
    .filter((line) => line.startsWith("| "));
  const cells = rows.map((row) => row.split("|").map((cell) => cell.trim()));
  const judged = cells.filter((row) => /\d/.test(row[5]));
  const below = judged.filter((row) => row[6].startsWith(BELOW));
  return `${judged.length - below.length} of ${judged.length} targets reached.`;
}
