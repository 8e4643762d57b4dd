/**
 * Our event loop stands still for longer than the tick time, with `ticks: "worker"` and without: row
 * R16 of the reliability table, and what it has in common with R20. Everything at a tick time of 8
 * seconds and all at once, since it mostly waits. Our node is a process of its own, `computing-node.mjs`.
 */
import type { Node } from "disterl";
import { type OtpNode, type OtpRelease, startCEpmd, startOtpNode } from "disterl/testing";
import { expect } from "vitest";
import { COOKIE, nextStatus, startOurs } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";
import { COMPUTING_NODE, OurProgram } from "./our-programs.ts";

const STALL_MS = 20_000;
const PATIENCE = { timeoutMs: 60_000 };
const TEST_MS = 120_000;

/** An Erlang node, and ours that computes; connected, with everything watched that can break. */
interface Setup extends AsyncDisposable {
  readonly otp: OtpNode;
  readonly program: OurProgram;
  /** Of the computing node. */
  readonly name: string;
  readonly epmdPort: number;
}

interface SetupOptions {
  readonly dials: "we" | "Erlang";
  readonly ticks: "worker" | "event_loop";
  readonly stallTime?: number;
}

async function setUp(release: OtpRelease, options: SetupOptions): Promise<Setup> {
  const { dials, ticks, stallTime } = options;
  const epmd = await startCEpmd({ release });
  const flags = ["-kernel", "net_ticktime", "8"];
  const otp = await startOtpNode({
    release,
    nameType: "short",
    cookie: COOKIE,
    epmdPort: epmd.port,
    flags,
  });
  const name = "computing@localhost";
  const ours = {
    ...{ name, cookie: COOKIE, netTickTime: 8, ticks, stallTime },
    epmd: { port: epmd.port, start: false },
  };
  const peer = dials === "we" ? [otp.nodeName] : [];
  const program = new OurProgram(COMPUTING_NODE, [JSON.stringify(ours), ...peer], {});
  await program.waitFor(/READY/);
  await otp.eval(`ok = net_kernel:monitor_nodes(true, [nodedown_reason, {node_type, all}]),
    process_flag(trap_exit, true),
    {compute, '${name}'} ! {who, self()},
    receive {here, P} -> link(P), monitor(process, P) end,
    receive {nodeup, _, _} -> ok after 0 -> ok end`);
  return {
    otp,
    program,
    name,
    epmdPort: epmd.port,
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      await otp.stop();
      await epmd.stop();
    },
  };
}

/** Makes ours stand still; done when it is about to. */
function block({ otp, name }: Setup, milliseconds = STALL_MS): Promise<string> {
  return otp.eval(`{compute, '${name}'} ! {block, self(), ${milliseconds}},
    receive blocking -> ok end`);
}

/** What the Erlang node has heard of the end of ours within some milliseconds. */
function heard({ otp }: Setup, milliseconds: number): Promise<string> {
  return otp.eval(
    `F = fun F(Left) -> receive
        {nodedown, _, Info} -> [proplists:get_value(nodedown_reason, Info) | F(1000)];
        {'EXIT', _, R} -> [{link, R} | F(1000)];
        {'DOWN', _, _, _, R} -> [{monitor, R} | F(1000)]
      after Left -> [] end end, lists:sort(F(${milliseconds}))`,
    PATIENCE,
  );
}

const LOST = "[net_tick_timeout,{link,noconnection},{monitor,noconnection}]";

/** Messages during the stall, one each 100 ms; then what ours got of them. */
function talk({ otp, name }: Setup, count: number): Promise<string> {
  return otp.eval(
    `[begin {collect, '${name}'} ! I, timer:sleep(100) end || I <- lists:seq(1, ${count})],
      {collect, '${name}'} ! {what, self()},
      receive {what, L} -> L =:= lists:seq(1, ${count}) after 30000 -> late end`,
    PATIENCE,
  );
}

