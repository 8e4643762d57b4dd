// npm test: installs what is missing, runs every check, and ends with `N passed, N failed`.
//
// Tests of vitest count one by one; every other check counts as one. Fails when anything failed.
// REQUIRE_OTP=1: no Erlang is a failure. DISTERL_OTP=25,27: these releases. DISTERL_INSTALL=0:
// installs nothing on the system.
import { installErlang, installPackages, installServers } from "./install.mjs";
import { runCommand } from "./run-command.mjs";
import { runVitest } from "./vitest-report.mjs";

const CHECKS = [
  ["format", "biome", "format", "."],
  ["lint", "npm", "run", "--silent", "lint"],
  ["typecheck", "tsc", "-p", "tsconfig.json", "--noEmit"],
  ["build", "npm", "run", "--silent", "build"],
  ["floors", process.execPath, "scripts/floors.mjs"],
  ["unit", { project: "unit" }],
  ["docs", { project: "docs" }],
  ["fuzz", { project: "fuzz" }],
  ["schedules", { project: "schedules" }],
  ["package", process.execPath, "scripts/package-check.mjs", "--built"],
  ["interop", { project: "interop", reporter: "verbose" }],
];

const total = { passed: 0, failed: 0, skipped: 0 };
const broken = [];

function add(name, counts) {
  for (const key of Object.keys(total)) total[key] += counts[key];
  if (counts.failed > 0) broken.push(name);
}

if (!(await installPackages())) {
  console.log("The npm packages could not be installed; nothing can be checked.");
  add("install", { passed: 0, failed: 1, skipped: 0 });
} else {
  await installErlang();
  await installServers();
  for (const [name, command, ...args] of CHECKS) {
    console.log(`\n== ${name}`);
    const began = performance.now();
    const counts =
      typeof command === "object"
        ? await runVitest(command.project, command)
        : await one(command, args);
    add(name, counts);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${name}: ${counts.failed === 0 ? "ok" : "FAILED"} (${seconds} s)`);
  }
}

async function one(command, args) {
  const failed = (await runCommand(command, args)) === 0 ? 0 : 1;
  return { passed: 1 - failed, failed, skipped: 0 };
}

console.log(broken.length === 0 ? "" : `\nFailed: ${broken.join(", ")}`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
