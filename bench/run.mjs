// npm run bench: every benchmark of this folder, in one table. Some minutes.
//
//   <name> ...       only the benchmarks of these files: npm run bench -- --write tls setup
//   --quick          fewer and shorter rounds: for a look, not for a claim
//   --rounds <n>     how many rounds
//   --json           the rows as JSON
//   --write          writes the tables to docs/benchmarks.md; those of other files stay there as they are
//
// A benchmark is a file that exports `question` (what it answers) and `run({ quick, rounds })`, which
// resolves to rows { name, value, unit, ratio?, spread?, to?, target?, id?, note? }. `ratio` is to what
// `to` names, in the same rounds; `spread` the lowest and highest of it (of `value` where there is no
// ratio); `target` what the ratio, or the value, should be: ">= 2", "<= 100", or a number; `id` which
// of the project's targets that is.
import { readdirSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { BELOW, writePage } from "./page.mjs";
import { buildWhenNeeded } from "../scripts/build.mjs";
import { captureCommand, root } from "../scripts/run-command.mjs";

const QUICK = "Of a quick run: fewer and shorter rounds.";

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const settings = { quick: options.quick };
if (options.rounds !== undefined) settings.rounds = Number(options.rounds);

const files = readdirSync(`${root}bench`).filter((file) => file.endsWith(".mjs"));
const unknown = names.filter((name) => !files.includes(`${name}.mjs`));
if (unknown.length > 0) {
  console.error(`There is no bench/${unknown[0]}.mjs.`);
  process.exit(2);
}
if (!(await buildWhenNeeded())) process.exit(1);
const machine = describeMachine();
const results = [];
for (const file of files.sort()) {
  if (file === "run.mjs" || !isWanted(file)) continue;
  const benchmark = await import(`${root}bench/${file}`);
  if (typeof benchmark.run !== "function" || benchmark.question === undefined) continue;
  console.error(`${benchmark.question} (bench/${file}) …`);
  results.push(await resultOf(file, benchmark));
}

if (options.json) {
  console.log(JSON.stringify({ machine, quick: options.quick, results }, null, 2));
} else {
  console.log([machine, ...results.map(section)].join("\n\n"));
}
const failed = results.filter(({ error }) => error !== undefined);
process.exit(failed.length > 0 || results.length === 0 ? 1 : 0);

function isWanted(file) {
  return names.length === 0 || names.includes(file.replace(/\.mjs$/, ""));
}

/** Runs one, and writes its table at once: a later one that fails takes nothing away. */
async function resultOf(file, benchmark) {
  const start = Date.now();
  const result = { file, question: benchmark.question, ...(await rowsOf(benchmark)) };
  console.error(`  ${Math.round((Date.now() - start) / 1000)} s`);
  if (options.write && result.error === undefined)
    writePage(machine, result.question, section(result));
  return result;
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
  const id = row.id === undefined ? "" : ` (${row.id})`;
  return [
    row.name,
    `${figure(row.value)} ${row.unit}${ofValue}`,
    row.to ?? "",
    row.ratio === undefined ? "" : `${figure(row.ratio)}${spread}`,
    row.target === undefined ? "" : `${row.target}${id}`,
    [judge(row) === "" ? "" : BELOW, row.note?.replace(/^below target(: )?/, "") ?? ""]
      .filter((part) => part !== "")
      .join(": "),
  ];
}

/** Heading and table of one benchmark. */
function section({ question, rows, error }) {
  const heads = ["", "figure", "compared to", "ratio (min..max)", "target", ""];
  const lines = [heads, ...rows.map(cellsOf)];
  const widths = heads.map((_, column) =>
    Math.max(3, ...lines.map((cells) => cells[column].length)),
  );
  const line = (cells) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  const [first, ...rest] = lines.map(line);
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  const remarks = [
    ...(error === undefined ? [] : [`Did not finish: ${error}`, ""]),
    ...(options.quick ? [QUICK, ""] : []),
  ];
  return [`## ${question}`, "", ...remarks, first, rule, ...rest].join("\n");
}

function describeMachine() {
  const processors = cpus();
  const ask =
    'io:format("~s, erts ~s", [erlang:system_info(otp_release), erlang:system_info(version)]), halt().';
  const erlang = captureCommand("erl", ["-noinput", "-eval", ask]);
  const otp = erlang.code === 0 ? `OTP ${erlang.stdout.trim()}` : "no Erlang";
  return `${processors.length} x ${processors[0]?.model.trim()}; Node.js ${process.version}; ${otp}.`;
}
