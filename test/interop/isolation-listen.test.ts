/** Where nodes listen, and what a host shows of them: by the kernel's own tables. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { promisify } from "node:util";
import { startNode } from "disterl";
import { freePort, otpProgram, startCEpmd, startOtpNode } from "disterl/testing";
import { expect, test as plainTest } from "vitest";
import { listening, pidOf, registered, startEcho } from "./isolation-setup.ts";
import { COOKIE } from "./node-setup.ts";
import { DISTERL, ECHO_NODE, OurProgram } from "./our-programs.ts";
import { forEachOtp } from "./otp.ts";

const run = promisify(execFile);
const LOOPBACK = ["-kernel", "inet_dist_use_interface", "{127,0,0,1}"];

forEachOtp((release, test) => {
  test("both ways", "isolation: one interface, and a port within the range", async () => {
    await using epmd = await startCEpmd({ release });
    const first = await freePort();
    const taken = createServer().listen(first, "127.0.0.2");
    await once(taken, "listening");
    const env = { ERL_EPMD_PORT: String(epmd.port) };
    await using ours = await startEcho(
      [
        ...["-name", "ours@127.0.0.2", "-start_epmd", "false"],
        ...["-kernel", "inet_dist_use_interface", "{127,0,0,2}"],
        ...["inet_dist_listen_min", String(first), "inet_dist_listen_max", String(first + 20)],
      ],
      env,
    );
    const [at = "", ...more] = listening(pidOf(ours));
    expect(more).toEqual([]);
    expect(at).toMatch(/^127\.0\.0\.2:/);
    const port = Number(at.split(":").at(-1));
    expect(port).toBeGreaterThan(first);
    expect(port).toBeLessThanOrEqual(first + 20);
    await using otp = await startOtpNode({
      ...{ release, nameType: "long", cookie: COOKIE, epmdPort: epmd.port },
      flags: [
        ...["-kernel", "inet_dist_use_interface", "{127,0,0,1}"],
        ...["-kernel", "inet_dist_listen_min", String(first), "inet_dist_listen_max"],
        String(first + 20),
      ],
    });
    expect(listening(otp.pid)[0]).toMatch(/^127\.0\.0\.1:/);
    // epmd is asked at the host of the name, and listens on 127.0.0.1 here: it forwards.
    await using relay = await forwarding("127.0.0.2", epmd.port);
    expect(relay.port).toBe(epmd.port);
    expect(await otp.eval("net_adm:ping('ours@127.0.0.2')")).toBe("pong");
    taken.close();
  });

  test("both ways", "isolation: -dist_listen false: no listener, no name, hidden", async () => {
    await using epmd = await startCEpmd({ release });
    const env = { ERL_EPMD_PORT: String(epmd.port) };
    await using peer = await startOtpNode({
      ...{ release, nameType: "short", cookie: COOKIE, epmdPort: epmd.port, name: "peer" },
    });
    const flags = ["-dist_listen", "false"];
    await using ours = await startEcho(["-sname", "ours@localhost", ...flags], env);
    await using theirs = await startOtpNode({
      ...{ release, nameType: "short", cookie: COOKIE, epmdPort: epmd.port, flags },
    });
    expect(listening(pidOf(ours))).toEqual([]);
    expect(listening(theirs.pid)).toEqual([]);
    expect(await registered(epmd.port)).toEqual(["peer"]);
    await using dialling = await startNode({
      ...{ name: "dialling@localhost", cookie: COOKIE, listen: false, hidden: false },
      epmd: { port: epmd.port, start: false },
    });
    await dialling.connect("peer@localhost");
    await theirs.eval("net_adm:ping(peer@localhost)");
    expect(await peer.eval("lists:sort(nodes(hidden))")).toBe(
      `[dialling@localhost,${theirs.nodeName}]`,
    );
    expect(await peer.eval("nodes()")).toBe("[]");
    expect(await registered(epmd.port)).toEqual(["peer"]);
  });

  test("both ways", "isolation: a fixed port with an epmd that does not answer", async () => {
    const port = await freePort();
    await using otp = await startOtpNode({
      ...{ release, nameType: "long", cookie: COOKIE, epmdPort: await freePort() },
      flags: ["-erl_epmd_port", String(port)],
    });
    expect(listening(otp.pid)).toEqual([`127.0.0.1:${port}`]);
    await using ours = await startEcho(
      [
        ...["-name", "ours@127.0.0.2", "-erl_epmd_port", String(port), "-start_epmd", "false"],
        ...["-kernel", "inet_dist_use_interface", "{127,0,0,2}"],
        ...["inet_dist_listen_min", "1", "inet_dist_listen_max", "2"],
      ],
      { ERL_EPMD_PORT: String(await freePort()) },
    );
    // The fixed port goes before the range, as OTP has it.
    expect(listening(pidOf(ours))).toEqual([`127.0.0.2:${port}`]);
    expect(await otp.eval("net_adm:ping('ours@127.0.0.2')")).toBe("pong");
  });

  test("both ways", "isolation: a fixed port with an epmd: registered there", async () => {
    await using epmd = await startCEpmd({ release });
    const port = await freePort();
    await using ours = await startEcho(
      [...["-sname", "ours@localhost", "-erl_epmd_port", String(port)], ...LOOPBACK],
      { ERL_EPMD_PORT: String(epmd.port) },
    );
    expect(listening(pidOf(ours))).toEqual([`127.0.0.1:${port}`]);
    expect(await registered(epmd.port)).toEqual(["ours"]);
  });

  test(
    "we dial",
    "isolation: both names of the fixed port at once: an error, theirs since 27",
    async () => {
      const port = String(await freePort());
      const both = ["-erl_epmd_port", port, "-kernel", "erl_epmd_node_listen_port", port];
      await using ours = new OurProgram(ECHO_NODE, ["-sname", "a@localhost", ...both], {});
      expect(await ours.ended).toBe(1);
      expect(ours.err).toContain("-erl_epmd_port: is given together with");
      const starting = startOtpNode({
        ...{ release, nameType: "short", cookie: COOKIE, epmdPort: await freePort(), flags: both },
      });
      if (release.release !== "25") await expect(starting).rejects.toThrow("not both");
      else await (await starting).stop();
    },
  );

  test(
    "both ways",
    "isolation: ERL_EPMD_ADDRESS for the epmd within a node, as for theirs",
    async () => {
      const port = await freePort();
      const env = { ERL_EPMD_PORT: String(port), ERL_EPMD_ADDRESS: "127.0.0.2" };
      await using ours = await startEcho(["-sname", "ours@localhost", ...LOOPBACK], env);
      const here = listening(pidOf(ours)).filter((at) => at.endsWith(`:${port}`));
      const other = await freePort();
      const { file, args } = otpProgram(release, "epmd", ["-port", String(other)]);
      const theirs = spawn(file, args, { env: { ...process.env, ERL_EPMD_ADDRESS: "127.0.0.2" } });
      const there = () => listening(theirs.pid ?? 0);
      try {
        // One socket after the other.
        const same = here.map((at) => at.replace(`:${port}`, `:${other}`));
        await expect.poll(there).toEqual(same);
      } finally {
        theirs.kill();
      }
      expect(here).toContain(`127.0.0.2:${port}`);
      await using otp = await startOtpNode({
        ...{ release, nameType: "short", cookie: COOKIE, epmdPort: port },
      });
      expect(await otp.eval("net_adm:ping(ours@localhost)")).toBe("pong");
    },
  );
});

/** Hands connections on to the same port of `127.0.0.1`. */
async function forwarding(host: string, port: number) {
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
    near.pipe(far).pipe(near);
  });
  server.listen(port, host);
  await once(server, "listening");
  return {
    port,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

plainTest("as erl does, flags alone listen everywhere: told once, loudly", async () => {
  const epmd = String(await freePort());
  await using ours = await startEcho(["-sname", "ours@localhost"], {
    ...{ ERL_EPMD_PORT: epmd, ERL_EPMD_ADDRESS: "127.0.0.1" },
  });
  const [at, ...more] = listening(pidOf(ours)).filter((one) => !one.endsWith(`:${epmd}`));
  expect(at).toMatch(/^0\.0\.0\.0:/);
  expect(more).toEqual([]);
  await expect.poll(() => ours.err).toContain("DISTERL_TCP_EXPOSED");
  expect(ours.err.match(/DISTERL_TCP_EXPOSED/g)).toHaveLength(1);
  expect(ours.err.match(/encrypts nothing/g)).toHaveLength(1);
});

plainTest("on loopback nothing is told", async () => {
  await using ours = await startEcho(["-sname", "ours@localhost", ...LOOPBACK], {
    ...{ ERL_EPMD_PORT: String(await freePort()), ERL_EPMD_ADDRESS: "127.0.0.1" },
  });
  expect(ours.err).not.toContain("DISTERL_TCP_EXPOSED");
});

plainTest.each([
  ["127.0.0.2,127.0.0.3", ["127.0.0.1", "127.0.0.2", "127.0.0.3"]],
  ["127.0.0.1", ["127.0.0.1"]],
  ["::1", ["127.0.0.1"]],
  ["::1, 127.0.0.2", ["127.0.0.1", "127.0.0.2"]],
])("ERL_EPMD_ADDRESS=%s of disterl epmd: these, and loopback always", async (list, expected) => {
  const port = await freePort();
  const env = { ERL_EPMD_PORT: String(port), ERL_EPMD_ADDRESS: list };
  await using epmd = new OurProgram(DISTERL, ["epmd"], env);
  await expect.poll(() => listening(pidOf(epmd)).length, { timeout: 10_000 }).toBeGreaterThan(0);
  const ipv4 = expected.map((address) => `${address}:${port}`);
  const ipv6 = (await hasIpv6()) ? [`::1:${port}`] : [];
  await expect.poll(() => listening(pidOf(epmd))).toEqual([...ipv4, ...ipv6]);
});

async function hasIpv6(): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(0, "::1", () => server.close(() => resolve(true)));
  });
}

