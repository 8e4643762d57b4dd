import { mkdtempSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Node, startNode } from "disterl";
import { TlsCertificateError } from "disterl/carrier";
import { parseErlFlags, startOptionsFromFlags } from "disterl/flags";
import { type CEpmd, type OtpNode, startCEpmd, startOtpNode } from "disterl/testing";
import { afterEach, beforeEach, expect } from "vitest";
import { COOKIE, nextStatus } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";
import { disterl } from "./run-disterl.ts";

/** Longer than a node of ours goes without looking whether its files have changed. */
const UNTIL_LOOKED_MS = 700;

forEachOtp((release, test) => {
  /** Where the certificates are, for both: a path that means the same within the release's root. */
  let place: string;
  let epmd: CEpmd;
  const running: { stop(): Promise<void> }[] = [];

  beforeEach(async () => {
    const { root = "" } = release;
    const real = mkdtempSync(join(root, tmpdir(), "disterl-cert-"));
    place = join(tmpdir(), basename(real));
    if (place !== real) symlinkSync(real, place);
    epmd = await startCEpmd({ release });
    await cert("init");
    return () => {
      if (place !== real) unlinkSync(place);
      rmSync(real, { recursive: true });
    };
  });
  afterEach(async () => {
    for (const node of running.splice(0)) await node.stop();
    await epmd.stop();
  });

  async function cert(...argv: string[]): Promise<void> {
    const done = await disterl(["cert", ...argv, "--dir", place], {});
    expect(done).toMatchObject({ status: 0, err: "" });
  }

  /** The flags that `disterl cert node` prints: the same words for Erlang and for us. */
  const tlsFlags = (certified: string): string[] => [
    ...["-proto_dist", "inet_tls", "-ssl_dist_optfile"],
    join(place, certified, "inet_tls.conf"),
  ];

  async function erlang(name: string, certified = name): Promise<OtpNode> {
    const node = await startOtpNode({
      ...{ release, name, nameType: "short", cookie: COOKIE, epmdPort: epmd.port },
      flags: tlsFlags(certified),
    });
    running.push(node);
    return node;
  }

  async function ours(name: string, certified = name): Promise<Node> {
    const { options, warnings } = startOptionsFromFlags(
      parseErlFlags(["-sname", name, "-hidden", ...tlsFlags(certified)], {}),
    );
    expect(warnings).toEqual([]);
    const { listen: _onAllInterfaces, ...others } = options;
    const node = await startNode({
      ...{ ...others, cookie: COOKIE, epmd: { port: epmd.port, start: false } },
      onWarning: (message) => expect.fail(message),
    });
    running.push(node);
    return node;
  }

  const ping = (from: OtpNode, to: string): Promise<string> => from.eval(`net_adm:ping('${to}')`);
  const refused = (node: Node, to: string): Promise<unknown> =>
    node.connect(to).then(
      () => expect.fail(`${to} was connected`),
      (error: unknown) => error,
    );

  test("both ways", "disterl cert: one optfile for Erlang and for us", async () => {
    await cert("node", "app@localhost");
    const otp = await erlang("app@localhost");
    const node = await ours("ours@localhost", "app@localhost");
    const { tls } = await node.connect(otp.nodeName);
    expect(tls).toMatchObject({ version: "TLSv1.3", verified: true });
    expect(tls?.certificate?.subject).toBe("CN=app@localhost");
    expect(tls?.ownCertificate).toEqual(tls?.certificate);
    node.disconnect(otp.nodeName);
    expect(await ping(otp, node.name)).toBe("pong");
    expect(node.peer(otp.nodeName)?.tls?.verified).toBe(true);
  });

  test("both ways", "disterl cert revoke: running nodes refuse who was revoked", async () => {
    for (const name of ["app@localhost", "ours@localhost", "bad@localhost", "worse@localhost"]) {
      await cert("node", name);
    }
    const [app, bad] = [await erlang("app@localhost"), await erlang("bad@localhost")];
    const [node, worse] = [await ours("ours@localhost"), await ours("worse@localhost")];
    expect(await ping(bad, node.name)).toBe("pong");
    expect(node.disconnect(bad.nodeName)).toBe(true);
    await node.ping(bad.nodeName);
    node.disconnect(bad.nodeName);
    expect(await ping(app, worse.name)).toBe("pong");
    worse.disconnect(app.nodeName);
    await worse.ping(app.nodeName);
    worse.disconnect(app.nodeName);

    await cert("revoke", "bad@localhost", "--reason", "keyCompromise");
    await cert("revoke", "worse@localhost");
    await delay(UNTIL_LOOKED_MS);

    const events = node.status();
    expect(await ping(bad, node.name)).toBe("pang");
    const told = await nextStatus(events, "refused");
    expect(told.error).toBeInstanceOf(TlsCertificateError);
    expect(told.error).toMatchObject({
      ...{ check: "revocation", certificate: { subject: "CN=bad@localhost" } },
    });
    const error = await refused(node, bad.nodeName);
    expect(error).toMatchObject({ layer: "carrier", cause: { check: "revocation" } });
    expect(String(error)).toMatch(/"CN=bad@localhost".* is revoked/);

    expect(await ping(app, worse.name)).toBe("pang");
    expect(await refused(worse, app.nodeName)).toMatchObject({
      cause: { code: "ERR_CARRIER_TLS_REFUSED" },
    });
    expect(node.nodes("connected")).toEqual([]);
    // The others go on as before.
    expect(await ping(app, node.name)).toBe("pong");
  });

  test("both ways", "disterl cert renew: the running nodes take the new certificates", async () => {
    await cert("node", "app@localhost");
    await cert("node", "ours@localhost");
    const app = await erlang("app@localhost");
    const node = await ours("ours@localhost");
    const serialOf = async (): Promise<(string | undefined)[]> => {
      const { tls } = await node.connect(app.nodeName);
      node.disconnect(app.nodeName);
      return [tls?.certificate?.serialNumber, tls?.ownCertificate?.serialNumber];
    };
    const before = await serialOf();
    await cert("renew", "app@localhost");
    await cert("renew", "ours@localhost");
    await delay(UNTIL_LOOKED_MS);
    // Erlang keeps what it has read of files for two minutes.
    const forget = "{unconditionally_clear_pem_cache, self()}";
    await app.eval(`gen_server:call(ssl_pem_cache_dist, ${forget})`);
    const after = await serialOf();
    expect(after).not.toContain(undefined);
    for (const serial of after) expect(before).not.toContain(serial);
  });
});
