import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Atom } from "../term/atom.ts";
import { ExternalFun } from "../term/fun.ts";
import { isTuple } from "../term/tuple.ts";
import { type ErlFlags, valuesOf } from "./erl-flags.ts";
import { FlagError } from "./errors.ts";
import { builtInDiscoveries, type FlagDiscovery } from "./flag-discoveries.ts";
import { kernelParameters } from "./kernel-parameters.ts";
import type { FlagCarrier } from "./proto-dist.ts";
import { sslDistOpt } from "./ssl-dist-opt.ts";
import { readSslDistOptfile } from "./ssl-dist-optfile.ts";

/** Modules of JavaScript that a command line names: for `startOptionsFromFlags`. */
export interface FlagModules {
  /** All exports, by the name of the module: for `verify_fun`. */
  readonly modules: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Default exports of those that `-proto_dist` names. */
  readonly carriers: Readonly<Record<string, FlagCarrier>>;
  /** Default exports of those that `-epmd_module` names. */
  readonly discoveries: Readonly<Record<string, FlagDiscovery>>;
}

/** Options of {@link importFlagModules}. */
export interface ImportFlagModulesOptions {
  /** What relative folders of `-pa` begin at. Default: the working directory. */
  readonly from?: string | undefined;
}

/** In this order. */
const ENDINGS = [".mjs", ".js"];

/**
 * Imports the modules that a command line names, by `-epmd_module`, `-proto_dist` and the `verify_fun` of
 * TLS options, from the folders that it names by Erlang's `-pa Dir` and `-pz Dir`: `Dir/Module.mjs`, else
 * `Dir/Module.js`. For programs that are to be extended from the command line:
 *
 *     const flags = parseErlFlags(process.argv.slice(2));
 *     const { options } = startOptionsFromFlags(flags, await importFlagModules(flags));
 *
 * The default export of a module is the discovery or the carrier, or a function that makes it; that of a
 * discovery is called with `DiscoveryParameters`. A name that no folder has is left out: it may be one of
 * the library's, and `startOptionsFromFlags` knows. Without `-pa` nothing is imported: who can set these
 * flags can run code in this process.
 *
 * @throws FlagError `ERR_FLAG_FILE` for a module that cannot be imported, `ERR_FLAG_VALUE` for one that has no
 *   default export and needs one, and what `startOptionsFromFlags` says of flags that cannot be read.
 */
export async function importFlagModules(
  parsed: ErlFlags,
  options: ImportFlagModulesOptions = {},
): Promise<FlagModules> {
  const unknown = Object.keys(options).find((name) => name !== "from");
  if (unknown !== undefined) throw new TypeError(`importFlagModules has no option "${unknown}"`);
  const { from = process.cwd() } = options;
  const { flags } = parsed;
  const folders = [...valuesOf(flags, "pa"), ...valuesOf(flags, "pz")]
    .flat()
    .map((folder) => resolve(from, folder));
  const modules: Record<string, Readonly<Record<string, unknown>>> = {};
  const carriers: Record<string, FlagCarrier> = {};
  const discoveries: Record<string, FlagDiscovery> = {};
  if (folders.length === 0) return { modules, carriers, discoveries };
  for (const name of verifyModules(parsed)) {
    const found = await importModule(name, folders);
    if (found !== undefined) modules[name] = found;
  }
  for (const name of valuesOf(flags, "proto_dist").slice(-1).flat()) {
    const made = defaultExport(name, await importModule(name, folders), "a carrier");
    if (made !== undefined) carriers[name] = made as FlagCarrier;
  }
  for (const name of discoveryModules(parsed)) {
    const made = defaultExport(name, await importModule(name, folders), "a discovery");
    if (made !== undefined) discoveries[name] = made as FlagDiscovery;
  }
  return { modules, carriers, discoveries };
}

function discoveryModules(parsed: ErlFlags): string[] {
  const given = kernelParameters(parsed).get("epmd_module")?.value;
  const names = valuesOf(parsed.flags, "epmd_module").slice(-1).flat();
  if (given instanceof Atom) names.push(given.text);
  return names.filter((name) => !builtInDiscoveries.includes(name));
}

/** Modules of the functions `{fun Module:Name/3, State}` of files, `{Module, Name, State}` of flags. */
function verifyModules({ flags }: ErlFlags): Set<string> {
  const files = valuesOf(flags, "ssl_dist_optfile").flat();
  const given = [
    ...sslDistOpt(valuesOf(flags, "ssl_dist_opt").flat()),
    ...files.flatMap((file) => readSslDistOptfile(file)),
  ];
  const names = new Set<string>();
  for (const { name, value } of given) {
    const [fun] = name === "verify_fun" && isTuple(value) ? value : [];
    const module = fun instanceof ExternalFun ? fun.module : fun;
    if (module instanceof Atom) names.add(module.text);
  }
  return names;
}

async function importModule(
  name: string,
  folders: readonly string[],
): Promise<Readonly<Record<string, unknown>> | undefined> {
  // A name, not a path that leads out of the folders.
  if (!/^\w[\w.-]*$/u.test(name)) return undefined;
  const path = folders
    .flatMap((folder) => ENDINGS.map((ending) => join(folder, `${name}${ending}`)))
    .find(isFile);
  if (path === undefined) return undefined;
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `the module ${path} cannot be imported: ${why}`;
    throw new FlagError("ERR_FLAG_FILE", "-pa", message, cause);
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch (cause) {
    // An archive, for one, which Erlang looks into.
    if (cause instanceof Error && "code" in cause && cause.code === "ENOTDIR") return false;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FlagError("ERR_FLAG_FILE", "-pa", `${path} cannot be looked for: ${why}`, cause);
  }
}

function defaultExport(
  name: string,
  exports: Readonly<Record<string, unknown>> | undefined,
  what: string,
): unknown {
  if (exports === undefined) return undefined;
  const found = exports["default"];
  if (typeof found === "function" || (typeof found === "object" && found !== null)) return found;
  const message = `the module ${name} has no default export that is ${what}`;
  throw new FlagError("ERR_FLAG_VALUE", "-pa", message);
}
