/** A real ejabberd with the variables of its guide that say where distribution listens. */
import { createServer } from "node:net";
import { atom, charlist, type Node, startNode } from "disterl";
import { EpmdClient } from "disterl/epmd";
import { parseErlFlags, startOptionsFromFlags } from "disterl/flags";
import { freePort, otpProgram } from "disterl/testing";
import { afterAll, beforeAll, describe, expect, vi } from "vitest";
import { runCall } from "../compliance/epmd-programs.ts";
import { EJABBERD, startEjabberd } from "./ejabberd-server.ts";
import { CertFiles } from "./cert-files.ts";
import { COOKIE } from "./node-setup.ts";
import { forServer } from "./otp.ts";
import { DISTERL, OurProgram } from "./our-programs.ts";
import { type RealServer } from "./real-server.ts";

const WAIT = { timeout: 10_000, interval: 50 };

forServer("ejabberd", EJABBERD, (otp, test) => {
  describe("ERL_DIST_PORT and INET_DIST_INTERFACE", () => {
    const NODE = "ejabberd@127.0.0.1";
    const OURS = "ours@127.0.0.2";
    let port: number;
    let ejabberd: RealServer;
    let ours: Node;

    beforeAll(async () => {
      port = await freePort();
      ejabberd = await startEjabberd({
        ...{ nodeName: NODE, cookie: COOKIE, epmdPort: 1 },
        ctlConfig: `ERL_DIST_PORT=${port}\nINET_DIST_INTERFACE=127.0.0.1\n`,
      });
      ours = await startOurs(
        `-name ${OURS} -erl_epmd_port ${port} -start_epmd false`,
        "-kernel inet_dist_use_interface {127,0,0,2}",
        { ERL_EPMD_PORT: "1" },
      );
    }, 120_000);
    afterAll(async () => {
      await ours?.stop();
      await ejabberd?.[Symbol.asyncDispose]();
    });

    test("both ways", "ejabberd without epmd: one port, an address for each node", async () => {
      expect(await listens("127.0.0.1", port)).toBe(true);
      expect(await listens("127.0.0.2", port)).toBe(true);
      expect(await listens("127.0.0.3", port)).toBe(false);
      expect(await status(ours, NODE)).toBe(0);
      ours.disconnect(NODE);
      expect(await ejabberd.ctl("status")).toMatchObject({ status: 0 });
      expect(await ejabberd.ctl("ping", OURS)).toMatchObject({ stdout: "pong\n", status: 0 });
    });

    test("Erlang dials", "ejabberdctl without epmd: a command of our node", async () => {
      const asked: unknown[] = [];
      ours.expose("ejabberd_ctl", {
        process: (words) => {
          asked.push(words);
          return 0;
        },
      });
      expect(await ejabberd.ctl("-n", OURS, "registered_users", "localhost")).toMatchObject({
        status: 0,
      });
      expect(asked).toEqual([[charlist("registered_users"), charlist("localhost")]]);
    });

    test("we dial", "ejabberd without epmd: a node of ours that does not listen", async () => {
      await using tool = await startOurs(
        `-name tool@127.0.0.3 -dist_listen false -erl_epmd_port ${port} -start_epmd false`,
      );
      expect(await status(tool, NODE)).toBe(0);
      expect(await listens("127.0.0.3", port)).toBe(false);
    });
  });

  describe("FIREWALL_WINDOW and ERL_EPMD_ADDRESS", () => {
    const NODE = "ejabberd@127.0.0.2";
    let window: readonly [number, number];
    let env: { readonly ERL_EPMD_PORT: string; readonly ERL_EPMD_ADDRESS: string };
    let epmd: OurProgram;
    let ejabberd: RealServer;

    beforeAll(async () => {
      const first = await freePort();
      window = [first, first + 9];
      env = { ERL_EPMD_PORT: String(await freePort()), ERL_EPMD_ADDRESS: "127.0.0.2" };
      epmd = new OurProgram(DISTERL, ["epmd"], env);
      await vi.waitUntil(() => listens("127.0.0.2", Number(env.ERL_EPMD_PORT)), WAIT);
      ejabberd = await startEjabberd({
        ...{ nodeName: NODE, cookie: COOKIE, epmdPort: Number(env.ERL_EPMD_PORT) },
        ctlConfig: `
          FIREWALL_WINDOW=${window.join("-")}
          ERL_EPMD_ADDRESS=${env.ERL_EPMD_ADDRESS}
          INET_DIST_INTERFACE=127.0.0.2`,
      });
    }, 120_000);
    afterAll(async () => {
      await ejabberd?.[Symbol.asyncDispose]();
      await epmd?.[Symbol.asyncDispose]();
      const kill = ["-port", env.ERL_EPMD_PORT, "-kill"];
      await runCall(otpProgram(otp, "epmd", kill), {});
    });

    test("both ways", "ejabberd: ports of one window, epmd on its address", async () => {
      const epmdPort = Number(env.ERL_EPMD_PORT);
      // The loopback address is always one of them: the nodes of the machine register there.
      expect(await listens("127.0.0.1", epmdPort)).toBe(true);
      expect(await listens("127.0.0.3", epmdPort)).toBe(false);
      await using ours = await startOurs(
        "-name ours@127.0.0.2 -kernel inet_dist_use_interface {127,0,0,2}",
        `-kernel inet_dist_listen_min ${window[0]} inet_dist_listen_max ${window[1]}`,
        env,
      );
      expect(await status(ours, NODE)).toBe(0);
      await using client = new EpmdClient({ port: epmdPort });
      const names = await client.names("127.0.0.2");
      const ports = new Map(names.map(({ name, port }) => [name, port]));
      for (const name of ["ejabberd", "ours"]) {
        expect(ports.get(name)).toBeGreaterThanOrEqual(window[0]);
        expect(ports.get(name)).toBeLessThanOrEqual(window[1]);
      }
      expect(await ejabberd.ctl("status")).toMatchObject({ status: 0 });
      expect(await ejabberd.ctl("ping", ours.name)).toMatchObject({ stdout: "pong\n", status: 0 });
    });
  });

  describe("INET_DIST_INTERFACE with IPv6", () => {
    const NODE = "ejabberd@::1";
    const TOOL = "tool@::1";
    let port: number;
    let certs: CertFiles;
    let ejabberd: RealServer;

    beforeAll(async () => {
      port = await freePort();
      certs = await CertFiles.make(NODE, TOOL);
      ejabberd = await startEjabberd({
        ...{ nodeName: NODE, cookie: COOKIE, epmdPort: 1 },
        ctlConfig: `
          ERL_DIST_PORT=${port}
          INET_DIST_INTERFACE=::1
          ERL_OPTIONS="-proto_dist inet6_tls -ssl_dist_optfile ${certs.optfile(NODE)}"`,
      });
    }, 120_000);
    afterAll(async () => {
      await ejabberd?.[Symbol.asyncDispose]();
      certs?.[Symbol.dispose]();
    });

    test("we dial", "ejabberd over IPv6 and TLS", async () => {
      expect(await listens("::1", port)).toBe(true);
      expect(await listens("127.0.0.1", port)).toBe(false);
      await using ours = await startOurs(
        `-name ${TOOL} -proto_dist inet6_tls -ssl_dist_optfile ${certs.optfile(TOOL)}`,
        `-dist_listen false -erl_epmd_port ${port} -start_epmd false`,
      );
      expect(await status(ours, NODE)).toBe(0);
      expect(await ours.erpc(NODE, "erlang", "nodes", [atom("hidden")])).toEqual([atom(ours.name)]);
      expect(await ejabberd.ctl("status")).toMatchObject({ status: 0 });
    });
  });
});

/** With flags of `erl`, which hold no spaces but between them. */
function startOurs(
  flags: string,
  more = "",
  env: Readonly<Record<string, string>> = {},
): Promise<Node> {
  const words = [flags, more].filter((text) => text !== "").flatMap((text) => text.split(" "));
  const { options } = startOptionsFromFlags(parseErlFlags(words, env));
  return startNode({ ...options, cookie: COOKIE, env, output: () => {}, onWarning: () => {} });
}

/** What `ejabberdctl status` asks its node to do; gives the exit status. */
const status = (ours: Node, node: string) =>
  ours.erpc(node, "ejabberd_ctl", "process", [[charlist("status")]]);

/** Whether somebody listens there: nobody else can. */
function listens(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(true);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(false)));
  });
}
