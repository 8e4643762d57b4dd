import { type Node, startNode } from "disterl";
import { inetTcp, inetTls, unixSocket } from "disterl/carrier";
import { type Discovery, EpmdClient } from "disterl/epmd";
import { parseErlFlags, startOptionsFromFlags } from "disterl/flags";
import { type OtpNode, type OtpRelease, startCEpmd, startOtpNode } from "disterl/testing";
import { afterAll, expect } from "vitest";
import { COOKIE, spawnEcho, startOurs } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";
import { TlsFiles } from "./tls-setup.ts";
import { ERL_UDS_DIST, UnixFolder } from "./unix-setup.ts";

/** One node of ours with several carriers among nodes of Erlang, which have one each. */
forEachOtp((release, otpTest) => {
  const files = new TlsFiles(release);
  afterAll(() => files[Symbol.dispose]());
  const { cacertfile } = files.authority;
  const certificate = files.authority.issue("node");
  const credentials = { ...certificate, cacertfile };
  const tlsFlags = [
    ...["-proto_dist", "inet_tls", "-ssl_dist_optfile"],
    files.inside(files.optfile({ certificate, cacertfile }, "Erlang")),
  ];

  if (ERL_UDS_DIST !== undefined) {
    otpTest(
      "both ways",
      "TCP, TLS and unix sockets at once, a node of Erlang on each",
      async () => {
        using folder = new UnixFolder(release);
        await using epmd = await startCEpmd({ release });
        await using ours = await startOurs(epmd.port, {
          carrier: [unixSocket({ directory: folder.directory }), inetTls(credentials), inetTcp],
        });
        spawnEcho(ours);
        const [, , tcp] = ours.addresses;
        expect(ours.addresses.map(({ family }) => family)).toEqual(["local", "inet", "inet"]);
        // epmd has one port for a name, here that of TLS: over TCP it is told.
        const port = ["-dist_listen", "false", "-erl_epmd_port", String(tcp?.port)];
        await using overUnix = await folder.startOtp();
        await using overTls = await otpOn(release, epmd.port, tlsFlags);
        await using overTcp = await otpOn(release, epmd.port, port);
        for (const [otp, carrier] of [
          [overUnix, "erl_uds"],
          [overTls, "inet_tls"],
          [overTcp, "inet_tcp"],
        ] as const) {
          expect(await otp.eval(`gen_server:call({echo, '${ours.name}'}, {echo, hi})`)).toBe("hi");
          expect(ours.peer(otp.nodeName)?.carrier).toBe(carrier);
        }
        for (const { nodeName } of [overUnix, overTls]) {
          ours.disconnect(nodeName);
          await ours.ping(nodeName);
        }
        expect(ours.peer(overUnix.nodeName)?.carrier).toBe("erl_uds");
        expect(ours.peer(overTls.nodeName)?.carrier).toBe("inet_tls");
      },
    );
  }

  otpTest("both ways", "a cluster moves from TCP to TLS, node by node", async () => {
    await using epmd = await startCEpmd({ release });
    const client = new EpmdClient({ port: epmd.port, allowStart: false });
    const moved = new Set<string>();
    const discovery: Discovery = {
      register: (name, port, options) => client.register(name, port, options),
      names: (host, options) => client.names(host, options),
      close: () => client.close(),
      async lookup(name, host, options) {
        const found = await client.lookup(name, host, options);
        return found && { ...found, carrier: moved.has(name) ? "inet_tls" : "inet_tcp" };
      },
    };
    const carrier = [inetTcp, inetTls(credentials)];
    const name = "hub@localhost";
    let ours: Node = await startNode({ name, cookie: COOKIE, carrier, discovery });
    const nodes: OtpNode[] = [];
    try {
      const names = ["one", "two"];
      const apart = ["-connect_all", "false"];
      for (const one of names) nodes.push(await otpOn(release, epmd.port, apart, one));
      for (const [index, one] of names.entries()) {
        for (const any of names) await ours.connect(`${any}@localhost`);
        expect(ours.peer(`${one}@localhost`)?.carrier).toBe("inet_tcp");
        await nodes[index]?.stop();
        nodes[index] = await otpOn(release, epmd.port, [...tlsFlags, ...apart], one);
        moved.add(one);
        await ours.connect(`${one}@localhost`);
        const carriers = names.map((any) => ours.peer(`${any}@localhost`)?.carrier);
        expect(carriers).toEqual(["inet_tls", index === 0 ? "inet_tcp" : "inet_tls"]);
        expect(await ours.rpc(`${one}@localhost`, "lists", "sum", [[1, 2]])).toBe(3);
      }
      // All have moved: so do we, and can be dialled over TLS from now on.
      await ours.stop();
      ours = await startOurs(epmd.port, { name, tls: credentials });
      for (const otp of nodes) expect(await otp.eval(`net_adm:ping('${name}')`)).toBe("pong");
      expect(names.map((any) => ours.peer(`${any}@localhost`)?.carrier)).toEqual([
        "inet_tls",
        "inet_tls",
      ]);
    } finally {
      await ours.stop();
      for (const otp of nodes) await otp.stop();
    }
  });

  otpTest("Erlang dials", "-proto_dist with two names: both are listened on", async () => {
    await using epmd = await startCEpmd({ release });
    const optfile = files.optfile({ certificate, cacertfile }, "ours");
    const flags = ["-proto_dist", "inet_tcp", "inet_tls", "-ssl_dist_optfile", optfile];
    const { options } = startOptionsFromFlags(parseErlFlags(flags, {}));
    await using ours = await startOurs(epmd.port, {
      carrier: options.carrier,
      onWarning: () => {},
    });
    const port = String(ours.addresses[1]?.port);
    await using overTcp = await otpOn(release, epmd.port, []);
    const told = [...tlsFlags, "-dist_listen", "false", "-erl_epmd_port", port];
    await using overTls = await otpOn(release, epmd.port, told);
    for (const otp of [overTcp, overTls]) {
      expect(await otp.eval(`net_adm:ping('${ours.name}')`)).toBe("pong");
    }
    expect(ours.peer(overTcp.nodeName)?.carrier).toBe("inet_tcp");
    expect(ours.peer(overTls.nodeName)?.carrier).toBe("inet_tls");
  });
});

function otpOn(
  release: OtpRelease,
  epmdPort: number,
  flags: readonly string[],
  name?: string,
): Promise<OtpNode> {
  return startOtpNode({ release, nameType: "short", cookie: COOKIE, epmdPort, flags, name });
}
