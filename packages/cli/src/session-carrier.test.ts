import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CliFailure } from "./cli-failure.ts";
import type { CliIo } from "./cli-io.ts";
import { runCli } from "./run-cli.ts";
import { certifiedHost, type SessionCarrier, sessionCarrier } from "./session-carrier.ts";

const folder = mkdtempSync(join(tmpdir(), "disterl-carrier-"));
afterAll(() => rmSync(folder, { recursive: true }));
const optfile = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const working = optfile(
  "ssl.conf",
  `[{server, [{certfile, "node.pem"}]},
    {client, [{certfile, "node.pem"}, {cacertfile, "ca.pem"}, {verify, verify_peer}]}].`,
);

function io(told: string[] = []): CliIo {
  const stderr = (text: string): void => void told.push(text);
  const none = { stdout: () => {}, readStdin: () => Promise.resolve("") };
  return { ...none, stderr, env: {}, colors: false, signal: new AbortController().signal };
}

function failure(values: Record<string, string>): CliFailure {
  try {
    sessionCarrier(values, io());
  } catch (error) {
    if (error instanceof CliFailure) return error;
    throw error;
  }
  throw new Error("it was taken");
}

test("without options: TCP over IPv4; --proto-dist says otherwise", () => {
  expect(sessionCarrier({}, io())).toEqual({});
  expect(sessionCarrier({ protoDist: "inet6_tcp" }, io())).toMatchObject({
    carrier: { name: "inet6_tcp" },
  });
});

test("--tls-…: TLS, and only the side that dials needs files", () => {
  const files = { tlsCacertfile: "ca.pem", tlsCertfile: "me.pem", tlsKeyfile: "me.key" };
  const client = { cacertfile: "ca.pem", certfile: "me.pem", keyfile: "me.key" };
  expect(sessionCarrier(files, io())).toEqual({ tls: { family: "inet", client } });
  expect(sessionCarrier({ ...files, protoDist: "inet6_tls" }, io())).toEqual({
    tls: { family: "inet6", client },
  });
  expect(sessionCarrier({ tlsCacertfile: "ca.pem" }, io())).toEqual({
    tls: { family: "inet", client: { cacertfile: "ca.pem" } },
  });
});

test("--ssl-dist-optfile: TLS as the file says, over IPv6 when asked; its warnings are told", () => {
  const told: string[] = [];
  const { tls } = sessionCarrier({ sslDistOptfile: working }, io(told));
  expect(tls?.client).toMatchObject({ certfile: "node.pem", cacertfile: "ca.pem" });
  const over = sessionCarrier({ sslDistOptfile: working, protoDist: "inet6_tls" }, io());
  expect(over.tls?.family).toBe("inet6");
  const twice = '[{client, [{cacertfile, "ca.pem"}, {cacertfile, "b.pem"}]}, {server, []}].';
  sessionCarrier({ sslDistOptfile: optfile("twice.conf", twice) }, io(told));
  expect(told.join("")).toMatch(/^disterl: warning: .*cacertfile.*more than once/);
});

test.each<[Record<string, string>, RegExp]>([
  [{ tlsCertfile: "me.pem" }, /needs --tls-cacertfile/],
  [{ protoDist: "inet_tls" }, /needs --ssl-dist-optfile, or --tls-cacertfile/],
  [{ protoDist: "inet_tcp", tlsCacertfile: "ca.pem" }, /no use for options of TLS/],
  [{ protoDist: "inet6_tcp", sslDistOptfile: "ssl.conf" }, /no use for options of TLS/],
  [{ sslDistOptfile: "ssl.conf", tlsCertfile: "me.pem" }, /choose one/],
])("what contradicts itself: %o", (values, text) => {
  const found = failure(values);
  expect(found).toMatchObject({ exitCode: 2, code: "ERR_CLI_TLS_OPTIONS" });
  expect(found.message).toMatch(text);
});

test("a file of options that is of no use: status 2, with its line", () => {
  const missing = failure({ sslDistOptfile: join(folder, "no.conf") });
  expect(missing).toMatchObject({ exitCode: 2, layer: "tls", code: "ERR_FLAG_FILE" });
  const unknown = optfile("bad.conf", "[{client, [\n  {verfy, verify_peer}]}].");
  expect(failure({ sslDistOptfile: unknown }).message).toMatch(/verfy/);
});

test("the host to go by is one of our certificate, if there is one", () => {
  const none: SessionCarrier = {};
  expect(certifiedHost(none, () => true)).toBeUndefined();
  const unreadable = { tls: { client: { certfile: join(folder, "no.pem") } } };
  expect(certifiedHost(unreadable, () => true)).toBeUndefined();
});

test("--proto-dist with another word is a wrong command line", async () => {
  const told: string[] = [];
  const argv = ["ping", "a@b", "--proto-dist", "udp"];
  expect(await runCli(argv, io(told))).toBe(2);
  expect(told.join("")).toContain("expected one of inet_tcp, inet6_tcp, inet_tls, inet6_tls");
});
