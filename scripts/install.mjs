import { existsSync, readFileSync } from "node:fs";
import { captureCommand, hasProgram, npm, root, runCommand } from "./run-command.mjs";

/** What of Erlang and Elixir the checks use, as Debian and Ubuntu name it. */
const ERLANG_PACKAGES = [
  "erlang-base",
  "erlang-crypto",
  "erlang-ssl",
  "erlang-syntax-tools",
  "erlang-tools",
  "erlang-runtime-tools",
  "elixir",
];

/**
 * Installs the npm packages of the lock when `node_modules` does not hold them.
 * @returns {Promise<boolean>} whether they are there
 */
export async function installPackages({ quiet = false } = {}) {
  const why = packagesMissing();
  if (why === undefined) return true;
  console.log(`Installing npm packages (npm ci): ${why}`);
  if (await runNpm(["ci", "--no-audit", "--no-fund"], quiet)) return true;
  // A registry that lacks packages for other systems makes npm ci refuse the lock.
  console.log(
    "npm ci failed. Trying npm install, with the versions of the lock, without changing it",
  );
  return runNpm(["install", "--no-save", "--no-audit", "--no-fund"], quiet);
}

async function runNpm(words, quiet) {
  const [command, args] = npm(...words);
  if (!quiet) return (await runCommand(command, args)) === 0;
  const { code, output } = captureCommand(command, args);
  if (code !== 0) console.log(output);
  return code === 0;
}

/** Why `node_modules` is not what the lock says; `undefined` when it is. */
function packagesMissing() {
  const lock = readLock(`${root}package-lock.json`);
  const installed = readLock(`${root}node_modules/.package-lock.json`);
  if (installed === undefined) return "node_modules is missing";
  for (const [path, wanted] of Object.entries(lock ?? {})) {
    if (!path.startsWith("node_modules/") || wanted.link === true || wanted.optional === true)
      continue;
    const version = installed[path]?.version;
    if (version !== wanted.version || !existsSync(`${root}${path}`)) {
      return `${path.slice("node_modules/".length)} is ${version ?? "missing"}, the lock says ${wanted.version}`;
    }
  }
  return undefined;
}

function readLock(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).packages : undefined;
}

/**
 * Installs Erlang and Elixir with the system's package manager where `erl` is missing and that is
 * possible without asking: apt-get, as root or with a sudo that needs no password. Says what it does,
 * or what to do by hand. `DISTERL_INSTALL=0` leaves the system alone.
 * @returns {Promise<boolean>} whether `erl` is there
 */
export async function installErlang() {
  if (hasProgram("erl")) return true;
  const byHand = `To test against Erlang install it, for instance: apt-get install ${ERLANG_PACKAGES.join(" ")}`;
  if (process.env["DISTERL_INSTALL"] === "0") {
    console.log(`Erlang is not installed, and DISTERL_INSTALL=0 says to leave it so. ${byHand}`);
    return false;
  }
  const asRoot = rootCommand();
  if (!hasProgram("apt-get") || asRoot === undefined) {
    console.log(`Erlang is not installed, and this script cannot install it here. ${byHand}`);
    return false;
  }
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...ERLANG_PACKAGES];
  console.log(`Erlang is not installed. Installing it: ${[...asRoot, ...install].join(" ")}`);
  await runArguments([...asRoot, "apt-get", "update", "-q"], env);
  const code = await runArguments([...asRoot, ...install], env);
  if (code !== 0) console.log(`apt-get ended with ${code}. ${byHand}`);
  return hasProgram("erl");
}

function runArguments([command, ...args], env) {
  return runCommand(command, args, env);
}

/** What to put before a command that needs root; `undefined` when we cannot become root unasked. */
export function rootCommand() {
  if (process.getuid?.() === 0) return [];
  if (captureCommand("sudo", ["-n", "true"]).code === 0) return ["sudo", "-n"];
  return undefined;
}
