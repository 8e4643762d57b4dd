/**
 * Faults that nobody is told of: a peer that is frozen, a cable that is cut, in one direction or in
 * both, a machine that is replaced, a peer that does not read. Rows R02 to R06 and R15 of the
 * reliability table, at a tick time of 8 seconds; all run at once, since they mostly wait.
 */
import { type Node, startNode } from "disterl";
import { fixedPort } from "disterl/epmd";
import {
  type CEpmd,
  freePort,
  type OtpNode,
  RawPeer,
  startCEpmd,
  startOtpNode,
} from "disterl/testing";
import { expect, vi } from "vitest";
import {
  CALLS_LOST,
  codeOf,
  ERLANG_HEARD,
  ERLANG_WITNESS,
  LOST,
  type Witness,
  witness,
} from "./fault-witness.ts";
import { FarSide, namespacesMissing } from "./network-namespace.ts";
import { nextStatus, startOurs } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";
import { ECHO_NODE, installed, OurProgram } from "./our-programs.ts";

const COOKIE = "a_cookie_for_tests_only";
const TICK_TIME = ["-kernel", "net_ticktime", "8"];
const PATIENCE = { timeoutMs: 40_000 };
const TEST_MS = 90_000;

/** Between tick time less one tick and tick time plus one tick; the rest is for slow machines. */
function expectTickTime(milliseconds: number): void {
  expect(milliseconds).toBeGreaterThan(5500);
  expect(milliseconds).toBeLessThan(16_000);
}

async function expectAllLost(seen: Witness): Promise<void> {
  await vi.waitFor(() => expect(seen.heard.toSorted()).toEqual(LOST), 20_000);
  expect(await seen.calls).toEqual(CALLS_LOST);
}

const MONITORS_US = "ok = net_kernel:monitor_nodes(true, [nodedown_reason, {node_type, all}])";
const DOWN_REASON = `receive {nodedown, _, Info} -> proplists:get_value(nodedown_reason, Info) after 30000 -> still_up end`;

const EITHER = /^(connection_closed|net_tick_timeout)$/;

installed();
const missing = namespacesMissing();
if (missing !== undefined) console.log(`SKIPPED: ${missing}`);

