import { createPrivateKey } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Node, startNode, type StartNodeOptions } from "disterl";
import { type EpmdServer, type ResolveHost, startEpmdServer } from "disterl/epmd";
import { freePort, TestAuthority } from "disterl/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "./run-cli.ts";

const COOKIE = "a-cookie-of-tests-0001";

let epmd: EpmdServer;
let home: string;
const open: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  epmd = await startEpmdServer({ port: 0, addresses: ["127.0.0.1"] });
  home = mkdtempSync(join(tmpdir(), "disterl-cli-"));
  cookieFile(COOKIE);
});

afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
  await epmd.close();
  rmSync(home, { recursive: true });
});

function cookieFile(text: string, name = ".erlang.cookie"): string {
  const path = join(home, name);
  rmSync(path, { force: true });
  writeFileSync(path, text);
  chmodSync(path, 0o400);
  return path;
}

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function disterl(
  argv: readonly string[],
  more: {
    env?: Record<string, string>;
    signal?: AbortSignal;
    stdin?: string;
    resolve?: ResolveHost;
  } = {},
): Promise<Ran> {
  let out = "";
  let err = "";
  const status = await runCli(argv, {
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
    env: { HOME: home, ERL_EPMD_PORT: String(epmd.port), ...more.env },
    colors: false,
    signal: more.signal ?? new AbortController().signal,
    readStdin: () => Promise.resolve(more.stdin ?? ""),
    ...(more.resolve === undefined ? {} : { resolve: more.resolve }),
  });
  return { status, out, err };
}

async function peer(options: StartNodeOptions = {}): Promise<Node> {
  const node = await startNode({
    name: "peer@localhost",
    cookie: COOKIE,
    epmd: { port: epmd.port, start: false },
    ...options,
  });
  open.push(node);
  return node;
}

