import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "../run-cli.ts";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "disterl-cert-"));
});
afterEach(() => rmSync(home, { recursive: true }));

async function cert(place: string, ...argv: string[]): Promise<{ status: number; err: string }> {
  let err = "";
  const status = await runCli(["cert", ...argv, "--dir", join(home, place)], {
    stdout: () => {},
    stderr: (text) => void (err += text),
    env: {},
    colors: false,
    signal: new AbortController().signal,
    readStdin: () => Promise.resolve(""),
  });
  return { status, err };
}

const good = { status: 0, err: "" };

/** Puts a file of the other CA in the place of ours; gives what was there. */
function exchange(...parts: string[]): Buffer {
  const path = join(home, "ours", ...parts);
  const before = readFileSync(path);
  writeFileSync(path, readFileSync(join(home, "theirs", ...parts)));
  return before;
}

beforeEach(async () => {
  for (const place of ["ours", "theirs"]) {
    expect(await cert(place, "init", "--name", "cluster")).toEqual(good);
    const hosts = place === "ours" ? [] : ["--hosts", "bank.example"];
    expect(await cert(place, "node", "app@localhost", ...hosts)).toEqual(good);
  }
});

test("renew certifies the names of a certificate that was made here, and of no other one", async () => {
  const before = exchange("app@localhost", "cert.pem");
  const { status, err } = await cert("ours", "renew", "app@localhost");
  expect(status).not.toBe(0);
  expect(err).toMatch(/app@localhost\/cert\.pem is none that was made here/);
  writeFileSync(join(home, "ours", "app@localhost", "cert.pem"), before);
  expect(await cert("ours", "renew", "app@localhost")).toEqual(good);
});

test("a list of another CA is not gone on with: what was revoked would be valid again", async () => {
  const before = exchange("ca", "crl.pem");
  for (const argv of [
    ["revoke", "app@localhost"],
    ["renew", "crl"],
  ]) {
    const { status, err } = await cert("ours", ...argv);
    expect(status).not.toBe(0);
    expect(err).toMatch(/crl\.pem is not a list that the CA of .*ca\.pem has signed/);
  }
  writeFileSync(join(home, "ours", "ca", "crl.pem"), before);
  expect(await cert("ours", "revoke", "app@localhost")).toEqual(good);
});
