/**
 * The command as people and scripts know it: texts and exit statuses, ours and those of the `epmd` of
 * each Erlang/OTP found here, each asking its own daemon.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { freePort, otpReleases } from "disterl/testing";
import { afterEach, describe, expect, test } from "vitest";
import { ourCall, ourProgram, realProgram, runCall } from "./epmd-programs.ts";
import { EpmdLog } from "../../packages/cli/src/epmd/epmd-log.ts";
import { systemdDescriptors } from "../../packages/cli/src/epmd/systemd.ts";
import { ask, bytes, names, RawConnection, register } from "./epmd-raw.ts";

const cleanUp: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

/** A line of the log, without its time. */
function logged(stderr: string): string {
  return stderr.replace(/^epmd: \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}: /gm, "LOG ");
}

describe.each([ourProgram, ...otpReleases().map(realProgram)])("$name", (program) => {
  async function daemon(...flags: string[]): Promise<{ port: number; ended: Promise<unknown> }> {
    const port = await freePort();
    const running = await program.start(port, ["-address", "127.0.0.1", ...flags]);
    cleanUp.push(() => running[Symbol.asyncDispose]());
    return { port, ended: running.ended };
  }

  const ask = (port: number, ...args: string[]) => program.run(["-port", String(port), ...args]);

  test.each([
    [["-names"], "epmd: Cannot connect to local epmd\n"],
    [["-dump"], "epmd: Cannot connect to local epmd\n"],
    [["-kill"], "epmd: Cannot connect to local epmd\n"],
    [["-stop", "x"], "epmd: Cannot connect to local epmd\n"],
    [["-started"], ""],
  ])("%j when there is no daemon", async (args, stderr) => {
    const outcome = await ask(await freePort(), ...args);
    expect(outcome).toEqual({ stdout: "", stderr, status: 1 });
  });

  test.each([
    [["-bogus"]],
    [["-port"]],
    [["-port", "abc"]],
    [["-port", "0"]],
    [["-address"]],
    [["-packet_timeout", "0"]],
    [["-delay_write", "x"]],
    [["-stop"]],
    [["-names", "-d"]],
    [["-kill", "x"]],
  ])("%j is answered with the usage and 1", async (args) => {
    const outcome = await program.run(args);
    expect(outcome.stdout).toBe("");
    expect(outcome.stderr).toMatch(/^usage: epmd \[-d\|-debug\] \[DbgExtra\.\.\.\]/);
    expect(outcome.status).toBe(1);
  });

  test("-names, -started and -dump", async () => {
    const { port } = await daemon();
    const head = `epmd: up and running on port ${port} with data:\n`;
    expect(await ask(port, "-names")).toEqual({ stdout: head, stderr: "", status: 0 });
    const { connection: gone } = await register(port, "gone");
    await gone.end();
    const { connection } = await register(port, "кролик", { port: 25672 });
    cleanUp.push(() => connection.destroy());
    expect(await ask(port, "-names")).toEqual({
      stdout: `${head}name кролик at port 25672\n`,
      stderr: "",
      status: 0,
    });
    expect(await ask(port, "-started")).toEqual({ stdout: "", stderr: "", status: 0 });
    const dump = await ask(port, "-dump");
    expect(dump.stdout.replace(/fd = \d+/g, "fd = N")).toBe(
      `${head}active name     <кролик> at port 25672, fd = N\n\0` +
        "old/unused name <gone>, port = 5000, fd = N \n\0",
    );
    expect(dump.status).toBe(0);
  });

  test("-kill, refused and allowed", async () => {
    const { port, ended } = await daemon();
    const { connection } = await register(port, "x");
    expect(await ask(port, "-kill")).toEqual({
      stdout: "Killing not allowed - living nodes in database.\n",
      stderr: "",
      status: 1,
    });
    await connection.end();
    expect(await ask(port, "-kill")).toEqual({ stdout: "Killed\n", stderr: "", status: 0 });
    expect(await ended).toBe(0);
  });

  test("-stop without the relaxed command check", async () => {
    const { port } = await daemon();
    const { connection } = await register(port, "x");
    cleanUp.push(() => connection.destroy());
    for (const name of ["x", "y"]) {
      expect(await ask(port, "-stop", name)).toEqual({
        stdout: "epmd: local epmd responded with <>\n",
        stderr: "",
        status: 1,
      });
    }
    expect(await names(port)).toHaveLength(1);
  });

  test("-stop and -kill with the relaxed command check", async () => {
    const { port, ended } = await daemon("-relaxed_command_check");
    const { connection } = await register(port, "x");
    expect(await ask(port, "-stop", "y")).toEqual({ stdout: "NOEXIST\n", stderr: "", status: 0 });
    expect(await ask(port, "-stop", "x")).toEqual({ stdout: "STOPPED\n", stderr: "", status: 0 });
    await connection.readAll();
    await register(port, "z");
    expect(await ask(port, "-kill")).toEqual({ stdout: "Killed\n", stderr: "", status: 0 });
    expect(await ended).toBe(0);
  });

  test("-stop with a name that is too long", async () => {
    const outcome = await ask(await freePort(), "-stop", "x".repeat(1001));
    expect(outcome).toEqual({ stdout: "epmd: Name too long!", stderr: "", status: 1 });
  });

  test("a second daemon on the port ends with 0 and says so only with -d", async () => {
    const { port } = await daemon();
    const second = ["-address", "127.0.0.1", "-port", String(port)];
    expect(await program.run(second)).toEqual({ stdout: "", stderr: "", status: 0 });
    const outcome = await program.run([...second, "-d"]);
    expect(outcome.status).toBe(0);
    expect(logged(outcome.stderr)).toBe(
      "LOG epmd running - daemon = 0\r\n" +
        `LOG there is already a epmd running at port ${port} on ipaddr 127.0.0.1\r\n`,
    );
  });

  test("an address that is none, or is not of this machine", async () => {
    const port = String(await freePort());
    const none = await program.run(["-port", port, "-address", "127.0.0.1,foo"]);
    expect(none).toMatchObject({ stdout: "", status: 1 });
    expect(logged(none.stderr)).toBe('LOG cannot parse IP address "foo"\r\n');
    const foreign = await program.run(["-port", port, "-address", "192.0.2.77"]);
    expect(foreign).toMatchObject({ stdout: "", status: 1 });
    expect(logged(foreign.stderr)).toBe(
      "LOG failed to bind on ipaddr 192.0.2.77: Cannot assign requested address\r\n",
    );
  });

  test("-systemd without sockets", async () => {
    const outcome = await program.run(["-systemd", "-port", String(await freePort())]);
    expect(outcome).toMatchObject({ stdout: "", status: 1 });
    expect(logged(outcome.stderr)).toBe("LOG systemd provides no sockets\r\n");
  });

  test("the environment: port, addresses, relaxed by mere existence", async () => {
    const port = await freePort();
    const env = {
      ERL_EPMD_PORT: String(port),
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_RELAXED_COMMAND_CHECK: "",
    };
    const running = await program.start(port, [], env);
    cleanUp.push(() => running[Symbol.asyncDispose]());
    await register(port, "x");
    expect((await program.run(["-names"], env)).stdout).toContain("name x at port 5000\n");
    expect((await program.run(["-stop", "x"], env)).stdout).toBe("STOPPED\n");
    const bad = { ...env, ERL_EPMD_ADDRESS: "foo", ERL_EPMD_PORT: String(await freePort()) };
    const outcome = await program.run([], bad);
    expect(outcome.status).toBe(1);
    expect(logged(outcome.stderr)).toMatch(/^LOG cannot parse IP address "foo"/);
  });

  test("-daemon returns 0 and leaves a daemon behind; twice is harmless; -kill ends it", async () => {
    const port = await freePort();
    const start = ["-daemon", "-address", "127.0.0.1", "-port", String(port)];
    expect(await program.run(start)).toEqual({ stdout: "", stderr: "", status: 0 });
    await expect.poll(async () => (await ask(port, "-started")).status).toBe(0);
    const { connection } = await register(port, "x");
    expect(await program.run(start)).toEqual({ stdout: "", stderr: "", status: 0 });
    expect(await names(port)).toHaveLength(1);
    await connection.end();
    expect((await ask(port, "-kill")).stdout).toBe("Killed\n");
  });
});

