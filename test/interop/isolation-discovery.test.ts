/** Nodes that find each other without epmd: by a map, a file, the DNS, or one port of all. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNode } from "disterl";
import { dnsSrv, fileDiscovery, staticMap } from "disterl/epmd";
import { freePort, otpProgram, type OtpRelease, startOtpNode } from "disterl/testing";
import { expect } from "vitest";
import { NameServer } from "../name-server.ts";
import { listening, pidOf, startEcho, startFixedPortNode } from "./isolation-setup.ts";
import { COOKIE } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";

/** A folder that the release can read, too; both paths of it. */
class SharedFolder implements Disposable {
  readonly ours: string;
  readonly theirs: string;

  constructor({ root }: OtpRelease) {
    this.ours = mkdtempSync(join(root ?? "", root === undefined ? tmpdir() : "tmp", "disterl-"));
    this.theirs = this.ours.slice(root?.length ?? 0);
  }

  put(name: string, text: string): string {
    writeFileSync(join(this.ours, name), text);
    return join(this.ours, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.ours, { recursive: true });
  }
}

/** An `epmd_module` in Erlang: nodes on the ports that the kernel parameter `nodes` says. */
const STATIC_EPMD = `
-module(static_epmd).
-export([start_link/0, register_node/2, register_node/3, port_please/2, port_please/3,
         address_please/3, listen_port_please/2, names/1]).

start_link() -> ignore.
register_node(_Name, _Port) -> {ok, 3 + rand:uniform(1000000)}.
register_node(Name, Port, _Family) -> register_node(Name, Port).
port_please(Name, _Host) ->
    {ok, Nodes} = application:get_env(kernel, nodes),
    %% An atom when it is about this node itself.
    case lists:keyfind(lists:concat([Name]), 1, Nodes) of
        {_, Port} -> {port, Port, 5};
        false -> noport
    end.
port_please(Name, Host, _Timeout) -> port_please(Name, Host).
address_please(_Name, Host, Family) -> inet:getaddr(Host, Family).
listen_port_please(Name, Host) ->
    case port_please(Name, Host) of
        {port, Port, _} -> {ok, Port};
        noport -> {ok, 0}
    end.
names(_Host) -> {error, address}.
`;

