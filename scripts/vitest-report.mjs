import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./run-command.mjs";

/**
 * Runs one vitest project and counts its tests. A file that fails before its tests counts as one
 * failure, and so does a run without a single test.
 * @param {string} project
 * @param {{ reporter?: string, env?: NodeJS.ProcessEnv }} [options]
 */
export async function runVitest(project, { reporter = "default", env = {} } = {}) {
  const file = join(tmpdir(), `disterl-vitest-${process.pid}-${project}.json`);
  const code = await runCommand(
    "vitest",
    [
      "run",
      "--project",
      project,
      `--reporter=${reporter}`,
      "--reporter=json",
      `--outputFile=${file}`,
    ],
    env,
  );
  const report = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { testResults: [] };
  rmSync(file, { force: true });
  const tests = report.testResults.flatMap((result) => result.assertionResults);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { status } of tests) {
    if (status === "passed") counts.passed += 1;
    else if (status === "failed") counts.failed += 1;
    else counts.skipped += 1;
  }
  for (const result of report.testResults) {
    const known = result.assertionResults.some(({ status }) => status === "failed");
    if (result.status === "failed" && !known) counts.failed += 1;
  }
  if (tests.length === 0) console.log(`${project}: no test ran`);
  if (counts.failed === 0 && (code !== 0 || tests.length === 0)) counts.failed = 1;
  return { ...counts, tests };
}