describe("disterl epmd alone", () => {
  test("as a process: a daemon in the foreground, its log, and its end", async () => {
    const args = ["-names", "-port", "1"];
    expect(await runCall(ourCall(args), {})).toMatchObject({ stdout: "", status: 1 });
    const port = await freePort();
    const running = runCall(ourCall(["-d", "-address", "127.0.0.1", "-port", String(port)]), {});
    const ask = () => ourProgram.run(["-port", String(port), "-kill"]);
    await expect.poll(async () => (await ask()).stdout, { timeout: 30_000 }).toBe("Killed\n");
    const { status, stderr } = await running;
    expect(status).toBe(0);
    expect(logged(stderr)).toMatch(
      /^LOG epmd running - daemon = 0\r\n(LOG .*\r\n)*LOG got KILL_REQ - terminates normal\r\n$/,
    );
  });

  test("-daemon has its port answered when it returns", async () => {
    const port = String(await freePort());
    await ourProgram.run(["-daemon", "-address", "127.0.0.1", "-port", port]);
    expect((await ourProgram.run(["-port", port, "-kill"])).stdout).toBe("Killed\n");
  });

  /** Runs the command in a shell of its own, which prepares its surroundings. */
  function inShell(script: string, args: readonly string[], descriptor?: number): ChildProcess {
    const { file, args: all } = ourCall(args);
    const child = spawn("sh", ["-c", `${script}; exec "$@"`, "sh", file, ...all], {
      stdio: ["ignore", "ignore", "pipe", descriptor ?? "ignore"],
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    cleanUp.push(async () => {
      child.kill("SIGKILL");
      await ended;
    });
    return child;
  }

  function ready(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      let text = "";
      child.stderr?.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes("entering the main loop")) resolve();
      });
      child.once("close", () => reject(new Error(text)));
    });
  }

  test("-systemd takes over a socket that listens already", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { fd } = Reflect.get(server, "_handle");
    const script = "export LISTEN_PID=$$ LISTEN_FDS=1";
    const child = inShell(script, ["-systemd", "-d", "-d"], fd);
    const listening = ready(child);
    server.close();
    await listening;
    const { connection } = await register(port, "x");
    expect((await ourProgram.run(["-port", String(port), "-names"])).stdout).toBe(
      `epmd: up and running on port ${port} with data:\nname x at port 5000\n`,
    );
    await connection.end();
  });

  test("with few descriptors idle connections make room for look-ups", async () => {
    const port = await freePort();
    const args = ["-address", "127.0.0.1", "-port", String(port), "-d", "-d"];
    await ready(inShell("ulimit -n 128", args));
    const { connection } = await register(port, "x");
    const idle: RawConnection[] = [];
    for (let index = 0; index < 300; index += 1) idle.push(await RawConnection.open(port));
    expect(await ask(port, bytes("0002 7a 78"))).toMatch(/^7700/);
    expect(connection.closed).toBe(false);
    for (const one of idle) one.destroy();
    await connection.end();
  });

  test("the log is bounded in lines a second and in the length of a line", async () => {
    const lines: string[] = [];
    let now = new Date(2026, 10, 21, 14, 2, 3);
    const log = new EpmdLog(
      (line) => lines.push(line),
      0,
      () => now,
    );
    for (let index = 0; index < 100; index += 1) log.line(0, "\u001b".repeat(5000));
    log.line(1, "of no interest");
    expect(lines).toHaveLength(20);
    expect(lines[0]).toMatch(/^epmd: Sat Nov 21 14:02:03 2026: \\x1b/);
    expect(lines[0]?.length).toBeLessThan(2100);
    now = new Date(2026, 10, 1, 4, 2, 4);
    log.line(0, "later");
    expect(lines.slice(20)).toEqual([
      "epmd: Sun Nov  1 04:02:04 2026: 80 lines left out\r\n",
      "epmd: Sun Nov  1 04:02:04 2026: later\r\n",
    ]);
  });

  test("systemd's sockets are taken only by the process they are for", () => {
    const environment = { LISTEN_PID: "42", LISTEN_FDS: "2" };
    expect(systemdDescriptors(environment, 42)).toEqual([3, 4]);
    expect(systemdDescriptors(environment, 43)).toEqual([]);
    expect(systemdDescriptors({ LISTEN_PID: "42", LISTEN_FDS: "x" }, 42)).toEqual([]);
  });

  test.each(["abc", "", "-1", "65536"])("ERL_EPMD_PORT=%j is named", async (value) => {
    const outcome = await ourProgram.run(["-names"], { ERL_EPMD_PORT: value });
    expect(outcome).toEqual({
      stdout: "",
      stderr: `epmd: ERL_EPMD_PORT is "${value}"; expected a port, 1 to 65535\n`,
      status: 1,
    });
  });

  test("-port goes before a bad ERL_EPMD_PORT", async () => {
    const port = await freePort();
    const env = { ERL_EPMD_PORT: "abc" };
    const outcome = await ourProgram.run(["-port", String(port), "-started"], env);
    expect(outcome).toEqual({ stdout: "", stderr: "", status: 1 });
  });

  test("ERL_EPMD_ADDRESS is named when it holds what is no address", async () => {
    const env = { ERL_EPMD_ADDRESS: "foo", ERL_EPMD_PORT: String(await freePort()) };
    const { stderr } = await ourProgram.run([], env);
    expect(logged(stderr)).toBe('LOG cannot parse IP address "foo" in ERL_EPMD_ADDRESS\r\n');
  });

  test("-daemon that cannot listen ends with 1 and the reason", async () => {
    const args = ["-daemon", "-address", "192.0.2.77", "-port", String(await freePort())];
    const outcome = await ourProgram.run(args);
    expect(outcome.status).toBe(1);
    expect(logged(outcome.stderr)).toContain("failed to bind on ipaddr 192.0.2.77");
  });
});