forEachOtp(
  (release, test) => {
    const erlang = (epmd: CEpmd, flags: readonly string[] = []): Promise<OtpNode> =>
      startOtpNode({ release, nameType: "short", cookie: COOKIE, epmdPort: epmd.port, flags });

    test(
      "both ways",
      "fault: Erlang is frozen, given up, and goes on",
      async () => {
        await using epmd = await startCEpmd({ release });
        await using otp = await erlang(epmd, TICK_TIME);
        await using ours = await startOurs(epmd.port, { cookie: COOKIE, netTickTime: 8 });
        await using other = await startOurs(epmd.port, { cookie: COOKIE });
        const seen = await witness(ours, otp);
        await otp.eval(`${MONITORS_US}, process_flag(trap_exit, true), receive after 50 -> ok end`);
        const events = ours.status();
        const began = performance.now();
        otp.suspend();
        const dialled = codeOf(other.connect(otp.nodeName)).then((code) => ({
          code,
          after: performance.now() - began,
        }));
        expect(await nextStatus(events, "nodedown")).toMatchObject({ reason: "net_tick_timeout" });
        expectTickTime(performance.now() - began);
        await expectAllLost(seen);
        const { code, after } = await dialled;
        expect(code).toBe("ERR_CONNECT_HANDSHAKE");
        expect(after).toBeLessThan(12_000);
        otp.resume();
        // It finds the connection closed; what was, does not come back.
        expect(await otp.eval(DOWN_REASON, PATIENCE)).toBe("connection_closed");
        await ours.ping(otp.nodeName);
        // It was linked: it has heard of the loss, too.
        expect(await otp.eval("whereis(witnessed)")).toBe("undefined");
        await ours.ping(otp.nodeName);
        expect(seen.heard).toHaveLength(LOST.length);
      },
      TEST_MS,
    );

    test(
      "both ways",
      "fault: we are frozen, given up, and go on",
      async () => {
        await using epmd = await startCEpmd({ release });
        await using otp = await erlang(epmd, TICK_TIME);
        const flags = ["-sname", "echo@localhost", "-setcookie", COOKIE, "-hidden", ...TICK_TIME];
        const env = { ERL_EPMD_PORT: String(epmd.port) };
        await using program = new OurProgram(ECHO_NODE, [...flags, ...LOOPBACK], env);
        await program.waitFor(/READY .*\n/);
        await otp.eval(`${ERLANG_WITNESS.replaceAll("NODE", "'echo@localhost'")},
          Do = fun(Cmd) -> get(worker) ! {do, self(), a_ref, Cmd}, receive {a_ref, X} -> X after 5000 -> no_answer end end,
          false = Do({trap_exit, true}), P = whereis(worker_there),
          true = Do({link, P}), true = is_reference(Do({monitor, P})), true = Do({monitor_node, node(), true})`);
        program.child.kill("SIGSTOP");
        const began = performance.now();
        const heard = await otp.eval(ERLANG_HEARD, PATIENCE);
        expectTickTime(performance.now() - began);
        expect(heard).toBe(
          "[monitor_node,{by_name,noconnection},{by_pid,noconnection},{call,nodedown},{link,noconnection},{nodedown,net_tick_timeout}]",
        );
        program.child.kill("SIGCONT");
        const ping = "net_adm:ping('echo@localhost')";
        await vi.waitFor(async () => expect(await otp.eval(ping)).toBe("pong"), 20_000);
        // Our worker has heard of the same loss, once, by the link that it made and by that to it.
        const kept = await otp.eval(`get(worker) ! {do, self(), a_ref, mailbox},
          receive {a_ref, Kept} -> lists:sort([element(1, M) || M <- Kept]) after 5000 -> no_answer end`);
        expect(kept).toBe("['$gen_call','DOWN','EXIT','EXIT',nodedown]");
        const later =
          await otp.eval(`undefined = whereis(worker_there), pong = net_adm:ping('echo@localhost'),
          get(worker) ! {do, self(), a_ref, mailbox}, receive {a_ref, Later} -> Later after 5000 -> no_answer end`);
        expect(later).toBe("[]");
      },
      TEST_MS,
    );

    test(
      "both ways",
      "fault: a peer ticks and never reads",
      async () => {
        await using epmd = await startCEpmd({ release });
        await using otp = await erlang(epmd);
        const limits = { stallMs: 4000 };
        await using ours = await startOurs(epmd.port, { cookie: COOKIE, netTickTime: 8, limits });
        const peer = await RawPeer.dial({ port: ours.address?.port ?? 0 });
        await peer.initiate({ name: "deaf@localhost", cookie: COOKIE });
        peer.socket.pause();
        const ticks = setInterval(() => peer.send(Buffer.alloc(4)), 500);
        try {
          await ours.ping(otp.nodeName);
          const events = ours.status();
          const to = { name: "nobody", node: "deaf@localhost" };
          const began = performance.now();
          let sent = 0;
          while (ours.send(to, new Uint8Array(200_000)) || sent < 20_000_000) sent += 200_000;
          // The others do not notice.
          await ours.ping(otp.nodeName);
          expect(performance.now() - began).toBeLessThan(4000);
          const drained = ours.drained("deaf@localhost");
          const down = await nextStatus(events, "nodedown");
          expect(down).toMatchObject({ node: "deaf@localhost", reason: "slow_peer" });
          expect(performance.now() - began).toBeGreaterThan(3000);
          await drained;
          await ours.ping(otp.nodeName);
          expect(ours.nodes("connected")).toEqual([otp.nodeName]);
        } finally {
          clearInterval(ticks);
          peer.close();
        }
      },
      TEST_MS,
    );

    if (missing !== undefined && process.env["REQUIRE_OTP"] !== "1") return;

    /** One of ours here and one of Erlang's at the other end of a cable. */
    async function acrossCable(
      body: (
        far: FarSide,
        ours: Node,
        otp: OtpNode,
        start: () => Promise<OtpNode>,
      ) => Promise<void>,
    ) {
      using far = new FarSide();
      const port = await freePort();
      const start = (): Promise<OtpNode> =>
        startOtpNode({
          ...{ release, nameType: "long", name: `far@${far.there}`, cookie: COOKIE },
          within: far.within,
          env: { ERL_EPMD_PORT: "1" },
          flags: [
            ...["-start_epmd", "false", "-erl_epmd_port", String(port), ...TICK_TIME],
            ...["-kernel", "inet_dist_use_interface", `{${far.there.replaceAll(".", ",")}}`],
          ],
        });
      await using ours = await startNode({
        ...{ name: `near@${far.here}`, cookie: COOKIE, netTickTime: 8 },
        listen: { host: far.here, port },
        discovery: fixedPort(port),
      });
      const otp = await start();
      try {
        await body(far, ours, otp, start);
      } finally {
        await otp.kill();
      }
    }

    test(
      "both ways",
      "fault: the cable is cut and mended",
      () =>
        acrossCable(async (far, ours, otp) => {
          const seen = await witness(ours, otp);
          await otp.eval(MONITORS_US);
          const events = ours.status();
          const began = performance.now();
          far.cut();
          const theirs = otp.eval(DOWN_REASON, PATIENCE).then((reason) => {
            expectTickTime(performance.now() - began);
            return reason;
          });
          const down = await nextStatus(events, "nodedown");
          expectTickTime(performance.now() - began);
          expect(down).toMatchObject({ reason: "net_tick_timeout" });
          expect(await theirs).toBe("net_tick_timeout");
          await expectAllLost(seen);
          far.heal();
          await vi.waitFor(() => ours.ping(otp.nodeName), 20_000);
          // It was linked: it has heard of the loss, too.
          expect(await otp.eval("whereis(witnessed)")).toBe("undefined");
          await ours.ping(otp.nodeName);
          expect(seen.heard).toHaveLength(LOST.length);
        }),
      TEST_MS,
    );

    test(
      "both ways",
      "fault: nothing of what Erlang sends arrives",
      () =>
        acrossCable(async (far, ours, otp) => {
          const seen = await witness(ours, otp);
          await otp.eval(MONITORS_US);
          const events = ours.status();
          const began = performance.now();
          far.muteThere();
          expect(await nextStatus(events, "nodedown")).toMatchObject({
            reason: "net_tick_timeout",
          });
          expectTickTime(performance.now() - began);
          await expectAllLost(seen);
          // It hears that we have hung up, if TCP has not slowed down too much by then.
          expect(await otp.eval(DOWN_REASON, PATIENCE)).toMatch(EITHER);
        }),
      TEST_MS,
    );

    test(
      "both ways",
      "fault: nothing of what we send arrives",
      () =>
        acrossCable(async (far, ours, otp) => {
          const seen = await witness(ours, otp);
          await otp.eval(MONITORS_US);
          const events = ours.status();
          const began = performance.now();
          far.muteHere();
          expect(await otp.eval(DOWN_REASON, PATIENCE)).toBe("net_tick_timeout");
          expectTickTime(performance.now() - began);
          expect((await nextStatus(events, "nodedown")).reason).toMatch(EITHER);
          await expectAllLost(seen);
        }),
      TEST_MS,
    );

    test(
      "both ways",
      "fault: the other machine has forgotten the connection",
      () =>
        acrossCable(async (far, ours, otp, start) => {
          const seen = await witness(ours, otp);
          const events = ours.status();
          await otp.kill();
          far.replace();
          const began = performance.now();
          // The next tick is answered with a reset.
          expect(await nextStatus(events, "nodedown")).toMatchObject({
            reason: "connection_closed",
          });
          expect(performance.now() - began).toBeLessThan(6000);
          await expectAllLost(seen);
          await using again = await start();
          await ours.ping(again.nodeName);
          expect(seen.heard).toHaveLength(LOST.length);
        }),
      TEST_MS,
    );

    test(
      "Erlang dials",
      "fault: it restarts while we think that it is up",
      () =>
        acrossCable(async (far, ours, otp, start) => {
          const seen = await witness(ours, otp);
          const events = ours.status();
          const before = ours.peer(otp.nodeName)?.creation;
          far.cut();
          await otp.kill();
          far.replace();
          await using again = await start();
          expect(await again.eval(`net_adm:ping('${ours.name}')`)).toBe("pong");
          expect(await nextStatus(events, "nodedown")).toMatchObject({
            reason: "connection_closed",
          });
          // Whoever hears of the new one has heard all of the old one.
          expect((await nextStatus(events, "nodeup")).node).toBe(again.nodeName);
          await expectAllLost(seen);
          expect(ours.peer(again.nodeName)?.creation).not.toBe(before);
          expect(ours.nodes("connected")).toEqual([again.nodeName]);
        }),
      TEST_MS,
    );
  },
  { concurrent: true },
);

const LOOPBACK = ["-kernel", "inet_dist_use_interface", "{127,0,0,1}"];
