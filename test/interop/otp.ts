import { existsSync } from "node:fs";
import { missingOtp, type OtpRelease, otpReleases, wantedReleases } from "disterl/testing";
import { describe, test } from "vitest";

/** Who opens the connection in a test; with the release and the feature it makes the test's name. */
export type Direction = "we dial" | "Erlang dials" | "both ways" | "the harness";

/** Names a test `[release] [direction] feature`, which is what `npm run test:otp` reads. */
export type OtpTest = (
  direction: Direction,
  feature: string,
  body: () => unknown,
  timeoutMs?: number,
) => void;

/** How the tests of a file run. */
export interface OtpTestOptions {
  /** All at once, those of all releases: for tests that mostly wait. */
  readonly concurrent?: boolean;
  /** What these tests need and this machine has not, and how to get it: they are skipped, aloud. */
  readonly missing?: string | undefined;
}

/**
 * Runs the tests that `body` defines once for each Erlang/OTP found; for each one asked for by
 * `$DISTERL_OTP` when that is set. A missing one is said aloud and its tests count as skipped;
 * under `REQUIRE_OTP=1` it is a failure.
 */
export function forEachOtp(
  body: (otp: OtpRelease, otpTest: OtpTest) => void,
  options: OtpTestOptions = {},
): void {
  if (options.missing !== undefined) return describeWithout("none", options.missing, body);
  const found = otpReleases();
  const wanted = wantedReleases() ?? (found.length === 0 ? [undefined] : []);
  for (const otp of found) describeRelease(otp, body, options);
  for (const release of wanted) {
    if (!found.some((otp) => otp.release === release)) describeMissing(release, body);
  }
}

/** As {@link forEachOtp}, for the releases that have Elixir: one of them has to. */
export function forEachElixir(body: (otp: OtpRelease, otpTest: OtpTest) => void): void {
  const found = otpReleases().filter((otp) => otp.elixir);
  for (const otp of found) describeRelease(otp, body);
  if (found.length === 0) describeMissing("with Elixir", body);
}

/**
 * As {@link forEachOtp}, once, for a server that runs on the machine's own Erlang/OTP. `program` is a
 * file of the package of that name.
 */
export function forServer(
  aptPackage: string,
  program: string,
  body: (otp: OtpRelease, otpTest: OtpTest) => void,
): void {
  const otp = otpReleases().find(({ root }) => root === undefined);
  if (otp === undefined && wantedReleases() !== undefined) {
    console.log(`SKIPPED: ${aptPackage}: DISTERL_OTP leaves out the Erlang/OTP it runs on`);
    describeSkipped(aptPackage, body);
  } else if (!existsSync(program)) {
    const how = `install it, for instance: apt-get install ${aptPackage}`;
    describeWithout(aptPackage, `${aptPackage} is not installed (${how})`, body);
  } else if (otp === undefined) {
    describeMissing(undefined, body);
  } else {
    describeRelease(otp, body);
  }
}

function describeRelease(
  otp: OtpRelease,
  body: (otp: OtpRelease, otpTest: OtpTest) => void,
  { concurrent = false }: OtpTestOptions = {},
): void {
  const describeAll = concurrent ? describe.concurrent : describe;
  describeAll(`OTP ${otp.release}`, () => body(otp, namedTest(otp.release)));
}

function describeMissing(
  release: string | undefined,
  body: (otp: OtpRelease, otpTest: OtpTest) => void,
): void {
  describeWithout(release ?? "none", missingOtp(release), body);
}

function describeWithout(
  name: string,
  what: string,
  body: (otp: OtpRelease, otpTest: OtpTest) => void,
): void {
  if (process.env["REQUIRE_OTP"] === "1") {
    test(`[${name}] something to test with`, () => {
      throw new Error(`${what}, and REQUIRE_OTP=1 is set`);
    });
    return;
  }
  console.log(`SKIPPED: ${what}`);
  describeSkipped(name, body);
}

function describeSkipped(name: string, body: (otp: OtpRelease, otpTest: OtpTest) => void): void {
  const nobody = { release: name, version: name, root: undefined, elixir: false };
  describe.skipIf(true)(`OTP ${name}`, () => body(nobody, namedTest(name)));
}

function namedTest(release: string): OtpTest {
  return (direction, feature, body, timeoutMs) => {
    test(`[${release}] [${direction}] ${feature}`, async () => void (await body()), timeoutMs);
  };
}
