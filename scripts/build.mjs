import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { captureCommand, root } from "./run-command.mjs";

const PACKAGES = ["packages/disterl", "packages/cli"];

/**
 * Builds the packages when a source is younger than what was built; says so, and shows what the
 * compiler said when it fails.
 * @returns {boolean} whether they are built
 */
export function buildWhenNeeded() {
  if (PACKAGES.every(isBuilt)) return true;
  console.log("Building (npm run build)");
  const { code, output } = captureCommand("tsc", ["-b", ...PACKAGES]);
  if (code !== 0) console.log(output);
  return code === 0;
}

function isBuilt(folder) {
  const stamp = join(root, folder, "dist/.tsbuildinfo");
  if (!existsSync(stamp)) return false;
  const built = statSync(stamp).mtimeMs;
  const inputs = readdirSync(join(root, folder, "src"), { recursive: true })
    .map((name) => join(root, folder, "src", String(name)))
    .concat(join(root, folder, "package.json"), join(root, folder, "tsconfig.json"));
  return inputs.every((path) => statSync(path).mtimeMs < built);
}
