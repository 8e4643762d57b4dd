// node scripts/bundle.mjs <package> [<directory>]: the JavaScript of a package, as it is published: one
// file for each of its doors and commands, and what they share. Types are the compiler's (build.mjs).
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

/**
 * A program that imports the library opens a dozen files instead of three hundred: it starts in half
 * the time, with less memory and fewer descriptors (docs/decisions/0010). What several doors need is
 * there once, so that a class is the same class whatever door it came through.
 * @param {string} folder the package's, absolute
 * @param {string} [outdir] default: its `dist`
 */
export async function bundle(folder, outdir = join(folder, "dist")) {
  removeOld(outdir);
  await build({
    entryPoints: entries(folder),
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: "shared/[name]-[hash]",
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20.19",
    sourcemap: true,
    // The sources are in the package.
    sourcesContent: false,
    logLevel: "warning",
  });
  for (const name of readdirSync(outdir, { recursive: true })) {
    if (name.endsWith(".js")) await lighten(join(outdir, name));
  }
}

/**
 * Empties the comments in a file; lines stay where they are, for the source map. The engine keeps the
 * text of every module in memory, and takes two bytes for each character as soon as one of them is
 * beyond U+00FF.
 * @param {string} path
 */
async function lighten(path) {
  const text = readFileSync(path, "utf8");
  const light = text.replace(/^[ \t]*(?:\/\*\*[^]*?\*\/|\/\/(?!#).*)$/gm, (comment) =>
    comment.replace(/.+/g, ""),
  );
  const [before, after] = await Promise.all([text, light].map(withoutComments));
  if (before !== after) throw new Error(`${path}: a comment was taken out that is none`);
  const wide = /[\u0100-\uffff]/.exec(light);
  if (wide !== null) {
    const line = light.slice(0, wide.index).split("\n").length;
    throw new Error(`${path}:${line}: "${wide[0]}" is to be written as an escape in code`);
  }
  writeFileSync(path, light);
}

/** What of a text is code, in one form. */
async function withoutComments(text) {
  return (await transform(text, { minifyWhitespace: true })).code;
}

/** What package.json promises, and the source of each. */
function entries(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const doors = Object.values(manifest.exports ?? {}).map((door) => door.default ?? door);
  const promised = [...doors, ...Object.values(manifest.bin ?? {})];
  return promised
    .filter((path) => path.endsWith(".js"))
    .map((path) => relative("dist", path).replace(/\.js$/, ""))
    .map((name) => ({ in: join(folder, "src", `${name}.ts`), out: name }));
}

function removeOld(outdir) {
  let names = [];
  try {
    names = readdirSync(outdir, { recursive: true });
  } catch {
    return; // Nothing was built yet.
  }
  for (const name of names) {
    if (/\.js(\.map)?$/.test(name)) rmSync(join(outdir, name));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(...process.argv.slice(2));
