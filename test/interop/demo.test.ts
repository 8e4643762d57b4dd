import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "disterl/testing";
import { afterEach, beforeEach, expect, test as hostTest } from "vitest";
import { forServer } from "./otp.ts";
import { OurProgram } from "./our-programs.ts";

const DEMO = "examples/demo.mjs";
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "disterl-demo-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs the demo to its end; with `path` as PATH. Its temporary files are in `folder`. */
async function demo(path: string, ...argv: string[]): Promise<string> {
  const port = String(await freePort());
  const env = { HOME: folder, TMPDIR: folder, PATH: path, ERL_EPMD_PORT: port, NO_COLOR: "1" };
  await using running = new OurProgram(DEMO, argv, env);
  expect({ status: await running.ended, err: running.err }).toEqual({ status: 0, err: "" });
  return running.out;
}

const tlsFacts = [
  /encrypted: TLSv1\.3, TLS_\w+/,
  /it has shown CN=other_demo_\d+@\S+ \(DNS:\S+, .*issued by CN=the CA of this demo, valid until \d/,
  /we have shown CN=demo@\S+ \(DNS:/,
  /stranger .*another CA.*\n {4}tls: refused \S+: its certificate "CN=/,
  /echo {7}18 kinds of term there and back/,
  /nodedown other_demo_\d+@\S+: connection_closed/,
];

hostTest("the demo where there is no Erlang: a second node of ours", async () => {
  const out = await demo(folder);
  expect(out).toContain("a second disterl node, since there is no `erl` on this machine");
  expect(out).not.toContain("encrypted");
});

hostTest("the demo over TLS where there is no Erlang; nothing stays behind", async () => {
  const out = await demo(folder, "--tls");
  expect(out).toContain("a second disterl node, since there is no `erl` with TLS on this machine");
  for (const fact of tlsFacts) expect(out).toMatch(fact);
  expect(readdirSync(folder)).toEqual([]);
});

forServer("erlang-ssl", "/usr/bin/erl", (release, test) => {
  test("both ways", "the demo", async () => {
    const out = await demo(process.env["PATH"] ?? "");
    expect(out).toContain(`real Erlang/OTP ${release.release}`);
  });

  test("both ways", "the demo over TLS, and nothing stays behind", async () => {
    const out = await demo(process.env["PATH"] ?? "", "--tls");
    expect(out).toContain(`real Erlang/OTP ${release.release}`);
    for (const fact of tlsFacts) expect(out).toMatch(fact);
    expect(readdirSync(folder)).toEqual([]);
  });
});
