/**
 * A node on another machine that listens on its own loopback address only, and a tunnel that leads there:
 * the other machine is a network namespace, the tunnel is made by ssh.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { atom, startNode } from "disterl";
import { EpmdClient, staticMap } from "disterl/epmd";
import { freePort, otpProgram, startOtpNode } from "disterl/testing";
import { afterEach, expect, test as plainTest } from "vitest";
import { FarSide, namespacesMissing } from "./network-namespace.ts";
import { COOKIE } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";
import { ECHO_NODE, installed } from "./our-programs.ts";
import { accepts, Tunnel } from "./ssh-tunnel.ts";

const missing = namespacesMissing();
const programs: ChildProcess[] = [];

afterEach(async () => {
  for (const program of programs.splice(0)) {
    if (program.exitCode !== null || program.signalCode !== null) continue;
    const ended = once(program, "exit");
    program.kill("SIGKILL");
    await ended;
  }
});

/** Starts a program over there, and waits for what it prints. */
async function startThere(
  far: FarSide,
  [file, args]: readonly [string, readonly string[]],
  env: Readonly<Record<string, string>>,
  ready: RegExp,
): Promise<void> {
  const [within = "", ...words] = far.within;
  const child = spawn(within, [...words, file, ...args], {
    env: { PATH: process.env["PATH"], ...env },
  });
  programs.push(child);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
    });
  }
  await expect.poll(() => printed, { timeout: 15_000 }).toMatch(ready);
}

if (missing !== undefined) {
  if (process.env["REQUIRE_OTP"] === "1") {
    plainTest("tunnels", () => {
      throw new Error(`${missing}, and REQUIRE_OTP=1 is set`);
    });
  } else {
    console.log(`SKIPPED: ${missing}`);
    plainTest.skipIf(true)("tunnels", () => {});
  }
} else {
  forEachOtp((release, test) => {
    test("we dial", "isolation: through an SSH tunnel to a node on its own loopback", async () => {
      using far = new FarSide();
      const [epmdPort, port, local] = [await freePort(), await freePort(), await freePort()];
      const epmd = otpProgram(release, "epmd", ["-d", "-d", "-port", String(epmdPort)]);
      const loopback = { ERL_EPMD_ADDRESS: "127.0.0.1" };
      await startThere(far, [epmd.file, epmd.args], loopback, /entering the main select/);
      await using otp = await startOtpNode({
        ...{ release, nameType: "long", name: "remote", cookie: COOKIE, epmdPort },
        within: far.within,
        flags: ["-kernel", "inet_dist_listen_min", String(port)],
      });
      // From outside there is nothing.
      expect(await accepts(far.there, port)).toBe(false);
      expect(await accepts(far.there, epmdPort)).toBe(false);
      {
        // One port is enough for who knows where it leads.
        await using tunnel = await Tunnel.open(far, [[local, port]]);
        expect(tunnel).toBeDefined();
        await using ours = await startNode({
          ...{ name: "ours@127.0.0.1", cookie: COOKIE, listen: false },
          discovery: staticMap({ "remote@127.0.0.1": { port: local, address: "127.0.0.1" } }),
        });
        await ours.connect("remote@127.0.0.1");
        expect(await ours.rpc("remote@127.0.0.1", "erlang", "node", [])).toBe(
          atom("remote@127.0.0.1"),
        );
        expect(await otp.eval("nodes(hidden)")).toBe("['ours@127.0.0.1']");
      }
      // With its epmd's port and its own, both the same here, all is as on that machine.
      await using tunnel = await Tunnel.open(far, [
        [epmdPort, epmdPort],
        [port, port],
      ]);
      expect(tunnel).toBeDefined();
      await using ours = await startNode({
        ...{ name: "epmd@127.0.0.1", cookie: COOKIE, listen: false },
        epmd: { port: epmdPort, start: false },
      });
      await ours.connect("remote@127.0.0.1");
      await using client = new EpmdClient({ port: epmdPort });
      expect(await client.names("127.0.0.1")).toEqual([{ name: "remote", port }]);
    });

    test(
      "Erlang dials",
      "isolation: through an SSH tunnel to ours on its own loopback",
      async () => {
        using far = new FarSide();
        const [epmdPort, port] = [await freePort(), await freePort()];
        const flags = [
          ...["-name", "ours@127.0.0.1", "-setcookie", COOKIE],
          ...["-kernel", "inet_dist_use_interface", "{127,0,0,1}"],
          ...["inet_dist_listen_min", String(port)],
        ];
        const env = { ERL_EPMD_PORT: String(epmdPort), ERL_EPMD_ADDRESS: "127.0.0.1" };
        const program = [process.execPath, [join(installed(), ECHO_NODE), ...flags]] as const;
        await startThere(far, program, env, /^READY ours@127\.0\.0\.1$/m);
        expect(await accepts(far.there, port)).toBe(false);
        expect(await accepts(far.there, epmdPort)).toBe(false);
        await using tunnel = await Tunnel.open(far, [
          [epmdPort, epmdPort],
          [port, port],
        ]);
        expect(tunnel).toBeDefined();
        await using otp = await startOtpNode({
          ...{ release, nameType: "long", cookie: COOKIE, epmdPort },
          flags: ["-dist_listen", "false"],
        });
        expect(await otp.eval("net_adm:names('127.0.0.1')")).toBe(`{ok,[{"ours",${port}}]}`);
        expect(await otp.eval("net_adm:ping('ours@127.0.0.1')")).toBe("pong");
        const call = "gen_server:call({echo, 'ours@127.0.0.1'}, {echo, hello})";
        expect(await otp.eval(call)).toBe("hello");
      },
    );
  });
}
