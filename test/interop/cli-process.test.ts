import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EpmdServer, EpmdClient, startEpmdServer } from "disterl/epmd";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DISTERL, OurProgram } from "./our-programs.ts";

let home: string;
let epmd: EpmdServer;
let env: Record<string, string>;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "disterl-cli-"));
  writeFileSync(join(home, ".erlang.cookie"), "a-cookie-of-tests-0001");
  chmodSync(join(home, ".erlang.cookie"), 0o400);
  epmd = await startEpmdServer({ port: 0, addresses: ["127.0.0.1"] });
  env = { HOME: home, ERL_EPMD_PORT: String(epmd.port) };
});

afterEach(async () => {
  await epmd.close();
  rmSync(home, { recursive: true });
});

test("CL-05 SIGINT while dialling: the socket is closed, status 130, nothing printed", async () => {
  let dialled: (socket: Socket) => void = () => {};
  const connected = new Promise<Socket>((resolve) => {
    dialled = resolve;
  });
  const silent = createServer((socket) => dialled(socket));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const address = silent.address();
  await using client = new EpmdClient({ port: epmd.port });
  await client.register("silent", typeof address === "object" ? (address?.port ?? 0) : 0);

  await using program = new OurProgram(
    DISTERL,
    ["call", "silent@localhost", "m:f()", "--json"],
    env,
  );
  const socket = await connected;
  const closed = new Promise((resolve) => {
    socket.resume().on("error", () => {});
    socket.once("close", resolve);
  });
  program.child.kill("SIGINT");
  expect(await program.ended).toBe(130);
  await closed;
  expect(program.out).toBe("");
  expect(program.err).toBe("");
  silent.close();
});

test("CL-06 a reader that goes away early is no failure and no stack trace", async () => {
  await using client = new EpmdClient({ port: epmd.port });
  await client.register("a", 4711);
  const program = new OurProgram(DISTERL, ["names"], env);
  program.child.stdout?.destroy();
  expect(await program.ended).toBe(0);
  expect(program.err).toBe("");
});

test("a failure is on standard error, without a stack trace, and the status says which kind", async () => {
  const program = new OurProgram(DISTERL, ["ping", "nobody@localhost"], env);
  expect(await program.ended).toBe(3);
  expect(program.out).toBe("");
  expect(program.err).toMatch(/^disterl: epmd: /);
  expect(program.err).not.toMatch(/^\s+at /m);
});

test("disterl epmd takes the arguments of epmd, untouched", async () => {
  const program = new OurProgram(DISTERL, ["epmd", "-names"], env);
  expect(await program.ended).toBe(0);
  expect(program.out).toBe(`epmd: up and running on port ${epmd.port} with data:\n`);
});
