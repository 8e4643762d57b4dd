import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CEpmd,
  freePort,
  type OtpNode,
  startCEpmd,
  startOtpNode,
  type TestCertificate,
} from "disterl/testing";
import { afterAll, afterEach, beforeEach, expect } from "vitest";
import { forEachOtp } from "./otp.ts";
import { ECHO_NODE, OurProgram } from "./our-programs.ts";
import { type Credentials, TlsFiles } from "./tls-setup.ts";

const COOKIE = "a_cookie_for_tests_only";
const IPV4 = { type: "short", flag: "-sname", host: "localhost", address: "{127,0,0,1}" } as const;
const IPV6 = { type: "long", flag: "-name", host: "::1", address: "{0,0,0,0,0,0,0,1}" } as const;
const CARRIERS = [
  ["inet_tcp", IPV4],
  ["inet6_tcp", IPV6],
  ["inet_tls", IPV4],
  ["inet6_tls", IPV6],
] as const;
type Carrier = (typeof CARRIERS)[number][0];
type Version = "tlsv1.2" | "tlsv1.3";

forEachOtp((release, test) => {
  const files = new TlsFiles(release);
  afterAll(() => files[Symbol.dispose]());
  const { authority, stranger } = files;
  const names = "DNS:localhost,IP:::1,DNS:::1";
  const right = shown(authority.issue("right", { names }));

  let home: string;
  let epmd: CEpmd;
  const running: { stop(): Promise<void> }[] = [];
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "disterl-ping-"));
    epmd = await startCEpmd({ release, flags: ["-address", "::1"] });
  });
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
    await epmd.stop();
    rmSync(home, { recursive: true });
  });

  /** What a node shows, trusting the one CA. */
  function shown(certificate: TestCertificate | undefined): Credentials {
    return { certificate, cacertfile: authority.cacertfile };
  }

  function flagsOf(carrier: Carrier, reader: "ours" | "Erlang", who: Credentials): string[] {
    if (!carrier.endsWith("_tls")) return ["-proto_dist", carrier];
    const path = files.optfile(who, reader);
    const seen = reader === "ours" ? path : files.inside(path);
    return ["-proto_dist", carrier, "-ssl_dist_optfile", seen];
  }

  async function erlang(carrier: Carrier, who: Credentials = right): Promise<OtpNode> {
    const { type, host, address } = carrier.startsWith("inet6") ? IPV6 : IPV4;
    const otp = await startOtpNode({
      ...{ release, nameType: type, name: `there@${host}`, cookie: COOKIE, epmdPort: epmd.port },
      flags: [
        ...["-kernel", "inet_dist_use_interface", address],
        ...flagsOf(carrier, "Erlang", who),
      ],
    });
    running.push(otp);
    return otp;
  }

  function program(flags: readonly string[], port = epmd.port): OurProgram {
    return new OurProgram(ECHO_NODE, flags, { HOME: home, ERL_EPMD_PORT: String(port) });
  }

  /** `-ping` with those flags; what it printed, and its status. */
  async function ping(
    node: string,
    flags: readonly string[],
    { cookie = COOKIE, port = epmd.port } = {},
  ): Promise<{ status: number | string; out: string }> {
    const pinging = program(["-ping", node, "-setcookie", cookie, ...flags], port);
    const status = await pinging.ended;
    expect(pinging.err).not.toMatch(/^\s+at /m);
    return { status, out: pinging.out };
  }

  for (const [carrier, { flag, host, address }] of CARRIERS) {
    const versions: Version[] = ["tlsv1.2", "tlsv1.3"];
    for (const version of carrier.endsWith("_tls") ? versions : [undefined]) {
      const over = version === undefined ? carrier : `${carrier} ${version}`;
      const erlangs = version === undefined ? right : { ...right, versions: [version] };

      test("we dial", `echo node -ping: pong over ${over}, with and without a name`, async () => {
        const { nodeName } = await erlang(carrier, erlangs);
        const flags = flagsOf(carrier, "ours", right);
        const pong = { status: 0, out: "pong\n" };
        expect(await ping(nodeName, flags)).toEqual(pong);
        expect(await ping(nodeName, [flag, `me@${host}`, ...flags])).toEqual(pong);
        const unlisted = ["-dist_listen", "false", flag, `undefined@${host}`];
        expect(await ping(nodeName, [...unlisted, ...flags])).toEqual(pong);
      });

      test("Erlang dials", `echo node over ${over}`, async () => {
        const flags = [flag, `echo@${host}`, "-setcookie", COOKIE];
        const loopback = ["-kernel", "inet_dist_use_interface", address];
        await using echo = program([...flags, ...loopback, ...flagsOf(carrier, "ours", right)]);
        await echo.waitFor(/READY .*\n/);
        const otp = await erlang(carrier, erlangs);
        expect(await otp.eval(`net_adm:ping('echo@${host}')`)).toBe("pong");
        const call = `gen_server:call({echo, 'echo@${host}'}, {echo, hello})`;
        expect(await otp.eval(call)).toBe("hello");
      });
    }
  }

  const pang = (layer: string, ...more: RegExp[]) => ({
    status: 1,
    out: expect.stringMatching(
      new RegExp(`^pang\\n  layer: ${layer}\\n(?:  check: .*\\n)?  reason: .+\\n$`),
    ),
    more,
  });
  async function expectPang(
    done: Promise<{ status: number | string; out: string }>,
    layer: string,
    ...texts: RegExp[]
  ): Promise<void> {
    const { status, out } = await done;
    const { more, ...shape } = pang(layer, ...texts);
    expect({ status, out }).toEqual(shape);
    for (const text of more) expect(out).toMatch(text);
  }

  for (const carrier of ["inet_tcp", "inet_tls"] as const) {
    test("we dial", `echo node -ping: pang for a wrong cookie, ${carrier}`, async () => {
      const { nodeName } = await erlang(carrier);
      const flags = flagsOf(carrier, "ours", right);
      const done = ping(nodeName, flags, { cookie: "another" });
      await expectPang(done, "handshake", /cookies differ: compare/);
    });
  }

  const wrong: [string, () => TestCertificate | undefined, RegExp[]][] = [
    [
      "of another CA",
      () => stranger.issue("theirs", { names }),
      [/check: issuer of .*CN=theirs/, /add its CA to cacertfile/],
    ],
    [
      "that has expired",
      () => authority.issue("old", { names, days: [-9, -1] }),
      [/check: validity of .*CN=old/, /has expired; renew it/],
    ],
    [
      "of another host",
      () => authority.issue("far", { names: "DNS:far" }),
      [/check: name of .*CN=far/, /for DNS:far; make one with the subjectAltName DNS:localhost/],
    ],
  ];
  for (const [what, certificate, texts] of wrong) {
    test("we dial", `echo node -ping: pang for a certificate ${what}`, async () => {
      const { nodeName } = await erlang("inet_tls", shown(certificate()));
      const done = ping(nodeName, flagsOf("inet_tls", "ours", right));
      await expectPang(done, "tls", ...texts);
    });

    test("we dial", `echo node -ping: pang when ours is a certificate ${what}`, async () => {
      const { nodeName } = await erlang("inet_tls");
      const done = ping(nodeName, flagsOf("inet_tls", "ours", shown(certificate())));
      // Erlang does not look at the host of who dials.
      if (what === "of another host") expect(await done).toEqual({ status: 0, out: "pong\n" });
      else await expectPang(done, "tls", /refused us with the alert/, /ours is .*CN=/);
    });
  }

  test("we dial", "echo node -ping: pang for TLS to plain TCP, and the other way", async () => {
    const { nodeName } = await erlang("inet_tcp");
    const done = ping(nodeName, flagsOf("inet_tls", "ours", right));
    await expectPang(done, "tls", /plain TCP/);
    await running.pop()?.stop();
    const tls = await erlang("inet_tls");
    await expectPang(ping(tls.nodeName, []), "handshake", /uses -proto_dist inet_tls/);
  });

  test("we dial", "echo node -ping: pang without epmd, and without the node", async () => {
    const nobody = await freePort();
    await expectPang(ping("there@localhost", [], { port: nobody }), "epmd", /no epmd answers at/);
    await expectPang(ping("there@localhost", []), "epmd", /no node called "there"/);
    await expectPang(ping("there@nowhere.invalid", []), "epmd", /does not know the host/);
    await expectPang(ping("there", []), "name", /expected name@host/);
  });

  test("we dial", "echo node -ping: pang when nothing answers, within seconds", async () => {
    const otp = await erlang("inet_tcp");
    otp.suspend();
    const flags = ["-kernel", "net_setuptime", "1"];
    await expectPang(ping(otp.nodeName, flags), "(?:handshake|carrier)", /\d ms|seconds/);
    otp.resume();
  });

  test(
    "we dial",
    "echo node -ping: a verify function from a folder of -pa has its say",
    async () => {
      const { nodeName } = await erlang("inet_tls");
      const checks = `export const peer = ({ certificate }) => "we do not like " + certificate.subject;`;
      writeFileSync(join(home, "my_checks.mjs"), checks);
      const flags = [
        ...flagsOf("inet_tls", "ours", right),
        ...["-pa", home, "-ssl_dist_opt", "client_verify_fun", "{my_checks,peer,[]}"],
      ];
      await expectPang(
        ping(nodeName, flags),
        "tls",
        /check: verify_fun of .*CN=right/,
        /do not like/,
      );
    },
  );

  test("we dial", "echo node -ping: pang for files that cannot be used", async () => {
    const missing = { certfile: join(home, "no.pem"), keyfile: join(home, "no.key") };
    const done = ping("there@localhost", flagsOf("inet_tls", "ours", shown(missing)));
    await expectPang(done, "tls", /no\.pem/);
  });
});