plainTest.each(["abc", "", "-1"])(
  "CF-08 ERL_EPMD_PORT=%j is one error that names it, of a node and of disterl epmd",
  async (port) => {
    const env = { ERL_EPMD_PORT: port };
    await using node = new OurProgram(ECHO_NODE, ["-sname", "a@localhost"], env);
    await using epmd = new OurProgram(DISTERL, ["epmd"], env);
    for (const program of [node, epmd]) {
      expect(await program.ended).not.toBe(0);
      const lines = program.err
        .trim()
        .split("\n")
        .filter((line) => line.includes("ERL_EPMD_PORT"));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain("a port, 1 to 65535");
    }
  },
);

plainTest("CF-08 and so it is of an address that is none", async () => {
  const env = { ERL_EPMD_PORT: String(await freePort()), ERL_EPMD_ADDRESS: "127.0.0.1,nowhere" };
  const flags = ["-sname", "a@localhost", "-setcookie", COOKIE, ...LOOPBACK];
  await using node = new OurProgram(ECHO_NODE, flags, env);
  await using epmd = new OurProgram(DISTERL, ["epmd"], env);
  for (const program of [node, epmd]) {
    expect(await program.ended).not.toBe(0);
    expect(program.err).toContain('cannot parse IP address "nowhere"');
    expect(program.err).toContain("ERL_EPMD_ADDRESS");
  }
});

plainTest(
  "with ss, as an administrator sees it: one listener, on the address asked for",
  async () => {
    const port = await freePort();
    await using ours = await startEcho([
      ...["-name", "ours@127.0.0.2", "-erl_epmd_port", String(port), "-no_epmd"],
      ...["-kernel", "inet_dist_use_interface", "{127,0,0,2}"],
    ]);
    const { stdout } = await run("ss", ["-ltnpH"]);
    const own = stdout.split("\n").filter((line) => line.includes(`pid=${pidOf(ours)},`));
    expect(own.map((line) => line.split(/\s+/)[3])).toEqual([`127.0.0.2:${port}`]);
  },
);