forEachOtp((release, test) => {
  test(
    "we dial",
    "discovery: a static map, a file and the DNS find a node without epmd",
    async () => {
      const { port, otp } = await startFixedPortNode(release);
      await using _ = otp;
      const name = otp.nodeName.split("@")[0] ?? "";
      using folder = new SharedFolder({ ...release, root: undefined });
      const file = folder.put("nodes", `{'${otp.nodeName}', ${port}}.\n`);
      const record = { name: "127.0.0.1", port, priority: 0, weight: 0 };
      using dns = await NameServer.start({ [`_${name}._tcp.127.0.0.1`]: [record] });
      for (const discovery of [
        staticMap({ [otp.nodeName]: port }),
        fileDiscovery(file),
        dnsSrv({ servers: [dns.address] }),
      ]) {
        await using ours = await startNode({
          ...{ name: `ours${Math.random().toString(36).slice(2)}@127.0.0.2`, cookie: COOKIE },
          discovery,
        });
        await ours.connect(otp.nodeName);
        // The one before may be on its way out yet.
        await expect.poll(() => otp.eval("nodes(hidden)")).toBe(`['${ours.name}']`);
        await expect(ours.connect("nobody@127.0.0.1")).rejects.toThrow(
          expect.objectContaining({ code: "ERR_CONNECT_NOT_REGISTERED" }),
        );
      }
      folder.put("nodes", `{'${otp.nodeName}', "${port}"}.\n`);
      await using late = await startNode({
        ...{ name: "late@127.0.0.2", cookie: COOKIE, listen: false },
        discovery: fileDiscovery(file),
      });
      await expect(late.connect(otp.nodeName)).rejects.toThrow("line 1, column 1");
      folder.put("nodes", `{'${otp.nodeName}', ${port}}.\n`);
      await late.connect(otp.nodeName);
    },
  );

  test(
    "both ways",
    "discovery: one port of all nodes, by -erl_epmd_port, without epmd",
    async () => {
      const { port, otp } = await startFixedPortNode(release);
      await using _ = otp;
      await using ours = await startEcho([
        ...["-name", "ours@127.0.0.2", "-erl_epmd_port", String(port), "-start_epmd", "false"],
        ...["-kernel", "inet_dist_use_interface", "{127,0,0,2}"],
      ]);
      expect(listening(pidOf(ours))).toEqual([`127.0.0.2:${port}`]);
      expect(await otp.eval("net_adm:ping('ours@127.0.0.2')")).toBe("pong");
      await using dialling = await startEcho([
        ...["-name", "dialling@127.0.0.3", "-no_epmd", "-erl_epmd_port", String(port)],
        ...["-kernel", "inet_dist_use_interface", "{127,0,0,3}"],
      ]);
      expect(listening(pidOf(dialling))).toEqual([`127.0.0.3:${port}`]);
      expect(await otp.eval("net_adm:ping('dialling@127.0.0.3')")).toBe("pong");
    },
  );

  test("both ways", "discovery: -kernel erl_epmd_node_listen_port is its other name", async () => {
    const port = await freePort();
    const parameter = ["-kernel", "erl_epmd_node_listen_port", String(port)];
    const flags = release.release === "25" ? ["-erl_epmd_port", String(port)] : parameter;
    await using otp = await startOtpNode({
      ...{ release, nameType: "long", cookie: COOKIE, epmdPort: await freePort(), flags },
    });
    await using ours = await startEcho([
      ...["-name", "ours@127.0.0.2", "-start_epmd", "false", ...parameter],
      ...["-kernel", "inet_dist_use_interface", "{127,0,0,2}"],
    ]);
    expect(listening(pidOf(ours))).toEqual([`127.0.0.2:${port}`]);
    expect(await otp.eval("net_adm:ping('ours@127.0.0.2')")).toBe("pong");
  });

  test(
    "both ways",
    "discovery: an epmd_module of Erlang on its side, one of ours on ours",
    async () => {
      using folder = new SharedFolder(release);
      folder.put("static_epmd.erl", STATIC_EPMD);
      const { file, args } = otpProgram(release, "erlc", [
        ...["-o", folder.theirs, join(folder.theirs, "static_epmd.erl")],
      ]);
      execFileSync(file, args);
      const [theirs, ours] = [await freePort(), await freePort()];
      await using otp = await startOtpNode({
        ...{ release, nameType: "long", name: "theirs", cookie: COOKIE },
        epmdPort: await freePort(),
        flags: [
          ...["-pa", folder.theirs, "-epmd_module", "static_epmd"],
          ...["-kernel", "nodes", `[{"theirs",${theirs}},{"ours",${ours}}]`],
        ],
      });
      expect(listening(otp.pid)).toEqual([`127.0.0.1:${theirs}`]);
      const nodes = `[{'theirs@127.0.0.1', ${theirs}}, {'ours@127.0.0.1', ${ours}}]`;
      const program = [
        ...["-name", "ours@127.0.0.1", "-hidden", "-kernel", "inet_dist_use_interface"],
        ...["{127,0,0,1}", "disterl_nodes", nodes, "-epmd_module", "disterl_static_map"],
      ];
      {
        await using echo = await startEcho(program);
        expect(listening(pidOf(echo))).toEqual([`127.0.0.1:${ours}`]);
        expect(await otp.eval("net_adm:ping('ours@127.0.0.1')")).toBe("pong");
        const call = "gen_server:call({echo, 'ours@127.0.0.1'}, {echo, hello})";
        expect(await otp.eval(call)).toBe("hello");
      }
      const discovery = staticMap({ "theirs@127.0.0.1": theirs });
      await using dialling = await startNode({ name: "d@127.0.0.1", cookie: COOKIE, discovery });
      await dialling.connect("theirs@127.0.0.1");
    },
  );

  test("Erlang dials", "discovery: a module of JavaScript in a folder of -pa", async () => {
    const { port, otp } = await startFixedPortNode(release);
    await using _ = otp;
    using folder = new SharedFolder({ ...release, root: undefined });
    folder.put(
      "zone_epmd.mjs",
      `import { staticMap } from "disterl/epmd";
       export default ({ parameter }) => staticMap({ "zone@127.0.0.2": parameter("zone_port") });`,
    );
    // It imports what the program has installed.
    execFileSync("ln", [
      "-s",
      join((await import("./our-programs.ts")).installed(), "node_modules"),
      folder.ours,
    ]);
    await using ours = await startEcho([
      ...["-name", "zone@127.0.0.2", "-pa", folder.ours, "-epmd_module", "zone_epmd"],
      ...["-kernel", "zone_port", String(port), "inet_dist_use_interface", "{127,0,0,2}"],
    ]);
    expect(listening(pidOf(ours))).toEqual([`127.0.0.2:${port}`]);
    expect(await otp.eval("net_adm:ping('zone@127.0.0.2')")).toBe("pong");
  });
});
