import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EpmdClient } from "disterl/epmd";
import { type CEpmd, freePort, type OtpNode, startCEpmd, startOtpNode } from "disterl/testing";
import { afterEach, beforeEach, expect } from "vitest";
import { forEachOtp } from "./otp.ts";
import { ECHO_NODE, OurProgram } from "./our-programs.ts";

const COOKIE = "a_cookie_for_tests_only";
const LOOPBACK = ["-kernel", "inet_dist_use_interface", "{127,0,0,1}"];

forEachOtp((release, test) => {
  let home: string;
  let epmd: CEpmd;
  let otp: OtpNode;

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "disterl-echo-"));
    epmd = await startCEpmd({ release });
    otp = await startOtpNode({ release, nameType: "short", cookie: COOKIE, epmdPort: epmd.port });
  });

  afterEach(async () => {
    await otp.stop();
    await epmd.stop();
    rmSync(home, { recursive: true });
  });

  function program(flags: readonly string[], env: Record<string, string> = {}): OurProgram {
    return new OurProgram(ECHO_NODE, flags, {
      ...{ HOME: home, ERL_EPMD_PORT: String(epmd.port) },
      ...env,
    });
  }

  async function echoNode(...flags: string[]): Promise<OurProgram> {
    const running = program([
      "-sname",
      "echo@localhost",
      "-setcookie",
      COOKIE,
      ...LOOPBACK,
      ...flags,
    ]);
    await running.waitFor(/READY .*\n/);
    return running;
  }

  async function registered(): Promise<string[]> {
    await using client = new EpmdClient({ port: epmd.port });
    return (await client.names("127.0.0.1")).map(({ name }) => name);
  }

  test("Erlang dials", "echo node: {From, Ref, Term}", async () => {
    await using running = await echoNode();
    expect(running.out).toBe("READY echo@localhost\n");
    const answer = await otp.eval(
      'Term = {1, 1.0, <<1:3>>, [a|b], #{x => self()}, "text", fun lists:map/2}, R = make_ref(),' +
        " {echo, 'echo@localhost'} ! {self(), R, Term}," +
        " receive {R, Term} -> same; Other -> Other after 5000 -> nothing end",
    );
    expect(answer).toBe("same");
  });

  test("Erlang dials", "echo node: gen_server:call", async () => {
    await using running = await echoNode();
    expect(running.out).toContain("READY");
    const echo = "gen_server:call({echo, 'echo@localhost'}, {echo, {hello, [1, 2.5]}})";
    expect(await otp.eval(echo)).toBe("{hello,[1,2.5]}");
    expect(await otp.eval("net_adm:ping('echo@localhost')")).toBe("pong");
  });

  test("Erlang dials", "echo node: visible without -hidden, hidden with it", async () => {
    const connected = "true = net_kernel:connect_node('echo@localhost'), {nodes(), nodes(hidden)}";
    {
      await using running = await echoNode();
      expect(await otp.eval(connected)).toBe("{[echo@localhost],[]}");
      running.child.kill("SIGTERM");
      expect(await running.ended).toBe(0);
    }
    await otp.eval("(fun F() -> case nodes() of [] -> ok; _ -> timer:sleep(20), F() end end)()");
    await using hidden = await echoNode("-hidden");
    expect(hidden.out).toContain("READY");
    expect(await otp.eval(connected)).toBe("{[],[echo@localhost]}");
  });

  test("Erlang dials", "echo node: SIGTERM tells the peers and epmd, status 0", async () => {
    const running = await echoNode();
    expect(await registered()).toContain("echo");
    await otp.eval("true = net_kernel:connect_node('echo@localhost')");
    await otp.eval("true = erlang:monitor_node('echo@localhost', true)");
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    expect(await otp.eval("receive {nodedown, N} -> N after 5000 -> still_up end")).toBe(
      "echo@localhost",
    );
    expect(await registered()).not.toContain("echo");
    expect(running.out).toBe("READY echo@localhost\n");
  });

  test("Erlang dials", "echo node: a long name, by -name and -env", async () => {
    await using long = await startOtpNode({
      ...{ release, nameType: "long", cookie: COOKIE, epmdPort: epmd.port },
    });
    const flags = ["-name", "echo@127.0.0.1", "-env", "ERL_EPMD_PORT", String(epmd.port)];
    await using running = program([...flags, ...LOOPBACK], {
      ERL_EPMD_PORT: "1",
      ERL_ZFLAGS: `-setcookie ${COOKIE}`,
    });
    await running.waitFor(/^READY echo@127\.0\.0\.1\n$/);
    expect(await long.eval("net_adm:ping('echo@127.0.0.1')")).toBe("pong");
  });

  test("Erlang dials", "echo node: a cookie for one node only", async () => {
    const flags = ["-setcookie", "another_cookie_for_tests", "-setcookie", otp.nodeName, COOKIE];
    await using running = program(["-sname", "echo@localhost", ...flags, ...LOOPBACK]);
    await running.waitFor(/READY/);
    expect(await otp.eval("net_adm:ping('echo@localhost')")).toBe("pong");
  });

  test("Erlang dials", "echo node: -allow leaves others out", async () => {
    await using running = await echoNode("-allow", "somebody@localhost,else@localhost");
    expect(running.out).toContain("READY");
    expect(await otp.eval("net_adm:ping('echo@localhost')")).toBe("pang");
    await using other = await startOtpNode({
      ...{ release, nameType: "short", name: "else@localhost" },
      ...{ cookie: COOKIE, epmdPort: epmd.port },
    });
    expect(await other.eval("net_adm:ping('echo@localhost')")).toBe("pong");
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    expect(running.err).toMatch(/^echo-node: refused 127\.0\.0\.1: .*allow/m);
  });

  test("the harness", "echo node: -help tells the flags, status 0", async () => {
    for (const word of ["-help", "--help", "-h"]) {
      const running = program(["-sname", "echo@localhost", word]);
      expect(await running.ended).toBe(0);
      expect(running.out).toMatch(/^usage: .*-ssl_dist_optfile File/s);
      expect(running.err).toBe("");
    }
  });

  test("Erlang dials", "echo node: its net_ticktime counts", async () => {
    await using running = await echoNode("-kernel", "net_ticktime", "4");
    await otp.eval("true = net_kernel:connect_node('echo@localhost')");
    const start = performance.now();
    otp.suspend();
    // Our node gives the frozen peer up; when that goes on, it finds the connection closed.
    await new Promise((resolve) => setTimeout(resolve, 9000));
    otp.resume();
    await otp.eval("(fun F() -> case nodes() of [] -> ok; _ -> timer:sleep(20), F() end end)()");
    expect(performance.now() - start).toBeLessThan(25_000);
    expect(running.err).not.toContain("Error");
  });

  test("Erlang dials", "echo node: on one fixed port, without epmd", async () => {
    const port = String(await freePort());
    const env = { ERL_EPMD_PORT: "1" };
    const flags = ["-start_epmd", "false", "-erl_epmd_port", port, ...LOOPBACK];
    await using running = program(
      ["-sname", "echo@localhost", "-setcookie", COOKIE, ...flags],
      env,
    );
    await running.waitFor(/READY/);
    const interfaceOf = ["-kernel", "inet_dist_use_interface", "{127,0,0,2}"];
    await using fixed = await startOtpNode({
      ...{ release, nameType: "short", cookie: COOKIE, env },
      flags: ["-start_epmd", "false", "-erl_epmd_port", port, ...interfaceOf],
    });
    expect(await fixed.eval("net_adm:ping('echo@localhost')")).toBe("pong");
  });

  test("both ways", "echo node: a name that is taken ends it with the reason", async () => {
    const name = otp.nodeName;
    const running = program(["-sname", name, "-setcookie", COOKIE, ...LOOPBACK]);
    const status = await running.ended;
    expect(status).not.toBe(0);
    expect(running.out).toBe("");
    expect(running.err).toMatch(new RegExp(`echo-node: .*${name.split("@")[0]}`));
    expect(running.err).not.toMatch(/^\s+at /m);
    await using again = await echoNode();
    const taken = program(["-sname", "echo@localhost", "-setcookie", COOKIE, ...LOOPBACK]);
    expect(await taken.ended).not.toBe(0);
    expect(again.out).toContain("READY");
  });

  test("Erlang dials", "echo node: brings its own epmd", async () => {
    const port = String(await freePort());
    const env = { ERL_EPMD_PORT: port };
    await using running = program(
      ["-sname", "echo@localhost", "-setcookie", COOKIE, ...LOOPBACK],
      env,
    );
    await running.waitFor(/READY/);
    await using other = await startOtpNode({
      ...{ release, nameType: "short", cookie: COOKIE, epmdPort: Number(port) },
    });
    expect(await other.eval("net_adm:ping('echo@localhost')")).toBe("pong");
    expect(await other.eval("{ok, L} = erl_epmd:names(), length(L)")).toBe("2");
  });
});