/** A server that is no epmd, and what it does with whoever connects. */
async function impostor(serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
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

test("names lists what is registered, by name", async () => {
  const b = await peer({ name: "b@localhost" });
  const a = await peer({ name: "longer-name@localhost" });
  const { status, out, err } = await disterl(["names"]);
  expect({ status, err }).toEqual({ status: 0, err: "" });
  expect(out).toBe(`b            ${b.address?.port}\nlonger-name  ${a.address?.port}\n`);
  const json = await disterl(["names", "127.0.0.1", "--json"]);
  expect(JSON.parse(json.out)).toEqual({
    host: "127.0.0.1",
    epmdPort: epmd.port,
    nodes: [
      { name: "b", port: b.address?.port },
      { name: "longer-name", port: a.address?.port },
    ],
  });
});

test("names of an epmd without nodes prints nothing, and works", async () => {
  expect(await disterl(["names"])).toEqual({ status: 0, out: "", err: "" });
});

test("names without an epmd says that, status 3", async () => {
  const { status, out, err } = await disterl(["names", "--epmd-port", "1"]);
  expect(status).toBe(3);
  expect(out).toBe("");
  expect(err).toMatch(/^disterl: epmd: /);
  const json = await disterl(["names", "--epmd-port", "1", "--json"]);
  expect(JSON.parse(json.out)).toMatchObject({
    error: { layer: "epmd", code: "ERR_EPMD_UNREACHABLE", exitCode: 3 },
  });
});

test("ping: pong and the round trip", async () => {
  await peer();
  const { status, out, err } = await disterl(["ping", "peer@localhost"]);
  expect({ status, err }).toEqual({ status: 0, err: "" });
  expect(out).toMatch(/^pong {2}peer@localhost {2}[\d.]+ ms\n$/);
  const json = await disterl(["ping", "peer@localhost", "--json"]);
  expect(JSON.parse(json.out)).toEqual({
    node: "peer@localhost",
    result: "pong",
    roundTripMs: expect.any(Number) as number,
  });
});

test("demand 6: a peer names us, and gives the same name every time", async () => {
  const node = await peer();
  const events = node.status();
  const seen: string[] = [];
  for (let run = 0; run < 5; run++) {
    expect((await disterl(["ping", "peer@localhost"])).status).toBe(0);
    for (let type = ""; type !== "nodedown"; ) {
      const { value } = await events.next();
      type = value?.type ?? "nodedown";
      if (value?.type === "nodeup") seen.push(value.node);
    }
  }
  expect(seen).toHaveLength(5);
  expect(new Set(seen).size).toBe(1);
});

test("ping under a name of ours, where it is asked for", async () => {
  const node = await peer();
  const events = node.status();
  expect((await disterl(["ping", "peer@localhost", "--name", "mine@localhost"])).status).toBe(0);
  const first = await events.next();
  expect(first.value).toMatchObject({ type: "nodeup", node: "mine@localhost", hidden: true });
});

test("ping a long name: we take a long name, too", async () => {
  await peer({ name: "peer@127.0.0.1" });
  expect(await disterl(["ping", "peer@127.0.0.1"])).toMatchObject({ status: 0, err: "" });
});

test("the layer epmd: the node is not registered, and who is", async () => {
  await peer({ name: "other@localhost" });
  const { status, err } = await disterl(["ping", "peer@localhost"]);
  expect(status).toBe(3);
  expect(err).toMatch(/^disterl: epmd: .*"peer"/);
  expect(err).toContain("registered there: other@localhost");
  const json = await disterl(["call", "peer@localhost", "a:b()", "--json"]);
  expect(JSON.parse(json.out)).toMatchObject({
    error: { layer: "epmd", code: "ERR_CONNECT_NOT_REGISTERED", registered: ["other"] },
  });
});

test("the layer epmd: the host is not known", async () => {
  const { status, err } = await disterl(["ping", "peer@no-such-host"], {
    resolve: () => Promise.reject(new Error("ENOTFOUND")),
  });
  expect(status).toBe(3);
  expect(err).toMatch(/^disterl: epmd: .*no-such-host/);
});

test("the layer tcp: registered, but nobody listens", async () => {
  const stale = await startEpmdServer({ port: 0, addresses: ["127.0.0.1"] });
  open.push({ stop: () => stale.close() });
  const { EpmdClient } = await import("disterl/epmd");
  const registrar = new EpmdClient({ port: stale.port });
  open.push({ stop: () => registrar.close() });
  await registrar.register("peer", await freePort());
  const { status, err } = await disterl([
    "ping",
    "peer@localhost",
    "--epmd-port",
    String(stale.port),
  ]);
  expect(status).toBe(3);
  expect(err).toMatch(/^disterl: tcp: .*ECONNREFUSED/s);
});

test("the layer handshake: the cookie, and where it came from", async () => {
  await peer();
  cookieFile("another-cookie-of-tests");
  const { status, out, err } = await disterl(["ping", "peer@localhost"]);
  expect({ status, out }).toEqual({ status: 3, out: "" });
  expect(err).toMatch(/^disterl: handshake: .*cookie/s);
  expect(err).toContain("--cookie-file");
  expect(err).not.toContain("another-cookie-of-tests");
});

test("the cookie: of --cookie-file, else the environment, else the user's file", async () => {
  await peer();
  cookieFile("another-cookie-of-tests");
  const ping = ["ping", "peer@localhost"];
  expect((await disterl(ping, { env: { DISTERL_COOKIE: COOKIE } })).status).toBe(0);
  expect((await disterl(ping, { env: { RABBITMQ_ERLANG_COOKIE: COOKIE } })).status).toBe(0);
  const file = cookieFile(COOKIE, "named");
  const named = [...ping, "--cookie-file", file];
  expect((await disterl(named, { env: { DISTERL_COOKIE: "wrong" } })).status).toBe(0);
});

test("the layer cookie: no file, and none is made", async () => {
  rmSync(join(home, ".erlang.cookie"));
  const { status, err } = await disterl(["ping", "peer@localhost"]);
  expect(status).toBe(3);
  expect(err).toMatch(
    /^disterl: cookie: .*there is no cookie file.*\n.*--cookie-file.*DISTERL_COOKIE/,
  );
  expect(() => chmodSync(join(home, ".erlang.cookie"), 0o400)).toThrow(/ENOENT/);
});

test("a short cookie is a warning", async () => {
  await peer({ cookie: "short" });
  cookieFile("short");
  const { status, err } = await disterl(["ping", "peer@localhost"]);
  expect(status).toBe(0);
  expect(err).toMatch(/^disterl: warning: .*5 characters/);
});

test("the layer handshake: something listens that is no node, status 3 within the timeout", async () => {
  const port = await impostor(() => {});
  const silent = await startEpmdServer({ port: 0, addresses: ["127.0.0.1"] });
  open.push({ stop: () => silent.close() });
  const { EpmdClient } = await import("disterl/epmd");
  const registrar = new EpmdClient({ port: silent.port });
  open.push({ stop: () => registrar.close() });
  await registrar.register("peer", Number(port));
  const argv = ["call", "peer@localhost", "m:f()", "--timeout", "0.3"];
  const { status, err } = await disterl([...argv, "--epmd-port", String(silent.port)]);
  expect(status).toBe(3);
  expect(err).toContain("within 300 ms");
});

test.each([
  [[], "Usage"],
  [["nonsense"], "nonsense"],
  [["ping"], "node"],
  [["ping", "a@h", "b@h"], "many"],
  [["ping", "a@h", "--nope"], "--nope"],
  [["ping", "a@h", "--timeout", "0"], "seconds"],
  [["ping", "a@h", "--timeout", "x"], "seconds"],
  [["ping", "a@h", "--epmd-port", "65536"], "port"],
])("a wrong command line %j ends with status 2", async (argv, part) => {
  const { status, out, err } = await disterl(argv);
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(err).toContain(part);
});

test("a key that needs a password: where that is read from", async () => {
  using authority = new TestAuthority("a CA");
  const { certfile, keyfile } = authority.issue("localhost");
  const encrypted = createPrivateKey(readFileSync(keyfile)).export({
    ...{ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "open sesame" },
  });
  const secret = join(home, "key.pem");
  writeFileSync(secret, encrypted);
  const { status, err } = await disterl([
    ...["ping", "peer@localhost", "--tls-cacertfile", authority.cacertfile],
    ...["--tls-certfile", certfile, "--tls-keyfile", secret],
  ]);
  expect(status).toBe(3);
  expect(err).toMatch(/^disterl: tls: .*give its password\n {2}\{password, "\.\.\."\} in the file/);
});

test("--version is that of the package", async () => {
  const manifest = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  ) as { readonly version: string };
  const wanted = { status: 0, out: `${manifest.version}\n`, err: "" };
  expect(await disterl(["--version"])).toEqual(wanted);
});

test("--help is data: standard output, status 0, and it tells the exit statuses", async () => {
  const { status, out, err } = await disterl(["--help"]);
  expect({ status, err }).toEqual({ status: 0, err: "" });
  for (const part of [
    "names",
    "ping",
    "call",
    "cert",
    "epmd",
    "Exit status",
    "130",
    "DISTERL_COOKIE",
  ]) {
    expect(out).toContain(part);
  }
  expect((await disterl(["call", "--help"])).out).toContain("lists:seq(1, 3)");
  expect((await disterl(["cert", "--help"])).out).toContain("disterl cert init");
  expect((await disterl(["cert", "node", "--help"])).out).toContain("--install-dir");
});
