/** Elixir with its distribution over TLS: files of `disterl cert`, flags as people give them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { atom, type Node, startNode, text } from "disterl";
import { formatTerm, type TermMap } from "disterl/term";
import { type CEpmd, otpProgram, startCEpmd } from "disterl/testing";
import { afterAll, beforeAll, describe, expect } from "vitest";
import type { Child } from "../../packages/disterl/src/testing/child.ts";
import { type Outcome, runCall } from "../compliance/epmd-programs.ts";
import { GuideCertFiles, tlsOf } from "./cert-files.ts";
import { runCommands } from "./guide-page.ts";
import { spawnEcho } from "./node-setup.ts";
import { forServer } from "./otp.ts";
import { killServer, ON_LOOPBACK, startServerProcess } from "./real-server.ts";

/** Elixir's scripts take options apart at spaces. */
const COOKIE = "a_cookie_for_tests_only";
const THEIRS = `elixir_${process.pid}@localhost`;
const TOOL = `tool_${process.pid}@localhost`;
const OURS = `ours_${process.pid}@localhost`;

forServer("elixir", "/usr/bin/elixir", (otp, test) => {
  let epmd: CEpmd;
  let certs: GuideCertFiles;
  let elixir: Child;
  let ours: Node;

  beforeAll(async () => {
    certs = await GuideCertFiles.makeFrom("12-rabbitmq-and-ejabberd-over-tls.md");
    for (const node of [THEIRS, OURS, TOOL]) await certs.run("node", node);
    epmd = await startCEpmd({ release: otp });
    const script = join(certs.root, "counter.exs");
    writeFileSync(script, COUNTER);
    const args = ["--sname", THEIRS, "--cookie", COOKIE, "--erl", erlFlags(THEIRS), "--no-halt"];
    const call = otpProgram(otp, "elixir", [...args, script]);
    elixir = await startServerProcess("Elixir", call, env(), /ready/);
    ours = await startNode({
      ...{ name: OURS, cookie: COOKIE, hidden: false, tls: tlsOf(certs.flags(OURS)) },
      epmd: { port: epmd.port, start: false },
    });
    spawnEcho(ours);
  });
  afterAll(async () => {
    await ours?.stop();
    if (elixir !== undefined) await killServer(elixir);
    await epmd?.stop();
    certs?.[Symbol.dispose]();
  });

  const env = () => ({
    ...{ PATH: process.env["PATH"] ?? "", HOME: certs.root, LANG: "C.UTF-8" },
    ...{ ERL_EPMD_PORT: String(epmd.port), RELEASE_COOKIE: COOKIE },
  });
  const erlFlags = (node: string) => [...certs.flags(node), ON_LOOPBACK].join(" ");

  describe("scripts", () => {
    const named = ["--sname", TOOL, "--cookie", COOKIE];
    const run = (args: readonly string[], more = {}): Promise<Outcome> =>
      runCall(otpProgram(otp, "elixir", [...named, ...args]), { ...env(), ...more });

    test("Erlang dials", "Elixir over TLS: Node.connect, GenServer.call", async () => {
      const script = `
        ours = :"${OURS}"
        IO.inspect(:init.get_argument(:proto_dist))
        IO.inspect(Node.connect(ours))
        IO.inspect(ours in Node.list())
        IO.inspect(GenServer.call({:echo, ours}, {:echo, %{a: [1, 2.5, "größe"]}}))`;
      expect(await run(["--erl", erlFlags(TOOL), "-e", script])).toEqual({
        stdout: `{:ok, [['inet_tls']]}\ntrue\ntrue\n%{a: [1, 2.5, "größe"]}\n`,
        ...{ stderr: "", status: 0 },
      });
    });

    test("Erlang dials", "Elixir over TLS: the script of the guide", async () => {
      const name = "worker@localhost";
      await using worker = await startNode({
        ...{ name, cookie: COOKIE, tls: tlsOf(certs.flags(name)) },
        epmd: { port: epmd.port, start: false },
      });
      expect(worker.name).toBe(name);
      const script = certs.page.block("a script");
      expect(await runCommands(script, certs.root, { ...env(), COOKIE })).toBe("true\n");
    });

    test("Erlang dials", "Elixir over TLS: Node.monitor, flags in ELIXIR_ERL_OPTIONS", async () => {
      const gone = `gone_${process.pid}@localhost`;
      await certs.run("node", gone);
      await using short = await startNode({
        ...{ name: gone, cookie: COOKIE, tls: tlsOf(certs.flags(gone)) },
        epmd: { port: epmd.port, start: false },
      });
      const stopper = short.spawn({ name: "stopper", onMessage: () => void short.stop() });
      expect(stopper).toBeDefined();
      const script = `
        short = :"${gone}"
        Node.monitor(short, true)
        send({:stopper, short}, :stop)
        receive do {:nodedown, ^short} -> IO.puts("down") after 5000 -> IO.puts("up") end`;
      const flags = { ELIXIR_ERL_OPTIONS: erlFlags(TOOL) };
      expect(await run(["-e", script], flags)).toMatchObject({ stdout: "down\n", status: 0 });
    });

    test("Erlang dials", "Elixir over TLS: without certificates it is refused", async () => {
      const script = `IO.inspect(Node.connect(:"${OURS}"))`;
      const done = await run(["--erl", `-proto_dist inet_tls ${ON_LOOPBACK}`, "-e", script]);
      expect(done.stdout).toContain("false\n");
    });
  });

  test("we dial", "Elixir over TLS: erpc, GenServer.call, a monitor", async () => {
    await ours.ping(THEIRS);
    expect(text(await ours.erpc(THEIRS, "Elixir.String", "upcase", ["größe"]))).toBe("GRÖSSE");
    const counter = { name: "Elixir.Counter", node: THEIRS };
    const reply = (await ours.call(counter, atom("next"))) as TermMap;
    expect(reply.get(atom("count"))).toBe(42);
    const watcher = ours.spawn();
    watcher.monitor(counter);
    ours.cast(counter, atom("stop"));
    const down = formatTerm(await watcher.receive({ timeout: 10_000 }));
    expect(down).toMatch(/^\{'DOWN',.*,normal\}$/);
  });

  test("both ways", "Elixir over TLS: long names", async () => {
    const [long, theirs] = ["ours@127.0.0.1", "theirs@127.0.0.1"];
    for (const node of [long, theirs]) await certs.run("node", node);
    await using node = await startNode({
      ...{ name: long, cookie: COOKIE, tls: tlsOf(certs.flags(long)) },
      epmd: { port: epmd.port, start: false },
    });
    node.expose("Elixir.Ours", {
      ask: (peer) => node.erpc(text(peer), "erlang", "node", []),
    });
    const script = `IO.inspect(:erpc.call(:"${long}", Ours, :ask, [to_string(node())]))`;
    const args = ["--name", theirs, "--cookie", COOKIE, "--erl", erlFlags(theirs), "-e", script];
    const done = await runCall(otpProgram(otp, "elixir", args), env());
    expect(done).toEqual({ stdout: `:"${theirs}"\n`, stderr: "", status: 0 });
  });

  describe("a release", () => {
    const NODE = "demo@localhost";
    let release: Child;
    let script: string;

    beforeAll(async () => {
      const project = join(certs.root, "demo");
      for (const folder of ["lib", "rel"]) mkdirSync(join(project, folder), { recursive: true });
      writeFileSync(join(project, "mix.exs"), PROJECT);
      writeFileSync(join(project, "lib/demo.ex"), DEMO);
      writeFileSync(join(project, "rel/env.sh.eex"), certs.page.block("rel/env.sh.eex"));
      const build = ["-c", 'cd "$0" && MIX_ENV=prod exec mix release --quiet', project];
      const built = await runCall({ file: "sh", args: build }, env());
      expect(built).toMatchObject({ status: 0 });
      script = join(project, "_build/prod/rel/demo/bin/demo");
      const call = { file: script, args: ["start"] };
      release = await startServerProcess("the release", call, env(), /started/);
    }, 120_000);
    afterAll(async () => {
      if (release !== undefined) await killServer(release);
    });

    test("both ways", "an Elixir release over TLS: we call it, and its own rpc works", async () => {
      expect(await ours.erpc(NODE, "Elixir.Demo", "hello", [])).toBe(atom("world"));
      const command = `IO.inspect({Demo.hello(), GenServer.call({:echo, :"${OURS}"}, {:echo, 1})})`;
      expect(await runCall({ file: script, args: ["rpc", command] }, env())).toEqual({
        stdout: "{:world, 1}\n",
        ...{ stderr: "", status: 0 },
      });
      expect(await runCall({ file: script, args: ["stop"] }, env())).toMatchObject({ status: 0 });
      expect(await release.exited).toBe("ended with code 0");
    });
  });
});

const COUNTER = `
defmodule Counter do
  use GenServer
  def init(n), do: {:ok, n}
  def handle_call(:next, _from, n), do: {:reply, %{count: n + 1, unit: "things"}, n + 1}
  def handle_cast(:stop, n), do: {:stop, :normal, n}
end
{:ok, _} = GenServer.start(Counter, 41, name: Counter)
IO.puts("ready")
`;

/** The application \`ssl\` has to be part of a release whose nodes talk TLS. */
const PROJECT = `
defmodule Demo.MixProject do
  use Mix.Project
  def project, do: [app: :demo, version: "0.1.0", releases: [demo: []]]
  def application, do: [mod: {Demo, []}, extra_applications: [:logger, :ssl]]
end
`;

const DEMO = `
defmodule Demo do
  use Application
  def hello, do: :world
  def start(_type, _args) do
    IO.puts("started")
    Supervisor.start_link([], strategy: :one_for_one)
  end
end
`;
