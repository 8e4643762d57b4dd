// npm run test:otp: the interop tests against OTP 25, 27 and 29, and what came out as a matrix (feature
// x direction x release) in docs/otp-matrix.md. Makes the roots that are missing. Other releases or a
// part of the tests: npm run test:otp -- 25 27; the matrix is written when all releases ran.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { installErlang, installPackages, installServers } from "./install.mjs";
import { captureCommand, root, runCommand } from "./run-command.mjs";
import { runVitest } from "./vitest-report.mjs";

const RELEASES = ["25", "27", "29"];
const PAGE = `${root}docs/otp-matrix.md`;
const wanted = process.argv.slice(2).filter((word) => /^\d+$/.test(word));
const releases = wanted.length > 0 ? wanted : RELEASES;

if (!(await installPackages())) process.exit(1);
await installErlang();
await installServers();
const ask = 'io:format("~s", [erlang:system_info(otp_release)]), halt().';
const machine = captureCommand("erl", ["-noinput", "-eval", ask]).stdout.trim();
for (const release of releases.filter((one) => one !== machine)) {
  if (release === "27" || release === "29") {
    await runCommand(process.execPath, ["scripts/otp-root.mjs", release]);
  }
}

const { tests, passed, failed, skipped } = await runVitest("interop", {
  reporter: "verbose",
  env: { DISTERL_OTP: releases.join(",") },
});
const matrix = readMatrix(tests);
if (RELEASES.every((release) => releases.includes(release)) && matrix.size > 0) {
  writeFileSync(PAGE, page(matrix));
  console.log("Written: docs/otp-matrix.md");
} else {
  console.log("docs/otp-matrix.md is left as it is: not all releases were asked for.");
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

/** feature -> direction -> release -> "passed" | "failed" | "skipped", from `[25] [we dial] ping`. */
function readMatrix(all) {
  const features = new Map();
  for (const { title, status } of all) {
    const found = /^\[(\w+)\] \[(we dial|Erlang dials|both ways)\] (.+)$/.exec(title);
    if (found === null) continue;
    const [, release, direction, feature] = found;
    const row = features.get(feature) ?? {};
    features.set(feature, row);
    row[direction] ??= {};
    const before = row[direction][release];
    row[direction][release] = before === "failed" ? before : status;
  }
  return features;
}

function page(features) {
  const columns = ["we dial", "Erlang dials", "both ways"].flatMap((direction) =>
    releases.map((release) => ({ direction, release })),
  );
  const used = columns.filter(({ direction }) =>
    [...features.values()].some((row) => row[direction] !== undefined),
  );
  const mark = { passed: "✓", failed: "✗" };
  const rows = [...features]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([feature, row]) => {
      const cells = used.map(({ direction, release }) => {
        const status = row[direction]?.[release];
        return status === undefined ? "" : (mark[status] ?? "–");
      });
      return `| ${feature.replaceAll("|", "\\|")} | ${cells.join(" | ")} |`;
    });
  const heads = used.map(({ direction, release }) => `${release} ${direction}`);
  return [
    "# What was tested with which Erlang/OTP",
    "",
    "Written by `npm run test:otp` from the results of the tests in `test/interop` and",
    "`test/compliance`, against the real thing. ✓ passed, ✗ failed, – not run here; empty: the feature",
    "has no such direction. *we dial*: our node opens the connection; *Erlang dials*: the other one does;",
    "*both ways*: the feature needs both.",
    "",
    `Erlang/OTP ${versions().join(", ")}; Node.js ${process.version}.`,
    "",
    `| feature | ${heads.join(" | ")} |`,
    `|---|${used.map(() => ":-:").join("|")}|`,
    ...rows,
    "",
  ].join("\n");
}

/** The exact versions, from the release folders of the machine and the roots. */
function versions() {
  const roots =
    process.env["DISTERL_OTP_ROOTS"] ||
    join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "disterl");
  const askRoot = 'io:format("~ts", [code:root_dir()]), halt().';
  const own = captureCommand("erl", ["-noinput", "-eval", askRoot]).stdout.trim();
  return releases.map((release) => {
    const erlang = release === machine ? own : join(roots, `otp-${release}`, "usr/lib/erlang");
    const folder = join(erlang, "releases", release);
    if (!existsSync(folder)) return release;
    const file = readdirSync(folder).find((name) => name === "OTP_VERSION");
    return file === undefined ? release : readFileSync(join(folder, file), "utf8").trim();
  });
}
