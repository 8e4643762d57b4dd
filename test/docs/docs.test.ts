import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type CEpmd, type OtpNode, requireOtp, startCEpmd, startOtpNode } from "disterl/testing";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asModule, type CodeBlock, codeBlocks } from "./code-blocks.ts";
import { runShellBlock } from "./shell-block.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const modules = join(root, ".cache/docs");
const checker = fileURLToPath(new URL("check.ts", import.meta.url));
const cookie = "a long shared secret";

const blocks = codeBlocks(root).filter(
  ({ language, tags }) => language !== "sh" || tags.includes("run"),
);
const code = blocks.filter(({ language }) => language !== "sh");
const ofErlang = blocks.filter(({ tags }) => tags.includes("interop"));
const otp = ofErlang.length > 0 ? requireOtp() : undefined;

/** What blocks leave in the folder for temporary files goes with the tests. */
const scratch = mkdtempSync(join(tmpdir(), "disterl-docs-"));
const temporary = process.env["TMPDIR"];
process.env["TMPDIR"] = scratch;
afterAll(() => {
  if (temporary === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = temporary;
  rmSync(scratch, { recursive: true, force: true });
});

function moduleOf(block: CodeBlock): string {
  const name = `${block.file.replaceAll(/\W/g, "-")}-${block.line}.${block.language}`;
  return join(modules, name);
}

beforeAll(() => {
  rmSync(modules, { recursive: true, force: true });
  mkdirSync(modules, { recursive: true });
  for (const block of code) writeFileSync(moduleOf(block), asModule(block, checker));
  if (code.length === blocks.length) return;
  execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: "inherit" });
}, 120_000);

test("the docs have code to run", () => {
  expect(blocks.length).toBeGreaterThan(0);
});

test("the code in the docs has right types", () => {
  const globals = join(modules, "globals.d.ts");
  writeFileSync(globals, "declare const erlang: string;\n");
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, "tsconfig.json"),
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: () => {},
    },
  );
  const options = {
    ...config?.options,
    noUnusedLocals: false,
    noUnusedParameters: false,
    rewriteRelativeImportExtensions: false,
  };
  const files = code.map(moduleOf).filter((file) => file.endsWith(".ts"));
  const program = ts.createProgram([...files, globals], options);
  const wrong = files.flatMap((file) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(file)),
  );
  expect(
    ts.formatDiagnostics(wrong, {
      ...ts.sys,
      getCanonicalFileName: String,
      getNewLine: () => "\n",
    }),
  ).toBe("");
}, 60_000);

async function run(block: CodeBlock): Promise<void> {
  if (block.language === "sh") return runShellBlock(block, root);
  await import(/* @vite-ignore */ pathToFileURL(moduleOf(block)).href);
}

for (const block of blocks.filter((one) => !ofErlang.includes(one))) {
  test(`${block.file}:${block.line}`, () => run(block));
}

/** What the interop blocks find: see README.md beside this file. */
describe.skipIf(otp === undefined)("blocks beside Erlang", () => {
  const before = { ...process.env };
  const home = mkdtempSync(join(tmpdir(), "disterl-docs-"));
  let epmd: CEpmd;
  let erlang: OtpNode;

  beforeAll(async () => {
    epmd = await startCEpmd({ release: otp });
    const name = "erlang@localhost";
    erlang = await startOtpNode({
      release: otp,
      nameType: "short",
      name,
      cookie,
      epmdPort: epmd.port,
    });
    await erlang.loadModule(COUNTER);
    await erlang.eval("{ok, _} = gen_server:start({local, counter}, counter, 0, []), ok");
    writeFileSync(join(home, ".erlang.cookie"), cookie);
    chmodSync(join(home, ".erlang.cookie"), 0o400);
    Object.assign(process.env, { ERL_EPMD_PORT: String(epmd.port), HOME: home });
    Object.assign(globalThis, { erlang: name });
  }, 60_000);
  afterAll(async () => {
    Object.assign(process.env, { ERL_EPMD_PORT: "", HOME: "" }, before);
    if (before["ERL_EPMD_PORT"] === undefined) delete process.env["ERL_EPMD_PORT"];
    await erlang?.stop();
    await epmd?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  for (const block of ofErlang) test(`${block.file}:${block.line}`, () => run(block));
});

const COUNTER = `
  -module(counter).
  -behaviour(gen_server).
  -export([init/1, handle_call/3, handle_cast/2]).
  init(N) -> {ok, N}.
  handle_call(<<"get">>, _, N) -> {reply, N, N};
  handle_call(get, _, N) -> {reply, N, N};
  handle_call(increment, _, N) -> {reply, N + 1, N + 1};
  handle_call(Other, _, N) -> {reply, {error, {unknown, Other}}, N}.
  handle_cast(increment, N) -> {noreply, N + 1}.`;
