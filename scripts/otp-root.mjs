// node scripts/otp-root.mjs <27|29>: puts Erlang/OTP 27 (Debian trixie) or 29 (Debian sid) into a
// root of its own, beside the system: $DISTERL_OTP_ROOTS or ~/.cache/disterl, folder otp-<release>.
// Needs root (or sudo without password) and debootstrap, which it installs. Minutes the first time;
// nothing to do the second time. The Debian mirror is the one this machine's apt uses.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { rootCommand } from "./install.mjs";
import { captureCommand, hasProgram, runCommand } from "./run-command.mjs";

const SUITES = { 27: "trixie", 29: "sid" };
const PACKAGES = [
  "erlang-base",
  "erlang-crypto",
  "erlang-ssl",
  "erlang-syntax-tools",
  "erlang-tools",
  "erlang-runtime-tools",
];
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

const release = process.argv[2];
const suite = SUITES[release];
if (suite === undefined)
  stop(`usage: node scripts/otp-root.mjs <${Object.keys(SUITES).join("|")}>`);

const folder = join(rootsFolder(), `otp-${release}`);
const asRoot = rootCommand();
if (asRoot === undefined) stop("a root of its own needs chroot: run this as root, or with sudo -n");

if (existsSync(join(folder, "usr/lib/erlang/bin/erl")) && runningRelease() === release) {
  console.log(`OTP ${release} is ready in ${folder}`);
} else {
  await make();
}

async function make() {
  await needDebootstrap();
  const mirror = debianMirror();
  console.log(`Making a root with OTP ${release} (Debian ${suite} from ${mirror}) in ${folder}`);
  const keyring = existsSync(KEYRING) ? [`--keyring=${KEYRING}`] : [];
  if (!existsSync(join(folder, "usr/bin/apt-get")) || existsSync(join(folder, "debootstrap"))) {
    await must("mkdir", "-p", folder);
    await must("debootstrap", "--variant=minbase", ...keyring, suite, folder, mirror);
  }
  // The network is this machine's: names resolve, and apt goes out, as they do outside.
  for (const file of ["/etc/hosts", "/etc/resolv.conf"]) {
    if (existsSync(file)) await must("cp", "--remove-destination", "-L", file, join(folder, file));
  }
  for (const file of aptProxyFiles()) await must("cp", file, join(folder, "etc/apt/apt.conf.d/"));
  const apt = ["chroot", folder, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
  await must(...apt, "update", "-q");
  await must(...apt, "install", "-y", "-q", "--no-install-recommends", ...PACKAGES);
  await must(...apt, "clean");
  const found = runningRelease();
  if (found !== release) stop(`the erl in ${folder} says its release is ${found}, not ${release}`);
  console.log(`OTP ${release} is ready in ${folder}`);
}

async function needDebootstrap() {
  if (hasProgram("debootstrap") || existsSync("/usr/sbin/debootstrap")) return;
  if (!hasProgram("apt-get")) stop("debootstrap is missing, and there is no apt-get to install it");
  console.log("Installing debootstrap: apt-get install debootstrap");
  await run("apt-get", "update", "-q");
  await must("apt-get", "install", "-y", "-q", "--no-install-recommends", "debootstrap");
}

/** What the `erl` in the root says its release is; empty when it does not run. */
function runningRelease() {
  const ask = 'io:format("~s", [erlang:system_info(otp_release)]), halt().';
  const [command, ...args] = [...asRoot, "chroot", folder, "erl", "-noinput", "-eval", ask];
  return captureCommand(command, args).stdout.trim();
}

/** The first Debian mirror that apt is set up with here. */
function debianMirror() {
  const list = "/etc/apt/sources.list";
  const more = existsSync(`${list}.d`)
    ? readdirSync(`${list}.d`).map((name) => `${list}.d/${name}`)
    : [];
  for (const file of [...more, list]) {
    if (!/\.(list|sources)$/.test(file) || !existsSync(file)) continue;
    const lines = readFileSync(file, "utf8").split("\n");
    const uris = lines.flatMap((line) => {
      const found = /^URIs:\s*(.*)$/i.exec(line) ?? /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/.exec(line);
      return found?.[1]?.split(/\s+/) ?? [];
    });
    const mirror = uris.find((uri) => /^https?:\/\/.*\/debian\/?$/.test(uri));
    if (mirror !== undefined) return mirror;
  }
  return stop(
    "no mirror of Debian in /etc/apt/sources.list or /etc/apt/sources.list.d: name one there",
  );
}

/** apt's own files that say how to reach a mirror (proxies); they hold for the root as well. */
function aptProxyFiles() {
  const configuration = "/etc/apt/apt.conf.d";
  if (!existsSync(configuration)) return [];
  return readdirSync(configuration)
    .map((name) => join(configuration, name))
    .filter((file) => /^\s*Acquire::https?::Proxy/im.test(readFileSync(file, "utf8")));
}

function rootsFolder() {
  const own = process.env["DISTERL_OTP_ROOTS"];
  return own || join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "disterl");
}

function run(...words) {
  const [command, ...args] = [...asRoot, ...words];
  return runCommand(command, args, { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` });
}

async function must(...words) {
  const code = await run(...words);
  if (code !== 0) stop(`${words.slice(0, 2).join(" ")} … ended with ${code}`);
}

function stop(message) {
  console.error(`otp-root: ${message}`);
  process.exit(1);
}
