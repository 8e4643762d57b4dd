/**
 * Every process operation, driven from Erlang: a worker of `examples/echo-node.mjs` has to answer as
 * one written in Erlang does (worker/reference_worker.erl), scenario by scenario, term by term.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CEpmd, type OtpNode, startCEpmd, startOtpNode } from "disterl/testing";
import { afterAll, beforeAll, expect } from "vitest";
import { forEachElixir, forEachOtp } from "./otp.ts";
import { ECHO_NODE, OurProgram } from "./our-programs.ts";

const COOKIE = "a_cookie_for_tests_only";

const source = (name: string): string =>
  readFileSync(join(import.meta.dirname, "worker", name), "utf8");
const SCENARIOS = source("worker_scenarios.erl");
const REFERENCE = source("reference_worker.erl");

forEachOtp((release, test) => {
  let epmd: CEpmd;
  let driver: OtpNode;
  let reference: OtpNode;
  let ours: OurProgram;

  beforeAll(async () => {
    epmd = await startCEpmd({ release });
    const options = { release, nameType: "short", cookie: COOKIE, epmdPort: epmd.port } as const;
    [driver, reference, ours] = await Promise.all([
      startOtpNode(options),
      startOtpNode({ ...options, name: "reference@localhost", flags: ["-hidden"] }),
      startEchoNode(epmd.port),
    ]);
    await Promise.all([driver.loadModule(SCENARIOS), reference.loadModule(REFERENCE)]);
    await Promise.all([
      driver.eval("worker_scenarios:start()"),
      reference.eval("reference_worker:start()"),
    ]);
  });

  afterAll(async () => {
    await ours[Symbol.asyncDispose]();
    await Promise.all([driver.stop(), reference.stop()]);
    await epmd.stop();
  });

  for (const [section, scenarios] of sectionsOf(SCENARIOS)) {
    test("Erlang dials", `workers: ${section}`, async () => {
      const wanted: Record<string, string> = {};
      const seen: Record<string, string> = {};
      for (const scenario of scenarios) {
        wanted[scenario] = await run(scenario, "reference@localhost");
        seen[scenario] = await run(scenario, "echo@localhost");
      }
      // A scenario that saw nothing would prove nothing.
      expect(JSON.stringify(wanted)).not.toMatch(/no_answer|too_few|crashed|nothing|stuck/);
      expect(seen).toEqual(wanted);
    });
  }

  const run = (scenario: string, node: string): Promise<string> =>
    driver.eval(`worker_scenarios:run(${scenario}, '${node}')`, { timeoutMs: 40_000 });
});

async function startEchoNode(epmdPort: number): Promise<OurProgram> {
  const loopback = ["-kernel", "inet_dist_use_interface", "{127,0,0,1}"];
  const flags = ["-sname", "echo@localhost", "-setcookie", COOKIE, "-hidden", ...loopback];
  const program = new OurProgram(ECHO_NODE, flags, { ERL_EPMD_PORT: String(epmdPort) });
  await program.waitFor(/READY .*\n/);
  return program;
}

forEachElixir((release, test) => {
  test(
    "Erlang dials",
    "Elixir: workers are linked, monitored, called and told to spawn",
    async () => {
      await using epmd = await startCEpmd({ release });
      await using elixir = await startOtpNode({
        ...{ release, nameType: "short", cookie: COOKIE, epmdPort: epmd.port, elixir: true },
      });
      await using program = await startEchoNode(epmd.port);
      expect(program.out).toContain("READY");
      expect(await elixir.evalElixir(ELIXIR_SCRIPT)).toBe(
        "[:ok, true, :boom, {:stop, 1}, :pong, :noproc]",
      );
    },
  );
});

/** One thing after the other, each by what Elixir calls it. */
const ELIXIR_SCRIPT = String.raw`
  node = :echo@localhost
  worker = fn -> GenServer.call({:ctl, node}, :spawn_worker) end
  tell = fn pid, command ->
    ref = make_ref()
    send(pid, {:do, self(), ref, command})
    receive do {^ref, result} -> result after 5000 -> :no_answer end
  end
  Process.flag(:trap_exit, true)

  linked = worker.()
  Process.link(linked)
  died = tell.(linked, {:die, :boom})
  exit = receive do {:EXIT, ^linked, reason} -> reason after 5000 -> :nothing end

  monitored = worker.()
  ref = Process.monitor(monitored)
  trapped = tell.(monitored, {:trap_exit, true}) == false
  Process.exit(monitored, :first)
  [{:EXIT, from, :first}] = tell.(monitored, :mailbox)
  true = from == self()
  tell.(monitored, {:die, {:stop, 1}})
  down = receive do {:DOWN, ^ref, :process, ^monitored, reason} -> reason after 5000 -> :nothing end

  spawner = worker.()
  args = [self(), :pong]
  {:ok, spawned} = tell.(spawner, {:spawn_request, node(), :erlang, :send, args, [:link]})
  pong = receive do :pong -> :pong after 5000 -> :nothing end
  ^spawned = spawned
  gone = try do GenServer.call(monitored, :x) catch :exit, {reason, _} -> reason end
  [died, trapped, exit, down, pong, gone]`;

/** The headlines of the module, each with the functions of one argument, `Node`, below it. */
function sectionsOf(module: string): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  for (const part of module.split(/^%% ── /m).slice(1)) {
    const [title = ""] = part.split(" ──", 1);
    sections.set(
      title,
      [...part.matchAll(/^(\w+)\(Node\) ->/gm)].map(([, name = ""]) => name),
    );
  }
  return sections;
}
