// npm run build: types by the compiler, JavaScript by bundle.mjs.
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { captureCommand, npm, root } from "./run-command.mjs";

const PACKAGES = ["packages/disterl", "packages/cli"];

/**
 * Builds the packages when a source is younger than what was built; says so, and shows what the
 * compiler said when it fails.
 * @returns {Promise<boolean>} whether they are built
 */
export async function buildWhenNeeded() {
  if (PACKAGES.every(isBuilt)) return true;
  console.log("Building (npm run build)");
  return build();
}

async function build() {
  const { code, output } = captureCommand("tsc", ["-b", ...PACKAGES]);
  if (code !== 0) {
    console.log(output);
    return false;
  }
  for (const folder of PACKAGES) removeOldTypes(join(root, folder));
  // Only where packages are installed is there a bundler.
  const { bundle } = await import("./bundle.mjs");
  for (const folder of PACKAGES) await bundle(join(root, folder));
  linkCommand();
  return true;
}

/** `npx disterl`: what is installed before it is built gets no link to its command. */
function linkCommand() {
  if (existsSync(join(root, "node_modules/.bin/disterl"))) return;
  const [command, args] = npm("rebuild", "--ignore-scripts", "@disterl/cli");
  const { code, output } = captureCommand(command, args);
  if (code !== 0) console.log(`npx disterl will not work here: ${output}`);
}

/** Declarations of sources that have moved or gone: the compiler leaves them, and npm would pack them. */
function removeOldTypes(folder) {
  for (const name of readdirSync(join(folder, "dist"), { recursive: true }).map(String)) {
    const source = name.replace(/\.d\.ts(\.map)?$/, ".ts");
    if (source === name || existsSync(join(folder, "src", source))) continue;
    rmSync(join(folder, "dist", name));
  }
}

/** What is built last is younger than every source. */
function isBuilt(folder) {
  const stamp = join(root, folder, lastBuilt(folder));
  if (!existsSync(stamp)) return false;
  const built = statSync(stamp).mtimeMs;
  const inputs = readdirSync(join(root, folder, "src"), { recursive: true })
    .map((name) => join(root, folder, "src", String(name)))
    .concat(join(root, folder, "package.json"), join(root, folder, "tsconfig.json"));
  return inputs.every((path) => statSync(path).mtimeMs < built);
}

function lastBuilt(folder) {
  const { exports, bin } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  return exports["."]?.default ?? Object.values(bin)[0];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = (await build()) ? 0 : 1;
