// npm run package-check: what a user would install. Builds (unless --built), then publint, attw, knip,
// and a look at what npm would pack.
import { readFileSync } from "node:fs";
import { captureCommand, npm, root } from "./run-command.mjs";

const PACKAGES = ["packages/disterl", "packages/cli"];
const failed = [];

function step(name, command, ...args) {
  console.log(`-- ${name}`);
  const { code, output } = captureCommand(command, args);
  if (code === 0) return;
  console.log(output);
  failed.push(name);
}

if (!process.argv.includes("--built")) step("build", "npm", "run", "--silent", "build");
for (const folder of PACKAGES) step(`publint ${folder}`, "publint", folder, "--strict");
step("attw packages/disterl", "attw", "--pack", "packages/disterl", "--profile", "esm-only");
step("knip", "knip", "--no-progress");
for (const folder of PACKAGES) {
  console.log(`-- contents ${folder}`);
  const wrong = packed(folder);
  for (const line of wrong) console.log(line);
  if (wrong.length > 0) failed.push(`contents ${folder}`);
}

/** What is wrong with the files that npm would pack. */
function packed(folder) {
  const [command, args] = npm("pack", "--dry-run", "--json", "--ignore-scripts", `./${folder}`);
  const { code, stdout, output } = captureCommand(command, args);
  if (code !== 0) return [output];
  const [{ files, unpackedSize }] = JSON.parse(stdout);
  const paths = new Set(files.map(({ path }) => path));
  console.log(`${paths.size} files, ${Math.round(unpackedSize / 1024)} KB unpacked`);
  const forbidden = /\.test\.|\.tsbuildinfo$|(^|\/)(node_modules|vectors|coverage)\//;
  return [
    ...[...paths]
      .filter((path) => forbidden.test(path))
      .map((path) => `must not be packed: ${path}`),
    ...needed(folder)
      .filter((path) => !paths.has(path))
      .map((path) => `is not packed: ${path}`),
  ];
}

/** The files that package.json promises: doors, types, commands. */
function needed(folder) {
  const manifest = JSON.parse(readFileSync(`${root}${folder}/package.json`, "utf8"));
  const doors = Object.values(manifest.exports ?? {}).flatMap((door) =>
    typeof door === "string" ? [door] : Object.values(door),
  );
  const promised = [...doors, ...Object.values(manifest.bin ?? {}), "package.json"];
  return promised.map((path) => path.replace(/^\.\//, ""));
}

console.log(
  failed.length === 0 ? "package-check: ok" : `package-check: failed: ${failed.join(", ")}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
