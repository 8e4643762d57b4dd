import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { TestingError } from "./errors.ts";

/** One Erlang/OTP on this machine. */
export interface OtpRelease {
  /** As `erlang:system_info(otp_release)` says: `"25"`. */
  readonly release: string;
  /** With its patches, where it is known: `"25.2.3"`. */
  readonly version: string;
  /** Folder of the root of its own that it lives in; `undefined`: the machine's own `erl`. */
  readonly root: string | undefined;
  /** Whether `elixir` is installed beside it. */
  readonly elixir: boolean;
}

/** A program and its arguments, as `spawn` takes them. */
export interface ProgramCall {
  readonly file: string;
  readonly args: readonly string[];
}

/** What is older counts as not there: we do not speak with it. */
const OLDEST = 25;

let found: readonly OtpRelease[] | undefined;

/**
 * The Erlang/OTP releases of this machine from 25 on, oldest first, one entry per release: the `erl` in the
 * path, and the roots `otp-*` that `scripts/otp-root.mjs` makes in `$DISTERL_OTP_ROOTS` (default
 * `~/.cache/disterl`). A root is entered with `chroot`, so it counts only when we are root.
 * `$DISTERL_OTP` (`25,27`) narrows the list. Looked up once per process.
 */
export function otpReleases(): readonly OtpRelease[] {
  found ??= findReleases();
  return found;
}

function findReleases(): OtpRelease[] {
  const byRelease = new Map<string, OtpRelease>();
  for (const otp of [machineRelease(), ...rootReleases()]) {
    if (otp !== undefined && !byRelease.has(otp.release)) byRelease.set(otp.release, otp);
  }
  const wanted = wantedReleases();
  return [...byRelease.values()]
    .filter((otp) => Number(otp.release) >= OLDEST)
    .filter((otp) => wanted === undefined || wanted.includes(otp.release))
    .sort((a, b) => Number(a.release) - Number(b.release));
}

/** The releases that `$DISTERL_OTP` asks for; `undefined`: whatever is there. */
export function wantedReleases(): readonly string[] | undefined {
  const wanted = (process.env["DISTERL_OTP"] ?? "").split(/[\s,]+/).filter((word) => word !== "");
  return wanted.length === 0 ? undefined : wanted;
}

const ASK = 'io:format("~s ~ts", [erlang:system_info(otp_release), code:root_dir()]), halt().';

function machineRelease(): OtpRelease | undefined {
  const asked = spawnSync("erl", ["-noinput", "-boot", "start_clean", "-eval", ASK], {
    encoding: "utf8",
    timeout: 30_000,
  });
  const answer = /^(\d+) (.+)$/m.exec(asked.stdout ?? "");
  if (asked.status !== 0 || answer?.[1] === undefined || answer[2] === undefined) return undefined;
  const folders = (process.env["PATH"] ?? "").split(":");
  return {
    release: answer[1],
    version: patchedVersion(answer[2], answer[1]),
    root: undefined,
    elixir: folders.some((folder) => folder !== "" && existsSync(join(folder, "elixir"))),
  };
}

function rootReleases(): OtpRelease[] {
  if (process.getuid?.() !== 0) return [];
  const folder = otpRootsFolder();
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.startsWith("otp-"))
    .flatMap((name) => rootRelease(join(folder, name)) ?? []);
}

function rootRelease(root: string): OtpRelease | undefined {
  const erlang = join(root, "usr/lib/erlang");
  const releases = join(erlang, "releases");
  if (!existsSync(join(erlang, "bin/erl")) || !existsSync(releases)) return undefined;
  const release = readdirSync(releases).find((name) => /^\d+$/.test(name));
  if (release === undefined) return undefined;
  const elixir = existsSync(join(root, "usr/bin/elixir"));
  return { release, version: patchedVersion(erlang, release), root, elixir };
}

function patchedVersion(erlangRoot: string, release: string): string {
  const file = join(erlangRoot, "releases", release, "OTP_VERSION");
  return existsSync(file) ? readFileSync(file, "utf8").trim() : release;
}

/** Where the roots of their own are: `$DISTERL_OTP_ROOTS`, else `disterl` in the user's cache. */
export function otpRootsFolder(): string {
  const own = process.env["DISTERL_OTP_ROOTS"];
  if (own !== undefined && own !== "") return own;
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "disterl");
}

/** How to call a program (`erl`, `epmd`, `erl_call`, `elixir`) of a release. */
export function otpProgram(
  otp: OtpRelease,
  program: string,
  args: readonly string[] = [],
): ProgramCall {
  if (otp.root === undefined) return { file: program, args };
  return { file: "chroot", args: [otp.root, program, ...args] };
}

/**
 * The release asked for, or any; `undefined` when this machine does not have it.
 *
 * A missing release is said aloud: `SKIPPED: <what> (<how to get it>)`. Under `REQUIRE_OTP=1` it is
 * an error instead, so that a test run cannot be green for want of a peer.
 * @throws TestingError ERR_TESTING_OTP_MISSING under `REQUIRE_OTP=1`.
 */
export function requireOtp(release?: string): OtpRelease | undefined {
  const releases = otpReleases();
  const otp = release === undefined ? releases[0] : releases.find((one) => one.release === release);
  if (otp !== undefined) return otp;
  const message = missingOtp(release);
  if (process.env["REQUIRE_OTP"] === "1") {
    throw new TestingError("ERR_TESTING_OTP_MISSING", `${message}, and REQUIRE_OTP=1 is set`);
  }
  console.log(`SKIPPED: ${message}`);
  return undefined;
}

/** What is missing, and how to get it. */
export function missingOtp(release?: string): string {
  const what = release === undefined ? "Erlang/OTP" : `Erlang/OTP ${release}`;
  const how =
    release === "27" || release === "29"
      ? `node scripts/otp-root.mjs ${release}, as root`
      : "install erlang, for instance: apt-get install erlang-base erlang-crypto erlang-tools";
  return `${what} is not installed (${how})`;
}
