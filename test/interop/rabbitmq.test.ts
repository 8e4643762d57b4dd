/** A real RabbitMQ on our epmd, and our node beside it. */
import { atom, atoms, charlistToString, type Node, startNode, t, text } from "disterl";
import { formatTerm, Pid } from "disterl/term";
import { otpProgram } from "disterl/testing";
import { afterAll, beforeAll, expect } from "vitest";
import { runCall } from "../compliance/epmd-programs.ts";
import { COOKIE, nextStatus } from "./node-setup.ts";
import { forServer } from "./otp.ts";
import { RABBITMQ, type RabbitMq, startRabbitMq } from "./rabbitmq-server.ts";
import { OurEpmd } from "./real-server.ts";
import { disterl } from "./run-disterl.ts";

const QUEUE = t(atom("resource"), "/", atom("queue"), "ours");

forServer("rabbitmq-server", RABBITMQ, (otp, test) => {
  let epmd: OurEpmd;
  let rabbit: RabbitMq;
  let ours: Node;

  beforeAll(async () => {
    epmd = await OurEpmd.start(otp);
    rabbit = await startRabbitMq({ epmdPort: epmd.port, cookie: COOKIE });
    ours = await startNode({
      name: `ours_${process.pid}@localhost`,
      cookie: COOKIE,
      epmd: { port: epmd.port, start: false },
    });
  }, 120_000);

  afterAll(async () => {
    await ours?.stop();
    await rabbit?.[Symbol.asyncDispose]();
    await epmd?.[Symbol.asyncDispose]();
  });

  const shortName = () => rabbit.nodeName.replace(/@.*/, "");
  const erpc = (module: string, fun: string, ...args: Parameters<Node["erpc"]>[3]) =>
    ours.erpc(rabbit.nodeName, module, fun, args);

  test("Erlang dials", "RabbitMQ: starts on our epmd", async () => {
    expect(epmd.server.nodes().find(({ name }) => name === shortName())).toMatchObject({
      ...{ port: rabbit.distPort, nodeType: 77, protocol: 0, highest: 6, lowest: 5 },
    });
    // It starts under another name first, to see whether its own is free.
    expect(epmd.registered.some((name) => name.startsWith(`${shortName()}_prelaunch_`))).toBe(true);
    const names = await runCall(otpProgram(otp, "epmd", ["-port", `${epmd.port}`, "-names"]), {});
    expect(names.stdout).toContain(`name ${shortName()} at port ${rabbit.distPort}\n`);
  });

  test("Erlang dials", "RabbitMQ: rabbitmqctl over our epmd", async () => {
    const before = await epmd.names();
    const status = await rabbit.ctl("status");
    expect(status).toMatchObject({ stderr: "", status: 0 });
    expect(status.stdout).toContain(`Node name: ${rabbit.nodeName}\n`);
    expect(await rabbit.ctl("eval", "node().")).toEqual({
      stdout: `${rabbit.nodeName}\n`,
      stderr: "",
      status: 0,
    });
    expect(epmd.registered.filter((name) => name.startsWith("rabbitmqcli-"))).toHaveLength(2);
    await expect.poll(() => epmd.names()).toEqual(before);
  });

  test("Erlang dials", "RabbitMQ: rabbitmqctl tells what our epmd knows", async () => {
    const wrong = await rabbit.ctl("-n", "hare@localhost", "status");
    expect(wrong.status).toBe(69);
    expect(wrong.stderr).toContain(`connected to epmd (port ${epmd.port}) on localhost`);
    expect(wrong.stderr).toContain("epmd reports: node 'hare' not running at all");
    expect(wrong.stderr).toMatch(new RegExp(`other nodes on localhost: \\[.*\\b${shortName()}\\b`));
  });

  test("we dial", "RabbitMQ: ping, erpc, gen_server call", async () => {
    await ours.ping(rabbit.nodeName);
    expect(charlistToString((await erpc("rabbit_misc", "version")) as never)).toMatch(/^\d+\.\d+/);
    expect(await erpc("rabbit", "is_running")).toBe(true);
    expect(texts(await erpc("rabbit_vhost", "list_names"))).toEqual(["/"]);
    const disk = { name: "rabbit_disk_monitor", node: rabbit.nodeName };
    expect(await ours.call(disk, atom("get_max_check_interval"))).toBe(10_000);
    const error = await erpc("rabbit_vhost", "no_such_function").catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "ERR_CALL_REMOTE", class: "error" });
  });

  test("we dial", "RabbitMQ: a queue is made, monitored and deleted", async () => {
    const made = await erpc("rabbit_amqqueue", "declare", QUEUE, true, false, [], NONE, "ours");
    const [kind, queue] = made as readonly [unknown, readonly unknown[]];
    expect(kind).toBe(atom("new"));
    const pid = queue.find((field) => field instanceof Pid) as Pid;
    const watcher = ours.spawn();
    const ref = watcher.monitor(pid);
    expect(await rowsOf(ours, rabbit.nodeName)).toEqual(["ours"]);
    await erpc("rabbit_amqqueue", "delete", queue as never, false, false, "ours");
    expect(await watcher.receive({ timeout: 10_000 })).toEqual(
      t(atoms.DOWN, ref, atoms.process, pid, atoms.normal),
    );
    expect(await rowsOf(ours, rabbit.nodeName)).toEqual([]);
  });

  test("we dial", "RabbitMQ: disterl names, ping, call", async () => {
    const env = { DISTERL_COOKIE: COOKIE, ERL_EPMD_PORT: String(epmd.port) };
    const names = await disterl(["names"], { env });
    expect(names.out).toMatch(new RegExp(`^${shortName()} +${rabbit.distPort}$`, "m"));
    expect(await disterl(["ping", rabbit.nodeName], { env })).toMatchObject({ status: 0, err: "" });
    expect(await disterl(["call", rabbit.nodeName, "rabbit_vhost:list_names()"], { env })).toEqual({
      status: 0,
      out: '[<<"/">>]\n',
      err: "",
    });
  });

  test("Erlang dials", "RabbitMQ: outlives our epmd, and finds `disterl epmd`", async () => {
    await epmd.replace();
    await expect.poll(() => epmd.names(), { timeout: 30_000 }).toContain(shortName());
    ours.disconnect(rabbit.nodeName);
    await ours.ping(rabbit.nodeName);
    expect(await rabbit.ctl("eval", "node().")).toMatchObject({
      stdout: `${rabbit.nodeName}\n`,
      status: 0,
    });
  });

  test("we dial", "RabbitMQ: nodedown when it is stopped", async () => {
    await ours.ping(rabbit.nodeName);
    const events = ours.status();
    const watcher = ours.spawn();
    watcher.monitor({ name: "net_kernel", node: rabbit.nodeName });
    const stop = await rabbit.ctl("stop");
    expect(stop).toMatchObject({ stderr: "", status: 0 });
    expect(await nextStatus(events, "nodedown")).toMatchObject({
      node: rabbit.nodeName,
      reason: "connection_closed",
    });
    expect(formatTerm(await watcher.receive({ timeout: 10_000 }))).toMatch(/noconnection\}$/);
    expect(await rabbit.exited).toBe("ended with code 0");
    expect(await epmd.names()).not.toContain(shortName());
    await expect(ours.ping(rabbit.nodeName)).rejects.toMatchObject({ layer: "discovery" });
  });
});

const NONE = atom("none");

const texts = (list: unknown) => (list as readonly Uint8Array[]).map((binary) => text(binary));

/** Names of the queues: RabbitMQ sends row after row to a process of ours, as to its own tools. */
async function rowsOf(ours: Node, server: string): Promise<string[]> {
  const collector = ours.spawn();
  const ref = collector.alias();
  const args = [[atom(server)], "/", [atom("name")], ref, collector.pid];
  await ours.erpc(server, "rabbit_amqqueue", "emit_info_all", args, { timeout: 10_000 });
  const names: string[] = [];
  for (;;) {
    const row = (await collector.receive({ timeout: 10_000 })) as readonly never[];
    if (row[1] === atom("finished")) break;
    const [[, resource]] = row[1] as unknown as [readonly [unknown, readonly Uint8Array[]]];
    names.push(text(resource[3] as Uint8Array));
  }
  collector.exit();
  return names;
}
