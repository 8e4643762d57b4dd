import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeTerm } from "disterl/etf";
import { parseErlFlags, splitArguments, valuesOf } from "disterl/flags";
import { type CEpmd, type OtpNode, startCEpmd, startOtpNode } from "disterl/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test as hostTest } from "vitest";
import { forEachOtp } from "./otp.ts";
import { ECHO_NODE, OurProgram } from "./our-programs.ts";
import { TlsFiles } from "./tls-setup.ts";

const COOKIE = "a_cookie_for_tests_only";
const page = readFileSync(join(import.meta.dirname, "../../docs/guide/08-tls.md"), "utf8");

/** One section of the page: a command line of Erlang's, and ours beside it. */
interface Pair {
  readonly title: string;
  readonly erl: string;
  readonly ours: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What stands below "Erlang's command lines, and ours". */
const chapter = page.slice(page.indexOf("\n## Erlang's command lines, and ours"));
const pairs = chapter.split("\n### ").flatMap((section): Pair[] => {
  const script = /^```sh\n(.*?)^```/ms.exec(section)?.[1];
  if (script === undefined) return [];
  const line = (program: string): string =>
    new RegExp(`^${program} (.*)$`, "m").exec(script)?.[1] ?? "";
  const variables = [...script.matchAll(/^(ERL_\w+)="([^"]*)"$/gm)];
  return [
    {
      title: section.slice(0, section.indexOf("\n")),
      ...{ erl: line("erl"), ours: line("node app\\.mjs") },
      env: Object.fromEntries(variables.map(([, name, value]) => [name, value])),
    },
  ];
});

/** The files whose names stand before them. */
const files = [...chapter.matchAll(/^`(\/home\/me\/ssl\/\S+)`:\n\n```erlang\n(.*?)^```/gms)];

hostTest("the guide has the command lines of Erlang's", () => {
  expect(pairs.map(({ title }) => title)).toEqual([
    "Options in a file",
    "Both sides verified",
    "Options on the command line",
    "Options in the environment",
    "IPv6",
  ]);
  for (const { erl, ours } of pairs) expect([erl, ours]).not.toContain("");
  expect(files).toHaveLength(2);
});

forEachOtp((release, test) => {
  const tls = new TlsFiles(release);
  afterAll(() => tls[Symbol.dispose]());
  /** What the page calls `/home/me/ssl`. */
  const folder = mkdtempSync(join(release.root ?? "", tmpdir(), "disterl guide-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const inside = tls.inside(folder);
  let home: string;
  let epmd: CEpmd;
  const running: (() => Promise<unknown>)[] = [];

  function writePem(name: string, names: string): void {
    const { certfile, keyfile } = tls.authority.issue(name, { names });
    writeFileSync(join(folder, `${name}.pem`), readFileSync(certfile));
    writeFileSync(join(folder, `${name}.pem`), readFileSync(keyfile), { flag: "a" });
  }

  beforeAll(async () => {
    writePem("erlserver", "DNS:localhost,IP:::1,DNS:::1");
    writePem("wholename", "DNS:there@localhost");
    writeFileSync(join(folder, "ca.pem"), readFileSync(tls.authority.cacertfile));
    for (const reader of ["ours", "erlang"] as const) {
      mkdirSync(join(folder, reader));
      for (const [, path = "", text = ""] of files) {
        writeFileSync(path.replace("/home/me/ssl", join(folder, reader)), there(text, reader));
      }
    }
    await makeBootScript();
  });
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "disterl-guide-"));
    epmd = await startCEpmd({ release, flags: ["-address", "::1"] });
  });
  afterEach(async () => {
    for (const stop of running.splice(0)) await stop();
    await epmd.stop();
    rmSync(home, { recursive: true });
  });

  /** A text of the page, with the folder as the reader has it. Option files are the reader's own. */
  function there(text: string, reader: "ours" | "erlang"): string {
    const root = reader === "ours" ? folder : inside;
    return text
      .replaceAll(/\/home\/me\/ssl\/(\S+\.conf)/g, `/home/me/ssl/${reader}/$1`)
      .replaceAll("/home/me/ssl", root);
  }

