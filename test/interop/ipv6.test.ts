import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atom, type Node, startNode } from "disterl";
import { EpmdClient, startEpmdServer } from "disterl/epmd";
import { parseErlFlags, startOptionsFromFlags } from "disterl/flags";
import { type CEpmd, freePort, type OtpNode, startCEpmd, startOtpNode } from "disterl/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { COOKIE } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";
import { TlsFiles } from "./tls-setup.ts";

const ON_LOOPBACK = ["-kernel", "inet_dist_use_interface", "{0,0,0,0,0,0,0,1}"];
/** A host that has no IPv4 address. */
const SIX = "six.example.org";

forEachOtp((release, test) => {
  const files = new TlsFiles(release);
  afterAll(() => files[Symbol.dispose]());
  const names = `IP:::1,DNS:::1,DNS:${SIX}`;
  const certificate = files.authority.issue("six", { names });
  const credentials = { certificate, cacertfile: files.authority.cacertfile };

  let folder: string;
  let inetrc: string;
  let epmd: CEpmd;
  const stops: (() => Promise<void>)[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(release.root ?? "", tmpdir(), "disterl-six-"));
    inetrc = join(folder, "inetrc");
    writeFileSync(inetrc, `{lookup, [file]}.\n{host, {0,0,0,0,0,0,0,1}, ["${SIX}"]}.\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    epmd = await startCEpmd({ release, flags: ["-address", "::1"] });
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
    await epmd.stop();
  });

  const tlsFlags = (carrier: string, reader: "ours" | "Erlang"): string[] => {
    if (carrier !== "inet6_tls") return [];
    const path = files.optfile(credentials, reader);
    return ["-ssl_dist_optfile", reader === "ours" ? path : files.inside(path)];
  };

  async function erlang(
    carrier: string,
    [type, host]: readonly [string, string],
    port = epmd.port,
  ): Promise<OtpNode> {
    const otp = await startOtpNode({
      ...{ release, cookie: COOKIE, epmdPort: port, name: `otp@${host}` },
      nameType: type === "-name" ? "long" : "short",
      flags: ["-proto_dist", carrier, ...ON_LOOPBACK, ...tlsFlags(carrier, "Erlang")],
      env: { ERL_INETRC: files.inside(inetrc) },
    });
    stops.push(() => otp.stop());
    return otp;
  }

  async function ours(
    carrier: string,
    [type, host]: readonly [string, string],
    port = epmd.port,
  ): Promise<Node> {
    const flags = [type, `ours@${host}`, "-proto_dist", carrier, ...ON_LOOPBACK];
    const { options } = startOptionsFromFlags(
      parseErlFlags([...flags, ...tlsFlags(carrier, "ours"), "-hidden"], {}),
    );
    const discovery = new EpmdClient({ port, resolve: () => Promise.resolve(["::1"]) });
    const node = await startNode({
      ...{ ...options, cookie: COOKIE, onWarning: () => {} },
      // What ERL_INETRC is to Erlang.
      ...(host === SIX ? { discovery } : { epmd: { port, start: false } }),
    });
    stops.push(async () => {
      await node.stop();
      await discovery.close();
    });
    return node;
  }

  const hosts = [
    ["-name", "::1"],
    ["-sname", "::1"],
    ["-name", SIX],
  ] as const;
  for (const carrier of ["inet6_tcp", "inet6_tls"]) {
    for (const at of hosts) {
      test("we dial", `${carrier} ${at.join(" name@")}: ping, rpc`, async () => {
        const otp = await erlang(carrier, at);
        const node = await ours(carrier, at);
        const peer = await node.connect(otp.nodeName);
        expect(peer.address).toMatchObject({ family: "inet6", address: "::1" });
        expect(peer.tls?.verified).toBe(carrier === "inet6_tls" ? true : undefined);
        expect(await node.rpc(otp.nodeName, "erlang", "node", [])).toBe(atom(otp.nodeName));
        expect(node.address).toMatchObject({ family: "inet6", address: "::1" });
      });

      test("Erlang dials", `${carrier} ${at.join(" name@")}: ping, rpc`, async () => {
        const node = await ours(carrier, at);
        node.expose("ours", { twice: (n) => Number(n) * 2 });
        const otp = await erlang(carrier, at);
        expect(await otp.eval(`net_adm:ping('${node.name}')`)).toBe("pong");
        expect(await otp.eval(`rpc:call('${node.name}', ours, twice, [21])`)).toBe("42");
      });
    }
  }

  test("both ways", "epmd over IPv6 only: ours serves Erlang, on the address ::1", async () => {
    const port = await freePort();
    await using server = await startEpmdServer({ port, addresses: ["::1"] });
    expect(server.port).toBe(port);
    const otp = await erlang("inet6_tcp", ["-name", "::1"], port);
    const node = await ours("inet6_tcp", ["-name", "::1"], port);
    expect(await otp.eval(`net_adm:ping('${node.name}')`)).toBe("pong");
    node.disconnect(otp.nodeName);
    await node.ping(otp.nodeName);
  });
});
