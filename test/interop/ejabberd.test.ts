/** A real ejabberd on our epmd, and our node beside it. */
import { atom, atoms, charlist, type Node, startNode, t, text } from "disterl";
import { formatTerm } from "disterl/term";
import { otpProgram } from "disterl/testing";
import { afterAll, beforeAll, expect } from "vitest";
import { runCall } from "../compliance/epmd-programs.ts";
import { EJABBERD, startEjabberd } from "./ejabberd-server.ts";
import { COOKIE, nextStatus } from "./node-setup.ts";
import { forServer } from "./otp.ts";
import type { OurProgram } from "./our-programs.ts";
import { OurEpmd, type RealServer } from "./real-server.ts";
import { disterl } from "./run-disterl.ts";

forServer("ejabberd", EJABBERD, (otp, test) => {
  let epmd: OurEpmd;
  let ejabberd: RealServer;
  let ours: Node;
  let printed = "";
  let standAlone: OurProgram;

  beforeAll(async () => {
    epmd = await OurEpmd.start(otp);
    ejabberd = await startEjabberd({ epmdPort: epmd.port, cookie: COOKIE });
    ours = await startNode({
      name: `ours_${process.pid}@localhost`,
      cookie: COOKIE,
      epmd: { port: epmd.port, start: false },
      output: (chars) => {
        printed += chars;
      },
    });
  }, 120_000);

  afterAll(async () => {
    await ours?.stop();
    await ejabberd?.[Symbol.asyncDispose]();
    await epmd?.[Symbol.asyncDispose]();
  });

  const shortName = () => ejabberd.nodeName.replace(/@.*/, "");
  const erpc = (module: string, fun: string, ...args: Parameters<Node["erpc"]>[3]) =>
    ours.erpc(ejabberd.nodeName, module, fun, args);

  /** What `ejabberdctl` asks its node to do; gives the exit status. */
  const command = (...words: string[]) => erpc("ejabberd_ctl", "process", words.map(charlist));

  test("Erlang dials", "ejabberd: starts on our epmd", async () => {
    const node = epmd.server.nodes().find(({ name }) => name === shortName());
    expect(node).toMatchObject({ nodeType: 77, protocol: 0, highest: 6, lowest: 5 });
    const names = await runCall(otpProgram(otp, "epmd", ["-port", `${epmd.port}`, "-names"]), {});
    expect(names.stdout).toContain(`name ${shortName()} at port ${node?.port}\n`);
  });

  test("Erlang dials", "ejabberd: ejabberdctl over our epmd", async () => {
    const before = await epmd.names();
    const status = await ejabberd.ctl("status");
    expect(status.status).toBe(0);
    expect(status.stdout).toContain(
      `The node ${ejabberd.nodeName} is started with status: started`,
    );
    expect(await ejabberd.ctl("register", "juliet", "localhost", "r0m30")).toMatchObject({
      stdout: "User juliet@localhost successfully registered\n",
      status: 0,
    });
    expect(await ejabberd.ctl("registered_users", "localhost")).toMatchObject({
      stdout: "juliet\n",
      status: 0,
    });
    expect(epmd.registered.filter((name) => name.includes("-ctl-"))).toHaveLength(3);
    expect(await ejabberd.ctl("ping")).toMatchObject({ stdout: "pong\n", status: 0 });
    await expect.poll(() => epmd.names()).toEqual(before);
  });

  test("we dial", "ejabberd: ping, erpc", async () => {
    await ours.ping(ejabberd.nodeName);
    const hosts = await erpc("ejabberd_config", "get_option", atom("hosts"));
    expect(texts(hosts)).toEqual(["localhost"]);
    expect(await erpc("ejabberd_auth", "try_register", "romeo", "localhost", "jul13t")).toBe(
      atoms.ok,
    );
    const users = await erpc("ejabberd_admin", "registered_users", "localhost");
    expect(texts(users)).toContain("romeo");
    expect(formatTerm(await erpc("ejabberd_admin", "status"))).toMatch(/^\{ok,/);
    const error = await erpc("ejabberd_admin", "registered_users").catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "ERR_CALL_REMOTE", class: "error" });
  });

  test("we dial", "ejabberd: what a command prints comes to our group leader", async () => {
    printed = "";
    expect(await command("status")).toBe(0);
    expect(printed).toMatch(
      new RegExp(`^The node ${ejabberd.nodeName} is started with status: started\nejabberd .*\n$`),
    );
    printed = "";
    expect(await command("no_such_command")).toBe(1);
    expect(printed).toContain("unknown command 'no_such_command'");
  });

  test("we dial", "ejabberd: a monitor of a module's process", async () => {
    const name = atom("mod_ping_localhost");
    const watcher = ours.spawn();
    const ref = watcher.monitor({ name, node: ejabberd.nodeName });
    expect(await erpc("gen_mod", "stop_module", "localhost", atom("mod_ping"))).toBe(atoms.ok);
    expect(await watcher.receive({ timeout: 10_000 })).toEqual(
      t(atoms.DOWN, ref, atoms.process, t(name, atom(ejabberd.nodeName)), atom("shutdown")),
    );
  });

  test("we dial", "ejabberd: disterl names, ping, call", async () => {
    const env = { DISTERL_COOKIE: COOKIE, ERL_EPMD_PORT: String(epmd.port) };
    const names = await disterl(["names"], { env });
    expect(names.out).toMatch(new RegExp(`^${shortName()} +\\d+$`, "m"));
    const ping = await disterl(["ping", ejabberd.nodeName], { env });
    expect(ping).toMatchObject({ status: 0, err: "" });
    const call = await disterl(["call", ejabberd.nodeName, 'ejabberd_ctl:process(["status"])'], {
      env,
    });
    expect(call).toMatchObject({ status: 0, out: "0\n" });
    expect(call.err).toContain(`The node ${ejabberd.nodeName} is started`);
  });

  test("Erlang dials", "ejabberd: outlives our epmd, and finds `disterl epmd`", async () => {
    standAlone = await epmd.replace();
    await expect.poll(() => epmd.names(), { timeout: 30_000 }).toContain(shortName());
    ours.disconnect(ejabberd.nodeName);
    await ours.ping(ejabberd.nodeName);
    expect(await ejabberd.ctl("status")).toMatchObject({ status: 0 });
  });

  test("we dial", "ejabberd: nodedown when it is stopped", async () => {
    await ours.ping(ejabberd.nodeName);
    const events = ours.status();
    const watcher = ours.spawn();
    watcher.monitor({ name: "net_kernel", node: ejabberd.nodeName });
    expect(await ejabberd.ctl("stop")).toMatchObject({ status: 0 });
    expect(await nextStatus(events, "nodedown")).toMatchObject({
      node: ejabberd.nodeName,
      reason: "connection_closed",
    });
    expect(formatTerm(await watcher.receive({ timeout: 10_000 }))).toMatch(/noconnection\}$/);
    await ejabberd.exited;
    expect(await epmd.names()).not.toContain(shortName());
    await expect(ours.ping(ejabberd.nodeName)).rejects.toMatchObject({ layer: "discovery" });
  });

  test(
    "Erlang dials",
    "ejabberd: ejabberdctl ends `disterl epmd` when no node is left",
    async () => {
      await ours.stop();
      expect(await ejabberd.ctl("stopped")).toMatchObject({ status: 0 });
      expect(await standAlone.ended).toBe(0);
    },
  );
});

const texts = (list: unknown) => (list as readonly Uint8Array[]).map((binary) => text(binary));
