// npm run bench: every benchmark of this folder, in one table.
//
//   --only <words>   the benchmarks whose file name holds one of these (comma between them)
//   --quick          fewer and shorter rounds: for a look, not for a claim
//   --rounds <n>     how many rounds
//   --json           the rows as JSON
//   --write          writes the table to docs/benchmarks.md
//
// A benchmark is a file that exports `question` (what it answers) and `run({ quick, rounds })`, which
// resolves to rows { name, value, unit, ratio?, spread?, to?, target?, note? }. `ratio` is to what `to`
// names, in the same rounds; `spread` the lowest and highest of it (of `value` where there is no
// ratio); `target` what the ratio, or the value, should be: ">= 2", "<= 100", or a number.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { buildWhenNeeded } from "../scripts/build.mjs";
import { captureCommand, root } from "../scripts/run-command.mjs";

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const settings = { quick: options.quick };
if (options.rounds !== undefined) settings.rounds = Number(options.rounds);

if (!(await buildWhenNeeded())) process.exit(1);
const results = [];
for (const file of readdirSync(`${root}bench`).sort()) {
  if (!file.endsWith(".mjs") || file === "run.mjs" || !isWanted(file)) continue;
  const benchmark = await import(`${root}bench/${file}`);
  if (typeof benchmark.run !== "function" || benchmark.question === undefined) continue;
  console.error(`${benchmark.question} (bench/${file}) …`);
  results.push({ file, question: benchmark.question, ...(await rowsOf(benchmark)) });
}

const machine = describeMachine();
if (options.json) {
  console.log(JSON.stringify({ machine, quick: options.quick, results }, null, 2));
} else {
  const table = markdown();
  console.log(table);
  if (options.write) writeFileSync(`${root}docs/benchmarks.md`, page(table));
}
const failed = results.filter(({ error }) => error !== undefined);
if (results.length === 0) console.error("No benchmark has such a name.");
process.exit(failed.length > 0 || results.length === 0 ? 1 : 0);

function isWanted(file) {
  const words = options.only?.split(",") ?? [""];
  return words.some((word) => file.includes(word));
}

async function rowsOf(benchmark) {
  try {
    return { rows: await benchmark.run(settings) };
  } catch (error) {
    console.error(error);
    return { rows: [], error: String(error) };
  }
}

/** "below" when a row misses its target, "" when it does not, or has none that can be judged. */
function judge({ target, ratio, value, unit }) {
  const figure = ratio ?? value;
  const asked = /^(>=|<=|[≥≤])?\s*([\d.]+)$/.exec(String(target ?? "").trim());
  if (asked === null) return "";
  const smallIsGood = ratio === undefined && /^(ns|us|µs|ms|s|MB|KB|bytes)$/.test(unit);
  const sign = asked[1] ?? (smallIsGood ? "<=" : ">=");
  const wanted = Number(asked[2]);
  const met = sign === ">=" || sign === "≥" ? figure >= wanted : figure <= wanted;
  return met ? "" : "below";
}

function figure(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return String(value ?? "");
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) >= 10_000 ? rounded.toLocaleString("en-US") : String(rounded);
}

function cellsOf(row) {
  const spread = row.spread === undefined ? "" : ` (${row.spread.map(figure).join("..")})`;
  const ofValue = row.ratio === undefined ? spread : "";
  return [
    row.name,
    `${figure(row.value)} ${row.unit}${ofValue}`,
    row.to ?? "",
    row.ratio === undefined ? "" : `${figure(row.ratio)}${spread}`,
    String(row.target ?? ""),
    [judge(row) === "" ? "" : "**below target**", row.note?.replace(/^below target(: )?/, "") ?? ""]
      .filter((part) => part !== "")
      .join(": "),
  ];
}

function markdown() {
  const heads = ["", "figure", "compared to", "ratio (min..max)", "target", ""];
  const parts = results.map(({ question, rows, error }) => {
    const lines = [heads, ...rows.map(cellsOf)];
    const widths = heads.map((_, column) =>
      Math.max(3, ...lines.map((cells) => cells[column].length)),
    );
    const line = (cells) =>
      `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
    const [first, ...rest] = lines.map(line);
    const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
    const failure = error === undefined ? [] : [`Did not finish: ${error}`, ""];
    return [`## ${question}`, "", ...failure, first, rule, ...rest, ""].join("\n");
  });
  const rows = results.flatMap((result) => result.rows);
  const below = rows.filter((row) => judge(row) !== "").length;
  const judged = rows.filter((row) => row.target !== undefined).length;
  return [machine, "", ...parts, `${judged - below} of ${judged} targets reached.`].join("\n");
}

function page(table) {
  return [
    "# Benchmarks",
    "",
    "Written by `npm run bench -- --write`. A figure is the median of the rounds; a ratio is taken within",
    "a round, above 1 is faster than what it is compared to. Trust ratios more than figures, and treat",
    "25 % as noise.",
    "",
    table,
    "",
    readFileSync(`${root}bench/limits.md`, "utf8"),
  ].join("\n");
}

function describeMachine() {
  const processors = cpus();
  const ask =
    'io:format("~s, erts ~s", [erlang:system_info(otp_release), erlang:system_info(version)]), halt().';
  const erlang = captureCommand("erl", ["-noinput", "-eval", ask]);
  const otp = erlang.code === 0 ? `OTP ${erlang.stdout.trim()}` : "no Erlang";
  const quick = options.quick ? "; quick run" : "";
  return `${processors.length} x ${processors[0]?.model.trim()}; Node.js ${process.version}; ${otp}${quick}.`;
}
