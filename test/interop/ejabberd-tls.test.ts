/** A real ejabberd over TLS, set up as the guide says, on our epmd, and our node beside it. */
import { atom, atoms, charlist, ConnectError, type Node, startNode, t, text } from "disterl";
import { formatTerm } from "disterl/term";
import { afterAll, beforeAll, expect } from "vitest";
import { CertFiles, GuideCertFiles, tlsOf } from "./cert-files.ts";
import { EJABBERD, startEjabberd } from "./ejabberd-server.ts";
import { COOKIE, nextStatus } from "./node-setup.ts";
import { forServer } from "./otp.ts";
import { OurEpmd, type RealServer } from "./real-server.ts";

const PAGE = "12-rabbitmq-and-ejabberd-over-tls.md";
const NODE = "ejabberd@localhost";
const OURS = "ours@localhost";
const STRANGER = "stranger@localhost";

forServer("ejabberd", EJABBERD, (otp, test) => {
  let epmd: OurEpmd;
  let certs: GuideCertFiles;
  let others: CertFiles;
  let ejabberd: RealServer;
  let ours: Node;
  let printed = "";

  beforeAll(async () => {
    [certs, others] = await Promise.all([GuideCertFiles.makeFrom(PAGE), CertFiles.make(STRANGER)]);
    await certs.run("node", OURS);
    epmd = await OurEpmd.start(otp);
    ejabberd = await startEjabberd({
      ...{ nodeName: NODE, epmdPort: epmd.port, cookie: COOKIE },
      ctlConfig: certs.page.block("/etc/ejabberd/ejabberdctl.cfg"),
    });
    ours = await startWith(OURS, tlsOf(certs.flags(OURS)));
  }, 120_000);

  afterAll(async () => {
    await ours?.stop();
    await ejabberd?.[Symbol.asyncDispose]();
    await epmd?.[Symbol.asyncDispose]();
    certs?.[Symbol.dispose]();
    others?.[Symbol.dispose]();
  });

  const startWith = (name: string, tls: ReturnType<typeof tlsOf>) =>
    startNode({
      ...{ name, cookie: COOKIE, tls, hidden: false },
      epmd: { port: epmd.port, start: false },
      output: (chars) => {
        printed += chars;
      },
    });
  const erpc = (module: string, fun: string, ...args: Parameters<Node["erpc"]>[3]) =>
    ours.erpc(NODE, module, fun, args);
  const command = (...words: string[]) => erpc("ejabberd_ctl", "process", words.map(charlist));

  test("Erlang dials", "ejabberd over TLS: ejabberdctl with the same files", async () => {
    const status = await ejabberd.ctl("status");
    expect(status.stdout).toContain(`The node ${NODE} is started with status: started`);
    expect(status.status).toBe(0);
    expect(await ejabberd.ctl("register", "juliet", "localhost", "r0m30")).toMatchObject({
      stdout: "User juliet@localhost successfully registered\n",
      status: 0,
    });
    expect(await ejabberd.ctl("ping")).toMatchObject({ stdout: "pong\n", status: 0 });
  });

  test("we dial", "ejabberd over TLS: erpc, commands of its API", async () => {
    await ours.ping(NODE);
    const carrier = await erpc("init", "get_argument", atom("proto_dist"));
    expect(carrier).toEqual(t(atoms.ok, [[charlist("inet_tls")]]));
    expect(texts(await erpc("ejabberd_admin", "registered_users", "localhost"))).toEqual([
      "juliet",
    ]);
    printed = "";
    expect(await command("register", "romeo", "localhost", "jul13t")).toBe(0);
    expect(printed).toBe("User romeo@localhost successfully registered\n");
    expect((await ejabberd.ctl("registered_users", "localhost")).stdout).toBe("juliet\nromeo\n");
  });

  test("Erlang dials", "ejabberd over TLS: ejabberdctl ping of our node", async () => {
    expect(await ejabberd.ctl("ping", OURS)).toMatchObject({ stdout: "pong\n", status: 0 });
  });

  test("Erlang dials", "ejabberd over TLS: ejabberdctl runs commands of our node", async () => {
    const calls: unknown[] = [];
    ours.expose("ejabberd_ctl", {
      process: (words) => {
        calls.push(words);
        return 0;
      },
    });
    expect(await ejabberd.ctl("-n", OURS, "status")).toMatchObject({ status: 0 });
    expect(calls).toEqual([[charlist("status")]]);
    ours.unexpose("ejabberd_ctl");
  });

  test("we dial", "ejabberd over TLS: a certificate of another CA is refused", async () => {
    await using stranger = await startWith(STRANGER, tlsOf(others.flags(STRANGER)));
    const error = await stranger.connect(NODE).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectError);
    expect((error as ConnectError).cause).toMatchObject({ check: "issuer" });
    expect(await erpc("ejabberd_cluster", "get_nodes")).toEqual([atom(NODE)]);
  });

  test("we dial", "ejabberd over TLS: a node without TLS is not let in", async () => {
    await using plain = await startNode({
      ...{ name: STRANGER, cookie: COOKIE, epmd: { port: epmd.port, start: false } },
    });
    const error = await plain.connect(NODE).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectError);
    expect((error as ConnectError).message).toMatch(/TLS alert: .* -proto_dist inet_tls/);
  });

  test("we dial", "ejabberd over TLS: nodedown when it is stopped", async () => {
    await ours.ping(NODE);
    const events = ours.status();
    const watcher = ours.spawn();
    watcher.monitor({ name: "ejabberd_sup", node: NODE });
    expect(await ejabberd.ctl("stop")).toMatchObject({ status: 0 });
    expect(await nextStatus(events, "nodedown")).toMatchObject({
      ...{ node: NODE, reason: "connection_closed" },
    });
    expect(formatTerm(await watcher.receive({ timeout: 10_000 }))).toMatch(/^\{'DOWN',/);
    await ejabberd.exited;
    await expect(ours.ping(NODE)).rejects.toMatchObject({ layer: "discovery" });
  });
});

const texts = (list: unknown) => (list as readonly Uint8Array[]).map((binary) => text(binary));
