import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Node, startNode } from "disterl";
import { type EpmdServer, type ResolveHost, startEpmdServer } from "disterl/epmd";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type CommandRun, type CommandWorld, disterl as run } from "../interop/run-disterl.ts";

const COOKIE = "a-cookie-of-tests-0001";

let epmd: EpmdServer;
let home: string;
const open: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  epmd = await startEpmdServer({ port: 0, addresses: ["127.0.0.1"] });
  home = mkdtempSync(join(tmpdir(), "disterl-cli-"));
  writeFileSync(join(home, ".erlang.cookie"), COOKIE);
  chmodSync(join(home, ".erlang.cookie"), 0o400);
});

afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
  await epmd.close();
  rmSync(home, { recursive: true });
});

function disterl(argv: readonly string[], world: CommandWorld = {}): Promise<CommandRun> {
  const env = { HOME: home, ERL_EPMD_PORT: String(epmd.port), ...world.env };
  return run(argv, { ...world, env });
}

async function peer(): Promise<Node> {
  const node = await startNode({
    name: "peer@localhost",
    cookie: COOKIE,
    epmd: { port: epmd.port, start: false },
  });
  open.push(node);
  return node;
}

/** A server that is no epmd, and what it does with whoever connects. */
async function impostor(serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  });
  const address = server.address();
  return String(typeof address === "object" ? address?.port : undefined);
}

test.each([
  ["newline", "a\nb@host"],
  ["NUL", "ab@ho\0st"],
  ["300 characters", `${"a".repeat(300)}@host`],
  ["no host", "peer"],
  ["empty", ""],
])("CL-01 a node name with %s is a usage error", async (_what, name) => {
  for (const argv of [
    ["ping", name],
    ["call", name, "a:b()"],
  ]) {
    const { status, out, err } = await disterl(argv);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toMatch(/^disterl: name: [ -~…]*\n$/);
  }
});

test.each(["ho st", "h\nx", "\u001b[2J", "a@host", "x".repeat(300), ""])(
  "CL-01 the host %j is a usage error",
  async (host) => {
    const { status, err } = await disterl(["names", host]);
    expect(status).toBe(2);
    expect(err).toMatch(/^disterl: name: [ -~…]*\n$/);
  },
);

test.each([
  [["ping", "a@h", "--cookie", "very-secret"]],
  [["ping", "a@h", "--cookie=very-secret"]],
  [["ping", "a@h", "-setcookie", "very-secret"]],
  [["call", "a@h", "a:b()", "--setcookie", "very-secret"]],
  [["ping", "a@h", "--erlang-cookie", "very-secret"]],
])("CL-02 a cookie in the arguments is refused with a hint: %j", async (argv) => {
  const { status, out, err } = await disterl(argv);
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(err).toContain("--cookie-file");
  expect(err).toContain("DISTERL_COOKIE");
  expect(err).not.toContain("very-secret");
});

test("CL-03 names of a server that sends 10 MB is bounded, status 3", async () => {
  const port = await impostor((socket) => socket.write(Buffer.alloc(10 * 1024 * 1024, 0x41)));
  const { status, err } = await disterl(["names", "--epmd-port", port]);
  expect(status).toBe(3);
  expect(err).toMatch(/^disterl: epmd: /);
  expect(err.length).toBeLessThan(1000);
});

test("CL-03 names of a server that sends garbage ends with status 3", async () => {
  const port = await impostor((socket) => socket.end(Buffer.of(1, 2, 3)));
  const { status, out, err } = await disterl(["names", "--epmd-port", port]);
  expect({ status, out }).toEqual({ status: 3, out: "" });
  expect(err).toMatch(/^disterl: epmd: /);
});

test("CL-03 names of a server that never closes ends at the timeout, status 3", async () => {
  const port = await impostor((socket) => socket.write(Buffer.of(0, 0, 1, 1)));
  const start = performance.now();
  const { status, err } = await disterl(["names", "--epmd-port", port, "--timeout", "0.3"]);
  expect(status).toBe(3);
  expect(err).toContain("300 ms");
  expect(performance.now() - start).toBeLessThan(3000);
});

test("CL-04 names with control characters are escaped", async () => {
  const listing = Buffer.concat([
    Buffer.of(0, 0, 0x11, 0x11),
    Buffer.from("name \u001b[2J\u202e at port 4711\n"),
  ]);
  const port = await impostor((socket) => socket.end(listing));
  for (const argv of [
    ["names", "--epmd-port", port],
    ["names", "--epmd-port", port, "--json"],
  ]) {
    const { out, err } = await disterl(argv);
    expect(out + err).not.toContain("\u001b");
    expect(out + err).not.toContain("\u202e");
  }
});

test("CL-05 an interrupt while dialling ends with 130 and prints nothing", async () => {
  const port = await impostor(() => {});
  const controller = new AbortController();
  const running = disterl(["ping", "a@localhost", "--epmd-port", port, "--json"], {
    signal: controller.signal,
  });
  setTimeout(() => controller.abort(new Error("interrupted")), 50);
  expect(await running).toEqual({ status: 130, out: "", err: "" });
});

test.each([
  ["lists:seq(1, os:cmd(x))", "a call inside"],
  ["os:cmd", "no arguments"],
  ["lists:seq(1, 3", "unterminated"],
  ['io:format("x)', "unterminated string"],
  ["m:f(X)", "a variable"],
  ["m:f(1 + 1)", "an operator"],
  ["m:f() , m:g()", "two calls"],
  ["halt()", "no module"],
  ["", "nothing"],
])("CL-07 %j is a syntax error and is not sent: %s", async (text) => {
  await peer();
  const { status, out, err } = await disterl(["call", "peer@localhost", text]);
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(err).toMatch(/^disterl: usage: .*(column|:)\s*\d+/s);
});

test("CL-07 a hundred thousand brackets are an error or a term, never a crash", async () => {
  const brackets = "[".repeat(100_000);
  const { status, err } = await disterl(["call", "peer@localhost", `m:f(${brackets}`]);
  expect(status).toBe(2);
  expect(err).toMatch(/^disterl: usage: /);
  expect(err.length).toBeLessThan(1000);
});

test("CL-08 of a host with a silent address the next one is tried, within one deadline", async () => {
  await peer();
  // 192.0.2.0/24 is reserved for documentation: nobody answers there.
  const resolve: ResolveHost = () => Promise.resolve(["192.0.2.1", "127.0.0.1"]);
  const start = performance.now();
  const { status, err } = await disterl(["ping", "peer@localhost", "--timeout", "4"], { resolve });
  expect({ status, err }).toEqual({ status: 0, err: "" });
  expect(performance.now() - start).toBeLessThan(4000);
});

test("CF-08 a bad ERL_EPMD_PORT is named, status 2", async () => {
  const { status, err } = await disterl(["names"], { env: { ERL_EPMD_PORT: "abc" } });
  expect(status).toBe(2);
  expect(err).toContain("ERL_EPMD_PORT");
});
