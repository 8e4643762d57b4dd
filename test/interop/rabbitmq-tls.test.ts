/** A real RabbitMQ over TLS, set up as the guide says, on our epmd, and our node beside it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { atom, atoms, charlist, ConnectError, type Node, startNode, t, text } from "disterl";
import { TlsCertificateError } from "disterl/carrier";
import { formatTerm } from "disterl/term";
import { afterAll, beforeAll, expect } from "vitest";
import { CertFiles, GuideCertFiles, tlsOf } from "./cert-files.ts";
import { installPackages, runCommands } from "./guide-page.ts";
import { COOKIE, nextStatus } from "./node-setup.ts";
import { forServer } from "./otp.ts";
import { RABBITMQ, type RabbitMq, startRabbitMq } from "./rabbitmq-server.ts";
import { OurEpmd } from "./real-server.ts";

const PAGE = "12-rabbitmq-and-ejabberd-over-tls.md";
const RABBIT = "rabbit@localhost";
const OURS = "ours@localhost";
const STRANGER = "stranger@localhost";

forServer("rabbitmq-server", RABBITMQ, (otp, test) => {
  let epmd: OurEpmd;
  let certs: GuideCertFiles;
  let others: CertFiles;
  let rabbit: RabbitMq;
  let ours: Node;

  beforeAll(async () => {
    [certs, others] = await Promise.all([GuideCertFiles.makeFrom(PAGE), CertFiles.make(STRANGER)]);
    await certs.run("node", OURS);
    epmd = await OurEpmd.start(otp);
    rabbit = await startRabbitMq({
      ...{ nodeName: RABBIT, epmdPort: epmd.port, cookie: COOKIE },
      envConf: certs.page.block("/etc/rabbitmq/rabbitmq-env.conf"),
    });
    ours = await startWith(OURS, tlsOf(certs.flags(OURS)));
  }, 120_000);

  afterAll(async () => {
    await ours?.stop();
    await rabbit?.[Symbol.asyncDispose]();
    await epmd?.[Symbol.asyncDispose]();
    certs?.[Symbol.dispose]();
    others?.[Symbol.dispose]();
  });

  const startWith = (name: string, tls: ReturnType<typeof tlsOf>) =>
    startNode({
      ...{ name, cookie: COOKIE, tls, hidden: false },
      epmd: { port: epmd.port, start: false },
    });
  const erpc = (module: string, fun: string, ...args: Parameters<Node["erpc"]>[3]) =>
    ours.erpc(RABBIT, module, fun, args);

  /** How a node that may have the wrong files fares with RabbitMQ. */
  async function failure(tls: ReturnType<typeof tlsOf>): Promise<unknown> {
    const stranger = await startWith(STRANGER, tls);
    try {
      const error = await stranger.connect(RABBIT).catch((thrown: unknown) => thrown);
      if (error instanceof ConnectError) return error;
      throw new Error("it was let in");
    } finally {
      await stranger.stop();
    }
  }

  test("we dial", "RabbitMQ over TLS: ping, rpc, erpc", async () => {
    await ours.ping(RABBIT);
    expect(await erpc("rabbit", "is_running")).toBe(true);
    const carrier = await erpc("init", "get_argument", atom("proto_dist"));
    expect(carrier).toEqual(t(atoms.ok, [[charlist("inet_tls")]]));
    const status = formatTerm(await ours.rpc(RABBIT, "rabbit", "status", []));
    expect(status).toMatch(/^\[\{pid,\d+\}/);
    expect(status).toMatch(/\{rabbitmq_version,|\{running_applications,/);
    const error = await erpc("rabbit_vhost", "no_such_function").catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "ERR_CALL_REMOTE", class: "error" });
  });

  test("we dial", "RabbitMQ over TLS: a virtual host and a queue are made and listed", async () => {
    expect(await erpc("rabbit_vhost", "add", "ours", "somebody")).toBe(atoms.ok);
    expect(texts(await erpc("rabbit_vhost", "list_names")).toSorted()).toEqual(["/", "ours"]);
    const name = t(atom("resource"), "ours", atom("queue"), "tasks");
    await erpc("rabbit_amqqueue", "declare", name, true, false, [], atom("none"), "somebody");
    const listed = await rabbit.ctl("list_queues", "-q", "-p", "ours", "name", "durable");
    expect(listed).toEqual({ stdout: "name\tdurable\ntasks\ttrue\n", stderr: "", status: 0 });
    const rows = await erpc("rabbit_amqqueue", "list_names", "ours");
    expect(rows).toHaveLength(1);
  });

  test("we dial", "RabbitMQ over TLS: the program of the guide", async () => {
    installPackages(certs.root);
    writeFileSync(join(certs.root, "ask.mjs"), certs.page.block("ask.mjs"));
    const env = { ERL_EPMD_PORT: String(epmd.port) };
    writeFileSync(join(certs.root, ".erlang.cookie"), COOKIE, { mode: 0o400 });
    expect(await runCommands(certs.page.block("run it"), certs.root, env)).toMatch(
      /\[ '\/',( 'ours',)? 'reports' \]\n$/,
    );
  });

  test("Erlang dials", "RabbitMQ over TLS: rabbitmqctl with the same files", async () => {
    const asked = 'io:format("~p", [init:get_argument(proto_dist)]), node().';
    expect(await rabbit.ctl("eval", asked)).toEqual({
      stdout: `{ok,[["inet_tls"]]}${RABBIT}\n`,
      stderr: "",
      status: 0,
    });
    const status = await rabbit.ctl("status");
    expect(status).toMatchObject({ stderr: "", status: 0 });
    expect(status.stdout).toContain(`Node name: ${RABBIT}\n`);
  });

  const toolsBesideOurs = async () => {
    await ours.ping(RABBIT);
    expect(await erpc("erlang", "nodes")).toEqual([atom(OURS)]);
    for (const [tool, ...args] of [
      ["rabbitmqctl", "cluster_status"],
      ["rabbitmqctl", "list_vhosts"],
      ["rabbitmq-diagnostics", "erlang_cookie_sources"],
      ["rabbitmq-diagnostics", "check_running"],
      ["rabbitmq-diagnostics", "check_local_alarms"],
      ["rabbitmqctl", "await_online_nodes", "1"],
      ["rabbitmqctl", "list_feature_flags"],
    ] as const) {
      expect(await rabbit.tool(tool, ...args), args.join(" ")).toMatchObject({ status: 0 });
    }
    expect(ours.nodes("connected")).toContain(RABBIT);
  };
  const beside = "RabbitMQ over TLS: its tools while our node is in nodes()";
  test("Erlang dials", beside, toolsBesideOurs, 180_000);

  test("Erlang dials", "RabbitMQ over TLS: rabbitmq-diagnostics ping of our node", async () => {
    expect(await rabbit.tool("rabbitmq-diagnostics", "-n", OURS, "ping")).toMatchObject({
      stdout: `Will ping ${OURS}. This only checks if the OS process is running and registered with epmd. Timeout: 60000 ms.\nPing succeeded\n`,
      status: 0,
    });
  });

  test("we dial", "RabbitMQ over TLS: a CA that is not ours is told", async () => {
    const error = (await failure(tlsOf(others.flags(STRANGER)))) as ConnectError;
    expect(error).toMatchObject({ code: "ERR_CONNECT_CARRIER", layer: "carrier" });
    expect(error.cause).toBeInstanceOf(TlsCertificateError);
    expect(error.cause).toMatchObject({ check: "issuer" });
    expect(error.message).toContain(RABBIT);
  });

  test("we dial", "RabbitMQ over TLS: our certificate of another CA is refused", async () => {
    const tls = {
      certfile: others.file(STRANGER, "cert.pem"),
      keyfile: others.file(STRANGER, "key.pem"),
      cacertfile: certs.file(RABBIT, "ca.pem"),
    };
    const error = (await failure(tls)) as ConnectError;
    expect(error.cause).toMatchObject({ code: "ERR_CARRIER_TLS_REFUSED" });
    expect(error.message).toContain('"unknown ca"');
  });

  test("we dial", "RabbitMQ over TLS: nodedown when it is stopped", async () => {
    await ours.ping(RABBIT);
    const events = ours.status();
    const watcher = ours.spawn();
    watcher.monitor({ name: "rabbit_disk_monitor", node: RABBIT });
    expect(await rabbit.ctl("stop")).toMatchObject({ stderr: "", status: 0 });
    expect(await nextStatus(events, "nodedown")).toMatchObject({
      ...{ node: RABBIT, reason: "connection_closed" },
    });
    expect(formatTerm(await watcher.receive({ timeout: 10_000 }))).toMatch(/^\{'DOWN',/);
    expect(await rabbit.exited).toBe("ended with code 0");
    await expect(ours.ping(RABBIT)).rejects.toMatchObject({ layer: "discovery" });
  });
});

const texts = (list: unknown) => (list as readonly Uint8Array[]).map((binary) => text(binary));
