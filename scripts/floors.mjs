// npm run floors: who imports whom, by the rules of .dependency-cruiser.cjs. Fails also when it saw
// fewer modules than there are: a checker that sees nothing finds nothing.
import { readdirSync } from "node:fs";
import { captureCommand, root } from "./run-command.mjs";

const FOLDERS = ["packages/disterl/src", "packages/cli/src"];
const sources = FOLDERS.flatMap((folder) => readdirSync(`${root}${folder}`, { recursive: true }))
  .map(String)
  .filter((name) => name.endsWith(".ts")).length;

const { code, output } = captureCommand("depcruise", [
  "--config",
  ".dependency-cruiser.cjs",
  "--output-type",
  "err",
  ...FOLDERS,
]);
console.log(output.trim());
const cruised = Number(/(\d+) modules, \d+ dependencies cruised/.exec(output)?.[1] ?? 0);
if (cruised < sources || sources < 50) {
  console.log(`floors: ${cruised} modules were looked at, and there are ${sources} source files.`);
  process.exitCode = 1;
} else if (code !== 0) {
  process.exitCode = 1;
}
