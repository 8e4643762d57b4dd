import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type CommandRun, disterl } from "../interop/run-disterl.ts";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "disterl-cert-"));
});
afterEach(() => rmSync(home, { recursive: true }));

const file = (...parts: string[]): string => join(home, "certs", ...parts);
const run = (argv: readonly string[]): Promise<CommandRun> => disterl(argv, {});
const cert = (argv: readonly string[]): Promise<CommandRun> =>
  run(["cert", ...argv, "--dir", file()]);

async function done(...argv: string[]): Promise<void> {
  expect(await cert(argv)).toMatchObject({ status: 0, err: "" });
}

test.each([
  ["--passphrase", "hunter2hunter2"],
  ["--passphrase=hunter2hunter2"],
  ["-passin", "pass:hunter2hunter2"],
])("a passphrase in the arguments is refused: %s", async (...words) => {
  const { status, err } = await cert(["init", ...words]);
  expect(status).toBe(2);
  expect(err).toContain("--passphrase-file");
  expect(err).not.toContain("hunter2");
});

test.each([
  [["cert"], "Usage"],
  [["cert", "nonsense"], "nonsense"],
  [["cert", "node"], "node"],
  [["cert", "node", "app"], "name@host"],
  [["cert", "node", "app@../.."], "no certificate can name"],
  [["cert", "node", "\u00e4pp@host"], "a-z"],
  [["cert", "node", "app@host", "--hosts", "a,b/c"], "b/c"],
  [["cert", "init", "--key", "rsa1024"], "too weak"],
  [["cert", "init", "--key", "toString"], "expected one of p256"],
  [["cert", "init", "--days", "0"], "days"],
  [["cert", "init", "--from", "tomorrow"], "2030-01-31"],
  [["cert", "init", "--name", "a,CN=b"], "--name takes"],
  [["cert", "revoke", "everything"], "serial number"],
  [["cert", "revoke", "a@h", "--reason", "because"], "keyCompromise"],
  [["cert", "verify", "ca"], "a node or a file"],
])("a wrong command line %j ends with status 2", async (argv, part) => {
  const dir = argv.length > 1 ? ["--dir", file()] : [];
  const { status, out, err } = await run([...argv, ...dir]);
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(err).toContain(part);
  expect(existsSync(file())).toBe(false);
});

test("without a CA, with half a CA or with another's key, the remedy is told", async () => {
  for (const argv of [
    ["node", "a@localhost"],
    ["show"],
    ["verify"],
    ["revoke", "a@localhost"],
    ["renew", "ca"],
  ]) {
    const { status, err } = await cert(argv);
    expect(status).toBe(1);
    expect(err).toMatch(/^disterl: certificate: .*\n {2}disterl cert init/);
  }
  await done("init");
  const crl = readFileSync(file("ca", "crl.pem"));
  rmSync(file("ca", "crl.pem"));
  expect((await cert(["revoke", "aa"])).err).toContain("valid again");
  writeFileSync(file("ca", "crl.pem"), crl);
  const other = join(home, "other");
  await run(["cert", "init", "--dir", other]);
  writeFileSync(file("ca", "key.pem"), readFileSync(join(other, "ca", "key.pem")));
  expect((await cert(["node", "a@localhost"])).err).toContain("is not the key of");
  writeFileSync(file("ca", "lock"), "1\n");
  expect((await cert(["node", "a@localhost"])).err).toMatch(/when none runs, remove .*lock/);
});

test("files of others: garbage, escapes and sizes are named, and do no harm", async () => {
  const path = join(home, "x.pem");
  const show = async (text: string): Promise<CommandRun> => {
    writeFileSync(path, text);
    return run(["cert", "show", path]);
  };
  expect((await show("hello")).err).toContain("holds no certificate");
  const garbage = await show("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
  expect(garbage).toMatchObject({ status: 1, out: "" });
  expect(garbage.err).toContain("the PEM block 1 (CERTIFICATE) cannot be read");
  expect((await show("x".repeat(5 * 1024 * 1024))).err).toContain("at most");
  expect((await run(["cert", "show", home])).err).toContain("is no file");
  expect((await run(["cert", "show", join(home, "none")])).err).toContain("there is no");
});

test("what a certificate of others says cannot drive the terminal", async () => {
  const path = join(home, "x.pem");
  const made = spawnSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-keyout", join(home, "key"), "-out", path, "-utf8"],
      ...["-subj", "/CN=\u001b[2Jx\u202e"],
    ],
    { encoding: "utf8" },
  );
  expect(made.status).toBe(0);
  for (const argv of [
    ["show", path],
    ["verify", path, "--ca", path],
    ["show", path, "--json"],
  ]) {
    const { out, err } = await run(["cert", ...argv]);
    expect(out).toContain("2Jx");
    expect(out + err).not.toContain("\u001b");
    expect(out + err).not.toContain("\u202e");
  }
});