  /** As chapter 4.1 of Erlang's guide has it. */
  async function makeBootScript(): Promise<void> {
    await using otp = await startOtpNode({ release, nameType: "none" });
    const made = await otp.eval(`
      Version = fun(App) -> _ = application:load(App), {ok, V} = application:get_key(App, vsn), {App, V} end,
      Apps = [Version(App) || App <- [kernel, stdlib, crypto, asn1, public_key, ssl]],
      Release = {release, {"ssl", "1"}, {erts, erlang:system_info(version)}, Apps},
      ok = file:write_file("${inside}/start_ssl.rel", io_lib:format("~p.", [Release])),
      systools:make_script("${inside}/start_ssl", [{outdir, "${inside}"}, silent])`);
    expect(made).toMatch(/^\{ok,/);
  }

  /** Words as a shell makes them of a line, with the name of the node. */
  function words(line: string, reader: "ours" | "erlang", name: string): string[] {
    const quoted = there(line, reader).replaceAll(reader === "ours" ? folder : inside, "\u0001");
    return splitArguments(quoted, "the guide", false).map((word) =>
      word
        .replaceAll("\u0001", reader === "ours" ? folder : inside)
        .replace(/^ssl_test$/, `${name}@localhost`)
        .replace(/^ssl_test@/, `${name}@`),
    );
  }

  /** Paths in a variable are quoted where they are not yet: the folder's name has a space. */
  function variables(env: Pair["env"], reader: "ours" | "erlang"): Record<string, string> {
    const root = reader === "ours" ? folder : inside;
    const entries = Object.entries(env).map(([name, value]) => [
      name,
      there(value, reader).replaceAll(
        new RegExp(`(?<!')${root}`, "g"),
        root.replaceAll(" ", "\\ "),
      ),
    ]);
    return Object.fromEntries(entries) as Record<string, string>;
  }

  const loopback = (argv: readonly string[]): string[] => [
    ...["-setcookie", COOKIE, "-start_epmd", "false"],
    ...["-kernel", "inet_dist_use_interface"],
    argv.some((word) => word.includes("@::1")) ? "{0,0,0,0,0,0,0,1}" : "{127,0,0,1}",
  ];

  async function erlang(line: string, env: Pair["env"] = {}): Promise<OtpNode> {
    const argv = words(line, "erlang", "there");
    const at = argv.findIndex((word) => word === "-sname" || word === "-name");
    const otp = await startOtpNode({
      ...{ release, epmdPort: epmd.port, env: variables(env, "erlang") },
      nameType: argv[at] === "-name" ? "long" : "short",
      name: argv[at + 1],
      flags: [...argv.toSpliced(at, 2), ...loopback(argv)],
    });
    running.push(() => otp.stop());
    return otp;
  }

  function app(line: string, env: Pair["env"] = {}, ...more: string[]): OurProgram {
    const argv = words(line, "ours", "here");
    const world = { HOME: home, ERL_EPMD_PORT: String(epmd.port), ...variables(env, "ours") };
    const program = new OurProgram(ECHO_NODE, [...argv, ...loopback(argv), ...more], world);
    running.push(() => program[Symbol.asyncDispose]());
    return program;
  }

  for (const { title, erl, ours, env } of pairs) {
    test("both ways", `Erlang's guide to TLS, ${title}: its line and ours`, async () => {
      const otp = await erlang(erl, env);
      const applications = "lists:keymember(ssl, 1, application:which_applications())";
      expect(await otp.eval(applications)).toBe("true"); // the boot script was used
      const echo = app(ours, env);
      await echo.waitFor(/READY .*\n/);
      const name = /READY (.*)\n/.exec(echo.out)?.[1] ?? "";
      expect(await otp.eval(`net_adm:ping('${name}')`)).toBe("pong");
      expect(await otp.eval(`gen_server:call({echo, '${name}'}, {echo, hi})`)).toBe("hi");
      echo.child.kill("SIGTERM");
      expect(await echo.ended).toBe(0);
      const ping = app(ours, env, "-ping", otp.nodeName);
      expect({ status: await ping.ended, out: ping.out }).toEqual({ status: 0, out: "pong\n" });
      const bootIsTold = /warning: -boot has no effect/.test(ping.err);
      expect(bootIsTold).toBe(ours.includes("-boot") || env["ERL_FLAGS"] !== undefined);
    });
  }

  /** Before OTP 26 who dials checks nothing unless told to. */
  const checksNothing = release.release === "25";
  const noOptions = "-proto_dist inet_tls -sname ssl_test";

  test("both ways", "TLS with no options: nobody reaches Erlang, ours does not start", async () => {
    const otp = await erlang(noOptions);
    const other = app(pairs[0]?.ours ?? "");
    await other.waitFor(/READY/);
    const dialled = await otp.eval("net_adm:ping('here@localhost')");
    expect(dialled).toBe(checksNothing ? "pong" : "pang");
    const ping = app(pairs[0]?.ours ?? "", {}, "-ping", otp.nodeName);
    expect(await ping.ended).toBe(1);
    expect(ping.out).toMatch(/^pang\n {2}layer: tls\n/);
    const ours = app(noOptions);
    expect(await ours.ended).toBe(1);
    expect(ours.err).toMatch(/-proto_dist inet_tls: needs -ssl_dist_optfile/);
  });

  const server =
    "-proto_dist inet_tls -ssl_dist_opt server_certfile /home/me/ssl/erlserver.pem -ssl_dist_opt " +
    "server_secure_renegotiate true client_secure_renegotiate true -sname ssl_test";

  test("both ways", "a client without cacertfile: it dials nobody, from OTP 26 on", async () => {
    const otp = await erlang(server);
    const ours = app(server);
    await ours.waitFor(/READY/);
    const dialled = await otp.eval("net_adm:ping('here@localhost')");
    expect(dialled).toBe(checksNothing ? "pong" : "pang");
    const ping = app(server, {}, "-ping", otp.nodeName);
    expect(await ping.ended).toBe(1);
    expect(ping.out).toMatch(/client verify_peer: needs the CAs to trust: give cacertfile/);
  });

  test("both ways", "the same with verify_none: it connects, and ours warns", async () => {
    const line = server.replace("-sname", "client_verify verify_none -sname");
    const otp = await erlang(line);
    const ours = app(line);
    await ours.waitFor(/READY/);
    expect(await otp.eval("net_adm:ping('here@localhost')")).toBe("pong");
    await expect.poll(() => ours.err).toMatch(/nodes that are dialled are not verified/);
    ours.child.kill("SIGTERM");
    await ours.ended;
    const ping = app(line, {}, "-ping", otp.nodeName);
    expect({ status: await ping.ended, out: ping.out }).toEqual({ status: 0, out: "pong\n" });
  });

  test("both ways", "a certificate for the whole node name: ours takes it", async () => {
    const whole = (pairs[2]?.erl ?? "").replace("erlserver.pem", "wholename.pem");
    const otp = await erlang(whole);
    const ping = app(pairs[2]?.ours ?? "", {}, "-ping", otp.nodeName);
    expect({ status: await ping.ended, out: ping.out }).toEqual({ status: 0, out: "pong\n" });
    const other = (
      await erlang((pairs[2]?.erl ?? "").replace("-sname ssl_test", "-sname peer"))
    ).eval("net_adm:ping('there@localhost')");
    expect(await other).toBe("pang");
  });

  test("the harness", "ERL_FLAGS and its kin: the arguments that erl makes of them", async () => {
    const env = {
      ERL_AFLAGS: "-a 1 'x y' -both first",
      ERL_FLAGS: '-f "two words" back\\ slash "in\\side" q"uo"te -both last -extra plain',
      ERL_ZFLAGS: "-z '' end",
    };
    const otp = await startOtpNode({ release, nameType: "none", env, flags: ["-c", "1"] });
    running.push(() => otp.stop());
    const parsed = parseErlFlags(["-c", "1"], env);
    for (const name of ["a", "f", "z", "c", "both"]) {
      const told = await otp.evalTerm(
        `{ok, All} = init:get_argument(${name}), [[list_to_binary(W) || W <- L] || L <- All]`,
      );
      const texts = (decodeTerm(told) as Uint8Array[][]).map((list) =>
        [...list].map((word) => Buffer.from(word).toString()),
      );
      expect({ name, values: valuesOf(parsed.flags, name) }).toEqual({ name, values: texts });
    }
    expect(await otp.eval("hd(init:get_plain_arguments())")).toBe('"plain"');
    expect(parsed.plain).toEqual(["plain"]);
  });
});
