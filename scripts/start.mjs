// npm start: installs and builds what is missing, then runs the demo with the given arguments.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { installPackages } from "./install.mjs";
import { captureCommand, root, runCommand } from "./run-command.mjs";

const PACKAGES = ["packages/disterl", "packages/cli"];

if (!(await installPackages({ quiet: true })) || !build()) process.exit(1);
process.exitCode = await runCommand(process.execPath, [
  "examples/demo.mjs",
  ...process.argv.slice(2),
]);

function build() {
  if (PACKAGES.every(isBuilt)) return true;
  console.log("Building (npm run build)");
  const { code, output } = captureCommand("tsc", ["-b", ...PACKAGES]);
  if (code !== 0) console.log(output);
  return code === 0;
}

/** Whether everything that was built is younger than its sources. */
function isBuilt(folder) {
  const stamp = join(root, folder, "dist/.tsbuildinfo");
  if (!existsSync(stamp) || !existsSync(join(root, folder, "dist"))) return false;
  const built = statSync(stamp).mtimeMs;
  const sources = readdirSync(join(root, folder, "src"), { recursive: true, withFileTypes: true });
  return sources
    .filter((entry) => entry.isFile())
    .every((entry) => statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs < built);
}
