import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CEpmd, type OtpNode, startCEpmd, startOtpNode } from "disterl/testing";
import { afterEach, beforeEach, expect } from "vitest";
import { type CommandRun, disterl } from "./run-disterl.ts";
import { forEachOtp } from "./otp.ts";

const COOKIE = "a cookie for tests only";

forEachOtp((release, test) => {
  let home: string;
  let epmd: CEpmd;
  let otp: OtpNode;

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "disterl-cli-"));
    writeFileSync(join(home, ".erlang.cookie"), COOKIE);
    chmodSync(join(home, ".erlang.cookie"), 0o400);
    epmd = await startCEpmd({ release });
    otp = await startOtpNode({ release, nameType: "short", cookie: COOKIE, epmdPort: epmd.port });
  });

  afterEach(async () => {
    await otp.stop();
    await epmd.stop();
    rmSync(home, { recursive: true });
  });

  const run = (...argv: string[]): Promise<CommandRun> =>
    disterl(argv, { env: { HOME: home, ERL_EPMD_PORT: String(epmd.port) } });
  const call = (text: string, ...more: string[]) => run("call", otp.nodeName, text, ...more);

  test("we dial", "disterl names", async () => {
    const { status, out } = await run("names");
    expect(status).toBe(0);
    expect(out).toMatch(new RegExp(`^${otp.nodeName.split("@")[0]} {2}\\d+\\n$`));
  });

  test("we dial", "disterl ping", async () => {
    const { status, out, err } = await run("ping", otp.nodeName);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect(out).toMatch(/^pong {2}/);
  });

  test("we dial", "disterl ping of a long name", async () => {
    await using long = await startOtpNode({
      ...{ release, nameType: "long", cookie: COOKIE, epmdPort: epmd.port },
    });
    expect(await run("ping", long.nodeName)).toMatchObject({ status: 0, err: "" });
  });

  test("we dial", "disterl ping and call --address: the host need not exist, no epmd", async () => {
    await using far = await startOtpNode({
      ...{ release, nameType: "long", name: "far@db1.invalid", cookie: COOKIE },
      epmdPort: epmd.port,
    });
    const [, port = ""] = /^far +(\d+)$/m.exec((await run("names")).out) ?? [];
    const env = { HOME: home, ERL_EPMD_PORT: "no port" };
    for (const at of ["127.0.0.1", "localhost"]) {
      const address = ["--address", `${at}:${port}`];
      expect(await disterl(["ping", far.nodeName, ...address], { env })).toMatchObject({
        ...{ status: 0, err: "" },
      });
      const called = await disterl(["call", far.nodeName, "erlang:node()", ...address], { env });
      expect(called).toEqual({ status: 0, out: "'far@db1.invalid'\n", err: "" });
    }
    const other = await disterl(["ping", "near@db1.invalid", "--address", `127.0.0.1:${port}`], {
      env,
    });
    expect(other).toMatchObject({ status: 3, out: "" });
    expect(other.err).toMatch(/^disterl: handshake: /);
  });

  test("we dial", "disterl leaves one atom behind, however often it runs", async () => {
    await otp.eval(
      "register(watch, spawn(fun() -> ok = net_kernel:monitor_nodes(true, [{node_type, all}])," +
        " (fun F(L) -> receive {nodeup, N, _} -> F([N | L]); {get, P} -> P ! {names, L}, F(L); _ -> F(L) end end)([]) end))",
    );
    for (let times = 0; times < 3; times++)
      expect((await run("ping", otp.nodeName)).status).toBe(0);
    const names = await otp.eval(
      "watch ! {get, self()}, receive {names, L} -> {length(L), length(lists:usort(L))} end",
    );
    expect(names).toBe("{3,1}");
  });

  test("we dial", "disterl call", async () => {
    expect(await call("lists:seq(1, 3)")).toEqual({ status: 0, out: "[1,2,3]\n", err: "" });
    expect(await call("erlang:node()")).toMatchObject({ status: 0, out: `${otp.nodeName}\n` });
    expect(await call('string:uppercase("h\u00e9")')).toMatchObject({ out: '"H\u00c9"\n' });
    expect(await call('maps:merge(#{a => 1}, #{<<"b">> => {2.0, []}})')).toMatchObject({
      status: 0,
      out: '#{a => 1,<<"b">> => {2.0,[]}}\n',
    });
  });

  test("we dial", "disterl call --json", async () => {
    const { status, out } = await call('lists:zip([a, 1], [<<"b">>, 2.0])', "--json");
    expect(status).toBe(0);
    expect(JSON.parse(out)).toEqual([
      { $tuple: [{ $atom: "a" }, "b"] },
      { $tuple: [1, { $float: "2.0" }] },
    ]);
  });

  test("we dial", "disterl call: what the function prints is no data", async () => {
    const { status, out, err } = await call('io:format("hello ~s~n", ["\\e[2Jthere"])');
    expect({ status, out }).toEqual({ status: 0, out: "ok\n" });
    expect(err).toContain("hello");
    expect(err).not.toContain("\u001b");
  });

  test("we dial", "disterl call: exceptions, status 1", async () => {
    const failed = await call('erlang:error({bad, "thing"})');
    expect(failed.status).toBe(1);
    expect(failed.out).toBe("");
    expect(failed.err).toMatch(/^disterl: call: .*error/);
    expect(failed.err).toContain('{bad,"thing"}');
    expect((await call("no_such_module:f()")).err).toContain("undef");
    expect((await call("erlang:exit(mine)")).err).toMatch(/raised exit.*mine/s);
    expect((await call("erlang:throw(mine)")).err).toMatch(/raised throw.*mine/s);
    const json = await call("erlang:error({bad, thing})", "--json");
    expect(JSON.parse(json.out)).toMatchObject({
      error: {
        ...{ layer: "call", code: "ERR_CALL_REMOTE", class: "error", exitCode: 1 },
        reason: { $tuple: [{ $atom: "bad" }, { $atom: "thing" }] },
      },
    });
  });

  test("we dial", "disterl call: no answer in time, status 4", async () => {
    const { status, out, err } = await call("timer:sleep(60000)", "--timeout", "3");
    expect({ status, out }).toEqual({ status: 4, out: "" });
    expect(err).toMatch(/^disterl: call: /);
  });

  test(
    "we dial",
    "CL-04 disterl call: terms cannot drive the terminal, and are bounded",
    async () => {
      const nasty = await call('erlang:list_to_binary([27, "[2J", 16#e2, 16#80, 16#ae])');
      expect(nasty.out).not.toContain("\u001b");
      expect(nasty.out).not.toContain("\u202e");
      const long = await call("lists:seq(1, 1000000)");
      expect(long.out.length).toBeLessThan(11_000);
      expect(long.out).toContain("...");
      const full = await call("lists:seq(1, 100000)", "--full");
      expect(full.out).toMatch(/99999,\s*100000\]\n$/);
    },
  );

  test("we dial", "disterl: a wrong cookie is named", async () => {
    const env = { HOME: home, ERL_EPMD_PORT: String(epmd.port), DISTERL_COOKIE: "quite another" };
    const { status, err } = await disterl(["ping", otp.nodeName], { env });
    expect(status).toBe(3);
    expect(err).toMatch(/^disterl: handshake: .*cookie/s);
    expect(err).not.toContain("quite another");
  });

  test("we dial", "disterl: short and long names do not mix, and it says so", async () => {
    const name = otp.nodeName.replace("@localhost", "@127.0.0.1");
    const { status, err } = await run("ping", name);
    expect(status).toBe(3);
    expect(err).toMatch(/^disterl: handshake: /);
  });
});
