import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { forEachOtp } from "./otp.ts";
import {
  type Attempt,
  type Look,
  MatrixFiles,
  MatrixNodes,
  type Verdict,
} from "./tls-matrix-setup.ts";

/** One row of the table in docs/tls-verdicts.md. */
interface Row {
  readonly certificate: string;
  readonly shownBy: "server" | "client";
  readonly look: Look;
}

const LOOKS: Readonly<Record<Row["shownBy"], readonly Look[]>> = {
  server: ["verify_peer", "verify_none"],
  client: ["verify_peer", "fail_if_no_peer_cert false", "verify_none"],
};

const LISTS = ["crl_check", "crl_check peer", "crl_check best_effort"] as const;

/** What there is to try: a node shows the certificate, and the other one looks at it so. */
function rowsOf(files: MatrixFiles): Row[] {
  return [...files.kinds.keys()].flatMap((certificate) =>
    (["server", "client"] as const).flatMap((shownBy) => {
      const looks = LOOKS[shownBy];
      const all: readonly Look[] = /^(right|revoked)/.test(certificate)
        ? [...looks, ...LISTS]
        : looks;
      return all.map((look) => ({ certificate, shownBy, look }));
    }),
  );
}

function attemptOf(files: MatrixFiles, row: Row, version: Attempt["version"]): Attempt {
  const { certificate, shownBy, look } = row;
  const odd = files.kinds.get(certificate) ?? files.right;
  return shownBy === "server"
    ? { version, server: odd, client: files.right, serverLooks: "verify_peer", clientLooks: look }
    : { version, server: files.right, client: odd, serverLooks: look, clientLooks: "verify_peer" };
}

/** `in`, `out`, or `in 1.2, out 1.3`. */
function both(old: Verdict, current: Verdict): string {
  return old === current ? old : `${old} 1.2, ${current} 1.3`;
}

const page = new URL("../../docs/tls-verdicts.md", import.meta.url);
const table = readFileSync(page, "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| certificate"))
  .map((line) =>
    line
      .split("|")
      .map((cell) => cell.trim())
      .slice(1, -1),
  );

const COLUMNS: Readonly<Record<string, number>> = { 25: 4, 27: 5, 29: 6 };

/** The line of the table, as the test writes it. */
function expectedOf(name: string, release: string): string {
  const cells = table.find((line) => line.slice(0, 3).join(" | ") === name);
  if (cells === undefined) return `${name} is not in the table`;
  const otp = cells[COLUMNS[release] ?? 6];
  const shown = cells[7] === "as OTP" ? otp : cells[7];
  return `${name}: ours ${cells[3]}, OTP ${otp}, shown by us ${shown}`;
}

test("the table says why wherever it differs from OTP, and nowhere else", () => {
  expect(table.length).toBeGreaterThan(80);
  for (const [, , , ours, old, middle, current, shown, why] of table) {
    const differs = [old, middle, current].some((otp) => otp !== ours) || shown !== "as OTP";
    expect(why !== "").toBe(differs);
  }
});

forEachOtp((release, otpTest) => {
  otpTest(
    "both ways",
    "certificates of all kinds, shown by and to Erlang, and Erlang to Erlang, are the table",
    async () => {
      using files = new MatrixFiles(release);
      await using nodes = await MatrixNodes.start(release, files);
      const found: string[] = [];
      const expected: string[] = [];
      for (const row of rowsOf(files)) {
        const old = attemptOf(files, row, "tlsv1.2");
        const current = attemptOf(files, row, "tlsv1.3");
        const dialsUs = (attempt: Attempt) => nodes.otpDialsUs(attempt);
        const weDial = (attempt: Attempt) => nodes.weDialOtp(attempt);
        const [look, show] = row.shownBy === "server" ? [weDial, dialsUs] : [dialsUs, weDial];
        const ours = both(await look(old), await look(current));
        const shown = both(await show(old), await show(current));
        const otp = both(await nodes.otpDialsOtp(old), await nodes.otpDialsOtp(current));
        const name = `${row.certificate} | ${row.shownBy} | ${row.look}`;
        found.push(`${name}: ours ${ours}, OTP ${otp}, shown by us ${shown}`);
        expected.push(expectedOf(name, release.release));
      }
      expect(found).toEqual(expected);
    },
    600_000,
  );
});
