/** Our epmd under real Erlang, and our client under the real epmd. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EpmdClient, type EpmdClientEvent, type EpmdServer, startEpmdServer } from "disterl/epmd";
import { freePort, otpProgram, type OtpRelease, startCEpmd, startOtpNode } from "disterl/testing";
import { afterEach, expect, test } from "vitest";
import { runCall } from "../compliance/epmd-programs.ts";
import { forEachOtp } from "./otp.ts";

const cleanUp: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

async function ourEpmd(port = 0): Promise<EpmdServer> {
  const server = await startEpmdServer({
    port,
    addresses: ["127.0.0.1"],
    allowKill: true,
    relaxedCommandCheck: true,
  });
  cleanUp.push(() => server.close());
  return server;
}

function client(port: number): { client: EpmdClient; events: EpmdClientEvent[] } {
  const events: EpmdClientEvent[] = [];
  const made = new EpmdClient({ port, onEvent: (event) => events.push(event) });
  cleanUp.push(() => made.close());
  return { client: made, events };
}

async function told(events: readonly EpmdClientEvent[], type: string): Promise<void> {
  await expect.poll(() => events.map((event) => event.type), { timeout: 20_000 }).toContain(type);
}

forEachOtp((otp, otpTest) => {
  const epmd = (server: EpmdServer, ...args: string[]) =>
    runCall(otpProgram(otp, "epmd", ["-port", String(server.port), ...args]), {});

  otpTest("Erlang dials", "epmd: a node registers at ours and is found", async () => {
    const server = await ourEpmd();
    await using node = await startNode(otp, server.port, "rabbit");
    expect(server.nodes()).toMatchObject([
      { name: "rabbit", nodeType: 77, protocol: 0, highest: 6, lowest: 5 },
    ]);
    const { client: asking } = client(server.port);
    const found = await asking.lookup("rabbit", "localhost");
    expect(found).toMatchObject({ version: 6, port: server.nodes()[0]?.port });
    expect(await node.eval('element(1, erl_epmd:port_please("rabbit", "localhost"))')).toBe("port");
    expect(await node.eval('erl_epmd:port_please("hare", "localhost")')).toBe("noport");
    expect(await node.eval('erl_epmd:names("localhost")')).toBe(
      `{ok,[{"rabbit",${server.nodes()[0]?.port}}]}`,
    );
    expect(await node.eval("erlang:system_info(creation)")).toBe(
      String(server.nodes()[0]?.creation),
    );
    await node.stop();
    await expect.poll(() => server.nodes()).toEqual([]);
  });

  otpTest("Erlang dials", "epmd: two nodes find each other through ours", async () => {
    const server = await ourEpmd();
    await using one = await startNode(otp, server.port, "one");
    await using two = await startNode(otp, server.port, "two");
    expect(await one.eval(`net_adm:ping('${two.nodeName}')`)).toBe("pong");
    expect(await one.eval("net_adm:world_list([localhost])")).toContain(two.nodeName);
  });

  otpTest("Erlang dials", "epmd: a name that is taken stops the second node", async () => {
    const server = await ourEpmd();
    await using _ = await startNode(otp, server.port, "same");
    await expect(startNode(otp, server.port, "same")).rejects.toThrow(/in use|could not start/i);
    expect(server.nodes()).toHaveLength(1);
  });

  otpTest("Erlang dials", "epmd: a node comes back to ours after a restart", async () => {
    const server = await ourEpmd();
    await using node = await startNode(otp, server.port, "phoenix");
    const creation = await node.eval("erlang:system_info(creation)");
    await server.close();
    const second = await ourEpmd(server.port);
    await expect
      .poll(() => second.nodes().map(({ name }) => name), { timeout: 20_000 })
      .toEqual(["phoenix"]);
    expect(await node.eval("erlang:system_info(creation)")).toBe(creation);
  });

  otpTest("Erlang dials", "epmd: its tools on ours", async () => {
    const server = await ourEpmd();
    await using node = await startNode(otp, server.port, "rabbit");
    const port = server.nodes()[0]?.port;
    const listing = await epmd(server, "-names");
    expect(listing).toEqual({
      stdout: `epmd: up and running on port ${server.port} with data:\nname rabbit at port ${port}\n`,
      stderr: "",
      status: 0,
    });
    expect((await epmd(server, "-dump")).stdout).toContain("active name     <rabbit>");
    expect(await epmd(server, "-stop", "hare")).toMatchObject({ stdout: "NOEXIST\n", status: 0 });
    const called = await runCall(
      otpProgram(otp, "erl_call", [
        "-sname",
        node.nodeName,
        "-c",
        "secret",
        "-a",
        "erlang node []",
      ]),
      { ERL_EPMD_PORT: String(server.port) },
    );
    expect(called.stdout).toContain(node.nodeName);
    await node.stop();
    await expect.poll(() => server.nodes()).toEqual([]);
    expect(await epmd(server, "-kill")).toEqual({ stdout: "Killed\n", stderr: "", status: 0 });
    expect(await server.ended).toBe("killed");
  });

  otpTest("we dial", "epmd: our client at the real one", async () => {
    await using daemon = await startCEpmd({ release: otp });
    await using node = await startNode(otp, daemon.port, "real");
    const { client: ours } = client(daemon.port);
    const registration = await ours.register("ours", 5000, { extra: Uint8Array.of(0, 255) });
    expect(registration.creation).toBeGreaterThan(1_600_000_000);
    expect(await ours.lookup("ours", "localhost")).toMatchObject({
      port: 5000,
      node: { extra: Uint8Array.of(0, 255) },
    });
    expect((await ours.names("localhost")).map(({ name }) => name)).toEqual(["ours", "real"]);
    expect(await node.eval('erl_epmd:port_please("ours", "localhost")')).toBe("{port,5000,6}");
    const { client: second } = client(daemon.port);
    await expect(second.register("real", 5001)).rejects.toThrow(
      expect.objectContaining({ code: "ERR_EPMD_NAME_TAKEN" }),
    );
    await registration.unregister();
    await ours.register("ours", 5002);
    expect(await ours.lookup("ours", "localhost")).toMatchObject({ port: 5002 });
  });

  otpTest("we dial", "epmd: the real one is killed, and comes back", async () => {
    const daemon = await startCEpmd({ release: otp });
    cleanUp.push(() => daemon.kill());
    const { client: ours, events } = client(daemon.port);
    await ours.register("ours", 5000);
    await daemon.kill();
    await told(events, "lost");
    await expect(ours.lookup("ours", "localhost")).rejects.toThrow(
      expect.objectContaining({ code: "ERR_EPMD_UNREACHABLE" }),
    );
    const second = await startCEpmd({ release: otp, port: daemon.port });
    cleanUp.push(() => second.kill());
    await told(events, "reregistered");
    expect(await ours.lookup("ours", "localhost")).toMatchObject({ port: 5000 });
  });

  otpTest("we dial", "epmd: the real one hangs", async () => {
    const daemon = await startCEpmd({ release: otp });
    cleanUp.push(() => daemon.kill());
    process.kill(daemon.pid, "SIGSTOP");
    const hasty = new EpmdClient({ port: daemon.port, lookupTimeoutMs: 3000 });
    await expect(hasty.lookup("x", "127.0.0.1")).rejects.toThrow(
      expect.objectContaining({ code: "ERR_EPMD_TIMEOUT" }),
    );
    process.kill(daemon.pid, "SIGCONT");
    expect(await hasty.lookup("x", "127.0.0.1")).toBeUndefined();
  });
});

function startNode(otp: OtpRelease, epmdPort: number, name: string) {
  return startOtpNode({ release: otp, nameType: "short", name, cookie: "secret", epmdPort });
}

/** Starts {@link file://./epmd-registrant.ts} and gives what it tells. */
function registrant(epmdPort: number, name: string, port: number) {
  const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [
    "--conditions=disterl-source",
    "--import",
    path("./epmd-source.mjs"),
    path("./epmd-registrant.ts"),
    ...[String(epmdPort), name, String(port)],
  ]);
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr?.pipe(process.stderr);
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  cleanUp.push(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return {
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    ended,
    told: (type: string) =>
      expect.poll(() => output, { timeout: 40_000 }).toContain(`"type":"${type}"`),
  };
}

test("two processes, one epmd within: when its process is killed the other brings its own", async () => {
  const port = await freePort();
  const first = registrant(port, "first", 5001);
  await first.told("registered");
  const second = registrant(port, "second", 5002);
  await second.told("registered");
  const { client: asking } = client(port);
  expect(await asking.lookup("second", "127.0.0.1")).toMatchObject({ port: 5002 });
  first.kill("SIGKILL");
  const started = performance.now();
  await second.told("epmd_started");
  await second.told("reregistered");
  expect(performance.now() - started).toBeLessThan(10_000);
  expect(await asking.names("127.0.0.1")).toEqual([{ name: "second", port: 5002 }]);
  second.kill("SIGTERM");
  expect(await second.ended).toBe(0);
});
