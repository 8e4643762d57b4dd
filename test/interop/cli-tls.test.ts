import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNode } from "disterl";
import { type CEpmd, type OtpNode, startCEpmd, startOtpNode } from "disterl/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { forEachOtp } from "./otp.ts";
import { type CommandRun, disterl } from "./run-disterl.ts";

const COOKIE = "a cookie for tests only";
const IPV6 = "{0,0,0,0,0,0,0,1}";

forEachOtp((release, test) => {
  const root = release.root ?? "";
  let certs: string;
  let others: string;
  let home: string;
  let epmd: CEpmd;
  const nodes: OtpNode[] = [];

  async function cert(directory: string, ...argv: string[]): Promise<void> {
    const [what, node = ""] = argv;
    const inside = join(directory.slice(root.length), node);
    const more = what === "node" && !node.startsWith("ops@") ? ["--install-dir", inside] : [];
    const done = await disterl(["cert", ...argv, ...more, "--dir", directory], {});
    expect(done).toMatchObject({ status: 0, err: "" });
  }

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "disterl-cli-"));
    writeFileSync(join(home, ".erlang.cookie"), COOKIE);
    chmodSync(join(home, ".erlang.cookie"), 0o400);
    certs = mkdtempSync(join(root, "/tmp", "disterl-cert-"));
    others = mkdtempSync(join(root, "/tmp", "disterl-cert-"));
    await cert(certs, "init");
    await cert(others, "init");
    for (const node of ["app@localhost", "app@::1", "ops@localhost"]) {
      await cert(certs, "node", node);
    }
    await cert(others, "node", "ops@localhost");
  });
  afterAll(() => {
    for (const folder of [home, certs, others]) rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    epmd = await startCEpmd({ release, flags: ["-address", "::1"] });
  });
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.stop();
    await epmd.stop();
  });

  async function start(name: string, ...flags: string[]): Promise<OtpNode> {
    const isIpv6 = name.endsWith("::1");
    const node = await startOtpNode({
      ...{ release, name, cookie: COOKIE, epmdPort: epmd.port },
      nameType: isIpv6 || name.endsWith(".invalid") ? "long" : "short",
      flags: [...(isIpv6 ? ["-kernel", "inet_dist_use_interface", IPV6] : []), ...flags],
    });
    nodes.push(node);
    return node;
  }

  /** Erlang with the optfile that `disterl cert` has made for it. */
  const startTls = (name: string, carrier = "inet_tls", ...flags: string[]): Promise<OtpNode> => {
    const optfile = join(certs.slice(root.length), name, "inet_tls.conf");
    return start(name, "-proto_dist", carrier, "-ssl_dist_optfile", optfile, ...flags);
  };

  const run = (...argv: string[]): Promise<CommandRun> =>
    disterl(argv, { env: { HOME: home, ERL_EPMD_PORT: String(epmd.port) } });
  const own = (name: string, directory = certs): string => join(directory, "ops@localhost", name);
  const optfile = (directory = certs): string[] => [
    "--ssl-dist-optfile",
    own("inet_tls.conf", directory),
  ];
  const pemFiles = (): string[] => [
    ...["--tls-cacertfile", own("ca.pem"), "--tls-certfile", own("cert.pem")],
    ...["--tls-keyfile", own("key.pem")],
  ];

  test("we dial", "disterl ping, call and names over TLS", async () => {
    await startTls("app@localhost");
    for (const options of [optfile(), pemFiles()]) {
      expect(await run("ping", "app@localhost", ...options)).toMatchObject({ status: 0, err: "" });
      const called = await run("call", "app@localhost", "lists:sum([1, 2])", ...options);
      expect(called).toEqual({ status: 0, out: "3\n", err: "" });
    }
    expect((await run("names")).out).toMatch(/^app {2}\d+\n$/);
  });

  test(
    "we dial",
    "disterl --address over TLS: the certificate is for the node's host",
    async () => {
      await cert(certs, "node", "far@db1.invalid");
      await startTls("far@db1.invalid");
      const [, port = ""] = /^far +(\d+)$/m.exec((await run("names")).out) ?? [];
      const dialled = (node: string, ...options: string[]): Promise<CommandRun> => {
        const argv = ["call", node, "erlang:node()", "--address", `127.0.0.1:${port}`];
        return disterl([...argv, "--name", "ops@db2.invalid", ...options], { env: { HOME: home } });
      };
      await cert(certs, "node", "ops@db2.invalid");
      const optfileOf = join(certs, "ops@db2.invalid", "inet_tls.conf");
      expect(await dialled("far@db1.invalid", "--ssl-dist-optfile", optfileOf)).toEqual({
        ...{ status: 0, out: "'far@db1.invalid'\n", err: "" },
      });
      const wrong = await dialled("far@127.0.0.1", "--ssl-dist-optfile", optfileOf);
      expect(wrong).toMatchObject({ status: 3, out: "" });
      expect(wrong.err).toMatch(/^disterl: tls: .*127\.0\.0\.1/);
    },
  );

  test("we dial", "disterl ping and call over IPv6, with TLS and without", async () => {
    const tls = await startTls("app@::1", "inet6_tls");
    const over = ["--proto-dist", "inet6_tls"];
    for (const options of [optfile(), pemFiles()]) {
      const called = await run("call", "app@::1", "erlang:node()", ...options, ...over);
      expect(called).toEqual({ status: 0, out: "'app@::1'\n", err: "" });
    }
    await tls.stop();
    await start("plain@::1", "-proto_dist", "inet6_tcp");
    const plain = await run("ping", "plain@::1", "--proto-dist", "inet6_tcp");
    expect(plain).toMatchObject({ status: 0, err: "" });
    expect((await run("names", "::1")).out).toMatch(/^plain {2}\d+\n$/);
  });

  test("we dial", "disterl ping: a node of another CA is not trusted, status 3", async () => {
    await startTls("app@localhost");
    const options = ["--tls-cacertfile", own("ca.pem", others)];
    const { status, out, err } = await run("ping", "app@localhost", ...options);
    expect({ status, out }).toEqual({ status: 3, out: "" });
    expect(err).toMatch(/^disterl: tls: .*its certificate "CN=.*add its CA to cacertfile/);
    expect(err).toContain("disterl cert verify");
    const json = await run("ping", "app@localhost", ...options, "--json");
    expect(JSON.parse(json.out)).toMatchObject({
      error: {
        ...{ layer: "tls", code: "ERR_CARRIER_TLS_CERTIFICATE", exitCode: 3, check: "issuer" },
        certificate: {
          subject: expect.stringMatching(/^CN=/),
          validTo: expect.stringMatching(/^20\d\d-/),
        },
      },
    });
  });

  test("we dial", "disterl ping: the node does not trust our CA, or wants one", async () => {
    await startTls("app@localhost");
    const none = await run("ping", "app@localhost", "--tls-cacertfile", own("ca.pem"));
    expect(none).toMatchObject({ status: 3, out: "" });
    expect(none.err).toMatch(/^disterl: tls: .*refused us.*we have no certificate/);
    expect(none.err).toContain("--tls-certfile");
    const strange = ["--tls-certfile", own("cert.pem", others)];
    const key = ["--tls-keyfile", own("key.pem", others)];
    const ca = ["--tls-cacertfile", own("ca.pem")];
    const refused = await run("ping", "app@localhost", ...ca, ...strange, ...key);
    expect(refused).toMatchObject({ status: 3, out: "" });
    expect(refused.err).toMatch(/^disterl: tls: .*refused us.*unknown ca/);
  });

  test("we dial", "disterl ping: a revoked node, by the lists of the optfile", async () => {
    await cert(certs, "node", "old@localhost");
    await startTls("old@localhost");
    expect(await run("ping", "old@localhost", ...optfile())).toMatchObject({ status: 0 });
    await cert(certs, "revoke", "old@localhost");
    const { status, err } = await run("ping", "old@localhost", ...optfile());
    expect(status).toBe(3);
    expect(err).toMatch(/^disterl: tls: .*is revoked/);
  });

  test(
    "we dial",
    "disterl ping: TLS where there is none, and none where there is TLS",
    async () => {
      const tls = await startTls("app@localhost");
      const plain = await run("ping", "app@localhost");
      expect(plain).toMatchObject({ status: 3, out: "" });
      expect(plain.err).toMatch(/^disterl: handshake: .*-proto_dist inet_tls/);
      expect(plain.err).toContain("--ssl-dist-optfile");
      await tls.stop();
      await start("app@localhost");
      const over = await run("ping", "app@localhost", ...optfile());
      expect(over).toMatchObject({ status: 3, out: "" });
      expect(over.err).toMatch(/^disterl: tls: .*plain TCP/);
    },
  );

  test("we dial", "disterl ping: a wrong cookie over TLS is the layer handshake", async () => {
    await startTls("app@localhost");
    const cookie = join(home, "wrong");
    writeFileSync(cookie, "another cookie for tests", { mode: 0o400 });
    const done = await run("ping", "app@localhost", ...optfile(), "--cookie-file", cookie);
    rmSync(cookie);
    expect(done.status).toBe(3);
    expect(done.err).toMatch(/^disterl: handshake: .*cookies differ/);
  });

  test(
    "we dial",
    "disterl ping: a node of ours, which holds names against certificates",
    async () => {
      const certificate = (name: string): string => join(certs, "app@localhost", name);
      await using node = await startNode({
        ...{ name: "app@localhost", cookie: COOKIE, epmd: { port: epmd.port, start: false } },
        tls: {
          ...{ certfile: certificate("cert.pem"), keyfile: certificate("key.pem") },
          cacertfile: certificate("ca.pem"),
        },
      });
      const done = await run("ping", node.name, ...optfile());
      expect(done).toMatchObject({ status: 0, err: "" });
      const elsewhere = await run("ping", node.name, ...pemFiles(), "--name", "ops@elsewhere");
      expect(elsewhere.status).toBe(3);
      expect(elsewhere.err).toMatch(/^disterl: handshake: /);
    },
  );
});
