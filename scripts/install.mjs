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

/** Servers that the checks run against, each with a file of its package, as Debian and Ubuntu have it. */
const SERVERS = {
  "rabbitmq-server": "/usr/lib/rabbitmq/bin/rabbitmq-server",
  ejabberd: "/usr/sbin/ejabberdctl",
  "erlang-jinterface": "/usr/share/doc/erlang-jinterface",
  "erlang-examples": "/usr/share/doc/erlang-examples",
};

/**
 * Installs packages without starting the services in them, now or when the machine starts next:
 * /usr/sbin/policy-rc.d says so (101) while it runs; one that was there before is put back.
 */
const INSTALL_SERVERS = `
  policy=/usr/sbin/policy-rc.d
  there() { [ -e "$1" ] || [ -L "$1" ]; }
  restore() {
    rm -f $policy
    if there $policy.before; then mv $policy.before $policy; fi
  }
  if there $policy && ! there $policy.before; then mv $policy $policy.before; fi
  trap restore EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\\nexit 101\\n' >$policy && chmod 755 $policy || exit 1
  apt-get install -y --no-install-recommends "$@" || exit
  for service; do update-rc.d "$service" disable; done`;

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
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...ERLANG_PACKAGES];
  await aptInstall("Erlang", ERLANG_PACKAGES, install);
  return hasProgram("erl");
}

/**
 * As {@link installErlang}, for what else the checks run against: RabbitMQ, ejabberd, Jinterface (with
 * a JDK only where its test must not be skipped), the examples of OTP, and for root `ip`, which cuts network cables. Where
 * they cannot be installed, their tests say so.
 */
export async function installServers() {
  const missing = Object.keys(SERVERS).filter((name) => !existsSync(SERVERS[name]));
  if (!hasProgram("javac") && process.env["REQUIRE_OTP"] === "1")
    missing.push("default-jdk-headless");
  if (!hasProgram("ip") && process.getuid?.() === 0) missing.unshift("iproute2");
  if (!hasProgram("openssl")) missing.unshift("openssl");
  if (missing.length === 0 || !hasProgram("erl")) return;
  const without = "without starting them: a policy-rc.d for as long as it takes, then disabled";
  const install = ["sh", "-c", INSTALL_SERVERS, "sh", ...missing];
  await aptInstall(missing.join(" and "), missing, install, `${without}. `);
}

async function aptInstall(what, packages, install, note = "") {
  const byHand = `To test against ${what} install: apt-get install ${packages.join(" ")}`;
  const asRoot = rootCommand();
  if (process.env["DISTERL_INSTALL"] === "0") {
    console.log(`${what}: not installed, and DISTERL_INSTALL=0 says to leave it so. ${byHand}`);
  } else if (!hasProgram("apt-get") || asRoot === undefined) {
    console.log(`${what}: not installed, and this script cannot install it here. ${byHand}`);
  } else {
    const words = ["apt-get", "install", "-y", "--no-install-recommends", ...packages].join(" ");
    console.log(`${what}: not installed. Installing, ${note}${[...asRoot, words].join(" ")}`);
    const quietly = [...asRoot, "env", "DEBIAN_FRONTEND=noninteractive"];
    await runArguments([...quietly, "apt-get", "update", "-q"]);
    const code = await runArguments([...quietly, ...install]);
    if (code !== 0) console.log(`apt-get ended with ${code}. ${byHand}`);
  }
}

function runArguments([command, ...args]) {
  return runCommand(command, args);
}

/** What to put before a command that needs root; `undefined` when we cannot become root unasked. */
export function rootCommand() {
  if (process.getuid?.() === 0) return [];
  if (captureCommand("sudo", ["-n", "true"]).code === 0) return ["sudo", "-n"];
  return undefined;
}