forEachOtp(
  (release, test) => {
    for (const dials of ["Erlang", "we"] as const) {
      const direction = dials === "we" ? "we dial" : "Erlang dials";
      test(
        direction,
        "computing for 20 s at a tick time of 8 s without the tick worker: given up",
        async () => {
          await using setup = await setUp(release, { dials, ticks: "event_loop" });
          await block(setup);
          expect(await heard(setup, STALL_MS - 2000)).toBe(LOST);
          // Afterwards it has noticed, and goes on.
          await setup.program.waitFor(/EVENT nodedown/);
          expect(setup.program.out).toMatch(/EVENT self_stalled/);
          expect(await setup.otp.eval(`net_adm:ping('${setup.name}')`)).toBe("pong");
        },
        TEST_MS,
      );

      test(
        direction,
        "computing for 20 s with it: links live, and what was sent meanwhile arrives in order",
        async () => {
          await using setup = await setUp(release, { dials, ticks: "worker" });
          await block(setup);
          expect(await talk(setup, 150)).toBe("true");
          expect(await heard(setup, 1000)).toBe("[]");
          expect(setup.program.out).toMatch(/COMPUTED/);
          expect(setup.program.out).not.toMatch(/EVENT (nodedown|warning)/);
          // And once more: the stream is where it should be.
          await block(setup, 10_000);
          expect(await talk(setup, 20)).toBe("true");
          expect(await heard(setup, 1000)).toBe("[]");
        },
        TEST_MS,
      );
    }

    test(
      "both ways",
      "computing with many connections, one of which its peer closes meanwhile",
      async () => {
        await using setup = await setUp(release, { dials: "Erlang", ticks: "worker" });
        const peers: Node[] = [];
        for (let index = 0; index < 20; index++) {
          peers.push(await startOurs(setup.epmdPort, { netTickTime: 8 }));
        }
        await using _stop = {
          async [Symbol.asyncDispose]() {
            await Promise.all(peers.map((peer) => peer.stop()));
          },
        };
        await Promise.all(peers.map((peer) => peer.connect(setup.name)));
        const [leaves, ...stays] = peers as [Node, ...Node[]];
        const downs = Promise.race(stays.map((peer) => nextStatus(peer.status(), "nodedown")));
        downs.catch(() => {});
        await block(setup);
        leaves.disconnect(setup.name);
        expect(await heard(setup, STALL_MS + 4000)).toBe("[]");
        expect(await Promise.race([downs, Promise.resolve("all up")])).toBe("all up");
        await setup.program.waitFor(new RegExp(`EVENT nodedown ${leaves.name} connection_closed`));
        await leaves.ping(setup.name);
        for (const peer of stays) expect(peer.nodes("connected")).toEqual([setup.name]);
      },
      TEST_MS,
    );

    test(
      "Erlang dials",
      "computing right after a flood: what the kernel has not taken keeps the worker from ticking",
      async () => {
        await using setup = await setUp(release, { dials: "Erlang", ticks: "worker" });
        await setup.otp.eval(SINK);
        await setup.otp.eval(`{compute, '${setup.name}'} ! {flood, whereis(sink), 4000, 20000}`);
        await setup.program.waitFor(/PENDING [1-9]/);
        expect(await heard(setup, STALL_MS - 2000)).toBe(LOST);
      },
      TEST_MS,
    );

    test(
      "Erlang dials",
      "computing after a flood that has gone out: the connection lives",
      async () => {
        await using setup = await setUp(release, { dials: "Erlang", ticks: "worker" });
        await setup.otp.eval(SINK);
        await setup.otp.eval(
          `{compute, '${setup.name}'} ! {flood_and_wait, whereis(sink), 4000, 20000}`,
        );
        await setup.program.waitFor(/PENDING 0\n/);
        expect(await talk(setup, 150)).toBe("true");
        expect(await heard(setup, 1000)).toBe("[]");
        expect(await setup.otp.eval("sink ! {count, self()}, receive {count, N} -> N end")).toBe(
          "4001",
        );
      },
      TEST_MS,
    );

    test(
      "Erlang dials",
      "standing still for longer than stallTime: given up after all",
      async () => {
        const options = { dials: "Erlang", ticks: "worker", stallTime: 4 } as const;
        await using setup = await setUp(release, options);
        await block(setup);
        expect(await heard(setup, STALL_MS - 2000)).toBe(LOST);
      },
      TEST_MS,
    );

    test(
      "Erlang dials",
      "a process that is frozen is given up with a tick worker, too; a short freeze is survived",
      async () => {
        await using setup = await setUp(release, { dials: "Erlang", ticks: "worker" });
        const { program, otp, name } = setup;
        program.child.kill("SIGSTOP");
        expect(await heard(setup, 3000)).toBe("[]");
        program.child.kill("SIGCONT");
        expect(await otp.eval(`net_adm:ping('${name}')`)).toBe("pong");
        expect(await heard(setup, 1000)).toBe("[]");
        program.child.kill("SIGSTOP");
        expect(await heard(setup, STALL_MS - 2000)).toBe(LOST);
        program.child.kill("SIGCONT");
        await program.waitFor(/EVENT nodedown/);
        expect(await otp.eval(`net_adm:ping('${name}')`)).toBe("pong");
      },
      TEST_MS,
    );

    test(
      "the harness",
      "a node with a tick worker ends, and its process does",
      async () => {
        await using setup = await setUp(release, { dials: "Erlang", ticks: "worker" });
        await setup.otp.eval(`{compute, '${setup.name}'} ! stop`);
        expect(await setup.program.ended).toBe(0);
        expect(setup.program.out).toMatch(/STOPPED/);
        expect(setup.program.err).toBe("");
      },
      TEST_MS,
    );
  },
  { concurrent: true },
);

const SINK = `register(sink, spawn(fun() -> F = fun F(N) ->
    receive {count, P} -> P ! {count, N}, F(N); _ -> F(N + 1) end end, F(0) end))`;
