import { type Node, startNode } from "disterl";
import { EpmdClient } from "disterl/epmd";
import { formatTerm } from "disterl/term";
import { startCEpmd, startOtpNode } from "disterl/testing";
import { expect } from "vitest";
import { DeadlineClock } from "../deadline-clock.ts";
import { COOKIE, nextStatus, spawnEcho, startOurs, startPair } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";

const unique = (name: string): string =>
  `${name}_${process.pid}_${Math.random().toString(36).slice(2, 8)}@localhost`;

/** Subscribes a process on the Erlang node, which collects; `events` reads what it has. */
const COLLECT = `Me = self(), register(collector, spawn(fun() ->
  ok = net_kernel:monitor_nodes(true, [nodedown_reason, {node_type, all}]), Me ! collecting,
  (fun F(Seen) -> receive
    {events, From} -> From ! {events, lists:reverse(Seen)}, F(Seen);
    {Kind, Node, Info} -> F([{Kind, Node, proplists:get_value(nodedown_reason, Info, up),
                              proplists:get_value(node_type, Info)} | Seen])
  end end)([]) end)), receive collecting -> ok end`;
const EVENTS =
  "collector ! {events, self()}, receive {events, Seen} -> Seen after 5000 -> none end";

/** Visible nodes have to do with each other for a moment: what global sends then connects, too. */
const SYNC = "global:sync(), timer:sleep(300)";

async function poll(body: () => unknown, wanted: unknown): Promise<void> {
  await expect.poll(body, { timeout: 15_000, interval: 50 }).toEqual(wanted);
}

forEachOtp((release, test) => {
  const erlang = (epmdPort: number, name?: string) =>
    startOtpNode({
      release,
      nameType: "short",
      cookie: COOKIE,
      epmdPort,
      ...(name === undefined ? {} : { name }),
    });

  test("both ways", "distribution starts and stops at run time", async () => {
    await using pair = await startPair(release);
    const { otp, epmd } = pair;
    const [name, other] = [unique("run"), unique("other")];
    const epmdOptions = { port: epmd.port, start: false };
    await using ours = await startNode({ distribution: false, cookie: COOKIE, epmd: epmdOptions });
    spawnEcho(ours);
    const inbox = ours.spawn();
    const names = (): Promise<string> => otp.eval("{ok, N} = net_adm:names(), [A || {A, _} <- N]");
    expect(await names()).not.toContain(name.split("@")[0]);

    await otp.eval(COLLECT);
    const creations = new Set<string>();
    for (const each of [name, other, name]) {
      await ours.netKernel.start(each);
      expect(ours.name).toBe(each);
      expect(await names()).toContain(each.split("@")[0]);
      expect(await otp.eval(`net_adm:ping('${each}')`)).toBe("pong");
      expect(await otp.eval(`gen_server:call({echo, '${each}'}, {echo, hi})`)).toBe("hi");
      await ours.ping(otp.nodeName);
      const ref = inbox.monitor({ name: "init", node: otp.nodeName });
      creations.add(`${each} ${ours.creation}`);
      await ours.ping(otp.nodeName);
      await otp.eval(`Me = self(),
        register(w, spawn(fun() -> R = monitor(process, {echo, '${each}'}), Me ! monitored,
          receive {'DOWN', R, _, _, Why} -> receive {P, why} -> P ! {why, Why} end end end)),
        receive monitored -> ok end`);

      await ours.netKernel.stop();
      expect([ours.name, ours.alive, ours.nodes("connected")]).toEqual([
        "nonode@nohost",
        false,
        [],
      ]);
      const down = await inbox.receive({ timeout: 1000 });
      expect(formatTerm(down)).toContain("noconnection");
      expect(formatTerm(down)).toContain(ref.toString());
      expect(await names()).not.toContain(each.split("@")[0]);
      expect(
        await otp.eval("w ! {self(), why}, receive {why, Why} -> Why after 5000 -> no end"),
      ).toBe("noconnection");
      const error = await ours.connect(otp.nodeName).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "ERR_CONNECT_POLICY" });
    }
    expect(creations.size).toBe(3);
    expect(inbox.messageQueueLength).toBe(0);
    const down = /nodedown,[^}]*connection_closed/g;
    await poll(async () => (await otp.eval(EVENTS)).match(down)?.length, 3);
    expect((await otp.eval(EVENTS)).match(/nodeup/g)).toHaveLength(3);
  });

  test(
    "both ways",
    "a name that is taken: distribution does not start, and can be tried again",
    async () => {
      await using pair = await startPair(release);
      const { otp, ours: holder, epmd } = pair;
      const options = { cookie: COOKIE, epmd: { port: epmd.port, start: false } };
      await using ours = await startNode({ distribution: false, ...options });
      for (const taken of [otp.nodeName, holder.name]) {
        const begun = performance.now();
        const error = await ours.netKernel.start(taken).catch((e: unknown) => e);
        expect(error).toMatchObject({ code: "ERR_EPMD_NAME_TAKEN" });
        expect(performance.now() - begun).toBeGreaterThan(1500);
        expect(ours.netKernel.state.started).toBe("no");
      }
      await ours.netKernel.start(unique("free"));
      await ours.ping(otp.nodeName);
    },
  );

  test("Erlang dials", "Erlang's monitor_nodes sees us come and go, with reasons", async () => {
    await using pair = await startPair(release);
    const { otp, ours, epmd } = pair;
    await otp.eval(COLLECT);
    await using visible = await startOurs(epmd.port, { name: unique("seen"), hidden: false });
    for (const node of [ours, visible]) {
      await otp.eval(`pong = net_adm:ping('${node.name}'), ${SYNC}`);
      node.disconnect(otp.nodeName);
      await poll(() => otp.eval("nodes(connected)"), "[]");
      await node.connect(otp.nodeName);
      await otp.eval(SYNC);
      await otp.eval(`true = erlang:disconnect_node('${node.name}')`);
      await poll(() => node.nodes("connected"), []);
    }
    const expected = (name: string, type: string): string =>
      ["up", "connection_closed", "up", "disconnect"]
        .map((why) => `{${why === "up" ? "nodeup" : "nodedown"},${name},${why},${type}}`)
        .join(",");
    const events = await otp.eval(EVENTS);
    expect(events.replaceAll(/\s/g, "")).toBe(
      `[${expected(ours.name, "hidden")},${expected(visible.name, "visible")}]`,
    );
  });

  test(
    "both ways",
    "our monitor_nodes sees Erlang come and go, with reasons and types",
    async () => {
      await using pair = await startPair(release);
      const { otp, epmd } = pair;
      await using ours = await startOurs(epmd.port, { name: unique("eyes"), hidden: false });
      const watcher = ours.spawn();
      ours.netKernel.monitorNodes(watcher, true, { nodeType: "all", nodedownReason: true });
      const plain = ours.spawn();
      ours.netKernel.monitorNodes(plain, true);
      await otp.eval(`pong = net_adm:ping('${ours.name}'), ${SYNC}`);
      await otp.eval(`true = erlang:disconnect_node('${ours.name}')`);
      await poll(() => ours.nodes("connected"), []);

      await using hider = await startOurs(epmd.port, { name: unique("hider"), hidden: false });
      const hidden = hider.spawn();
      const options = { nodeType: "all", nodedownReason: true } as const;
      hider.netKernel.monitorNodes(hidden, true, options);
      await hider.netKernel.hiddenConnect(otp.nodeName);
      expect(await otp.eval("nodes(hidden)")).toBe(`[${hider.name}]`);
      await otp.kill();
      const next = async (process = watcher): Promise<string> =>
        formatTerm(await process.receive({ timeout: 5000 }));
      const node = otp.nodeName;
      expect(await next()).toBe(`{nodeup,${node},[{node_type,visible}]}`);
      const closed = "{nodedown_reason,connection_closed}";
      expect(await next()).toBe(`{nodedown,${node},[${closed},{node_type,visible}]}`);
      expect(await next(hidden)).toBe(`{nodeup,${node},[{node_type,hidden}]}`);
      expect(await next(hidden)).toBe(`{nodedown,${node},[${closed},{node_type,hidden}]}`);
      expect(plain.messageQueueLength).toBe(2);
    },
  );

  test(
    "both ways",
    "what is sent right after a disconnect goes over a new connection",
    async () => {
      await using pair = await startPair(release);
      const { otp, ours } = pair;
      await otp.eval(`register(log, spawn(fun F() -> receive {From, get} ->
      {messages, L} = process_info(self(), messages), From ! {log, L}, F() end end))`);
      const sender = ours.spawn();
      const to = { name: "log", node: otp.nodeName };
      const numbers: number[] = [];
      await ours.connect(otp.nodeName);
      for (let round = 0; round < 10; round++) {
        for (let i = 0; i < 3; i++) {
          const number = 10 * round + i;
          numbers.push(number);
          sender.send(to, number);
          if (i === 0) ours.disconnect(otp.nodeName);
        }
        const ref = sender.monitor(to);
        await ours.ping(otp.nodeName);
        sender.demonitor(ref, { flush: true });
      }
      const log = await otp.eval(
        "log ! {self(), get}, receive {log, L} -> L after 5000 -> none end",
      );
      expect(JSON.parse(log)).toEqual(numbers);

      // The yardstick: Erlang's own sends after its disconnect_node.
      const inbox = ours.spawn({ name: "inbox" });
      await otp.eval(`pong = net_adm:ping('${ours.name}'), To = {inbox, '${ours.name}'},
      To ! 1, erlang:disconnect_node('${ours.name}'), To ! 2, To ! 3`);
      for (const number of [1, 2, 3]) expect(await inbox.receive({ timeout: 5000 })).toBe(number);
    },
  );

  test("both ways", "the tick time changes on an idle link, and counts afterwards", async () => {
    await using pair = await startPair(release, { ours: { netTickTime: 60 } });
    const { otp, ours } = pair;
    await ours.connect(otp.nodeName);
    const down = nextStatus(ours.status(), "nodedown");
    expect(ours.netKernel.setNetTickTime(4, 3)).toBe("change_initiated");
    expect(await otp.eval("net_kernel:set_net_ticktime(4, 3)")).toBe("change_initiated");
    expect(ours.netKernel.netTickTime).toEqual({ ongoingChangeTo: 4 });
    const idle = new Promise((resolve) => setTimeout(resolve, 12_000, "still up"));
    expect(await Promise.race([down, idle])).toBe("still up");
    expect(ours.netKernel.netTickTime).toBe(4);
    expect(await otp.eval("{net_kernel:get_net_ticktime(), nodes(hidden)}")).toBe(
      `{4,[${ours.name}]}`,
    );
    const begun = performance.now();
    otp.suspend();
    expect(await down).toMatchObject({ reason: "net_tick_timeout" });
    expect(performance.now() - begun).toBeLessThan(8000);
    otp.resume();
  });

  test("we dial", "a kept node is dialled again after kill -9 and a restart", async () => {
    await using pair = await startPair(release);
    const { ours, epmd } = pair;
    const name = `phoenix_${process.pid}`;
    const first = await erlang(epmd.port, name);
    const events = ours.status();
    const policy = { minDelay: 50, maxDelay: 200 };
    using kept = ours.keepConnected(first.nodeName, policy);
    await nextStatus(events, "nodeup");
    const before = ours.peer(first.nodeName)?.creation;
    await first.kill();
    expect(await nextStatus(events, "nodedown")).toMatchObject({ reason: "connection_closed" });
    expect(await nextStatus(events, "reconnecting")).toMatchObject({ attempt: 1 });
    expect(await nextStatus(events, "connect_failed")).toMatchObject({
      code: "ERR_CONNECT_NOT_REGISTERED",
    });
    await using second = await erlang(epmd.port, name);
    await nextStatus(events, "nodeup");
    expect(kept.connected).toBe(true);
    expect(ours.peer(second.nodeName)?.creation).not.toBe(before);
    // Erlang that ends the connection has it again soon.
    await second.eval(`true = erlang:disconnect_node('${ours.name}')`);
    await nextStatus(events, "nodeup");
  });

  test("both ways", "cookies for one node, set at run time on both sides", async () => {
    await using pair = await startPair(release);
    const { otp, ours } = pair;
    ours.netKernel.setCookie(otp.nodeName, "only for you");
    const refused = await ours.connect(otp.nodeName).catch((e: unknown) => e);
    expect(refused).toMatchObject({ layer: "handshake" });
    expect(await otp.eval(`net_adm:ping('${ours.name}')`)).toBe("pang");
    await otp.eval(`erlang:set_cookie('${ours.name}', 'only for you')`);
    await ours.ping(otp.nodeName);
    ours.disconnect(otp.nodeName);
    await poll(() => otp.eval("nodes(connected)"), "[]");
    expect(await otp.eval(`net_adm:ping('${ours.name}')`)).toBe("pong");
    // The default changes; the connection stays, and the other's own cookie still counts.
    ours.netKernel.setCookie("another default");
    await ours.ping(otp.nodeName);
  });

  test("both ways", "a dynamic name at run time, lost and given again", async () => {
    await using pair = await startPair(release);
    const { otp, epmd } = pair;
    const options = { cookie: COOKIE, epmd: { port: epmd.port, start: false } };
    await using ours = await startNode({ distribution: false, ...options });
    const watcher = ours.spawn();
    ours.netKernel.monitorNodes(watcher, true, { nodedownReason: true });
    await ours.netKernel.start("undefined@localhost");
    expect(ours.netKernel.state).toMatchObject({ nameType: "dynamic", name: undefined });
    await ours.ping(otp.nodeName);
    const { name } = ours;
    expect(ours.netKernel.state).toMatchObject({ nameType: "dynamic", name });
    expect(await otp.eval("nodes(hidden)")).toContain(name);
    expect(formatTerm(await watcher.receive({ timeout: 1000 }))).toBe(`{nodeup,'${name}',[]}`);
    await otp.eval("[erlang:disconnect_node(N) || N <- nodes(hidden)]");
    await poll(() => ours.name, "nonode@nohost");
    expect(formatTerm(await watcher.receive({ timeout: 1000 }))).toBe(
      `{nodedown,'${name}',[{nodedown_reason,net_kernel_terminated}]}`,
    );
    await ours.ping(otp.nodeName);
    expect(ours.alive).toBe(true);
    await ours.netKernel.stop();
    expect(ours.alive).toBe(false);
  });

  test("we dial", "net_setuptime: who does not answer is given up", async () => {
    await using pair = await startPair(release, { ours: { netSetupTime: 3 } });
    const { otp, ours } = pair;
    otp.suspend();
    const begun = performance.now();
    const error = await ours.connect(otp.nodeName).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: "ConnectError" });
    expect(performance.now() - begun).toBeLessThan(7000);
    otp.resume();
    await ours.ping(otp.nodeName);
  });

  test(
    "Erlang dials",
    "dist_auto_connect once and never, and a node that does not listen",
    async () => {
      await using pair = await startPair(release, { ours: { distAutoConnect: "once" } });
      const { otp, ours, epmd } = pair;
      const to = { name: "init", node: otp.nodeName };
      const sender = ours.spawn();
      const firstDown = async (node: Node): Promise<string> => {
        const process = node.spawn();
        process.monitor(to);
        return formatTerm(await process.receive({ timeout: 5000 }));
      };
      sender.monitor(to);
      await poll(() => ours.nodes("connected"), [otp.nodeName]);
      ours.disconnect(otp.nodeName);
      expect(await firstDown(ours)).toContain("noconnection");
      expect(ours.netKernel.nodeInfo(otp.nodeName).barred).toBe(true);
      await poll(() => otp.eval("nodes(connected)"), "[]");
      await otp.eval(`pong = net_adm:ping('${ours.name}')`);
      expect(ours.netKernel.nodeInfo(otp.nodeName).barred).toBe(false);

      await using never = await startOurs(epmd.port, { distAutoConnect: "never" });
      expect(await firstDown(never)).toContain("noconnection");
      await never.ping(otp.nodeName);

      await using quiet = await startOurs(epmd.port, { name: unique("quiet"), listen: false });
      expect(await otp.eval(`net_adm:ping('${quiet.name}')`)).toBe("pang");
      expect(quiet.address).toBeUndefined();
      await quiet.ping(otp.nodeName);
      expect(await otp.eval(`net_adm:ping('${quiet.name}')`)).toBe("pong");
    },
  );

  test(
    "both ways",
    "epmd restarts: the connection lives, the name comes back, kept nodes are found",
    async () => {
      await using pair = await startPair(release);
      const { otp, ours, epmd } = pair;
      const events = ours.status();
      const dials = ours.status();
      using kept = ours.keepConnected(otp.nodeName, { minDelay: 100, maxDelay: 300 });
      await nextStatus(events, "nodeup");
      await epmd.stop();
      expect(await nextStatus(events, "epmd")).toMatchObject({ event: "lost" });
      await ours.ping(otp.nodeName);
      ours.disconnect(otp.nodeName);
      const failed = await nextStatus(dials, "connect_failed");
      expect(failed).toMatchObject({ code: "ERR_CONNECT_NO_EPMD" });
      await using _again = await startCEpmd({ release, port: epmd.port });
      let got = "";
      while (got !== "reregistered") got = (await nextStatus(events, "epmd")).event;
      await expect.poll(() => kept.connected, { timeout: 15_000 }).toBe(true);
    },
  );

  test(
    "both ways",
    "a name that is stolen while epmd is away is told, and comes back",
    async () => {
      // Our next try waits until the thief was there.
      const clock = new DeadlineClock();
      await using pair = await startPair(release, { ours: { clock } });
      const { ours, epmd, otp } = pair;
      const events = ours.status();
      const next = () => clock.passUntil(nextStatus(events, "epmd"));
      await epmd.kill();
      expect(await nextStatus(events, "epmd")).toMatchObject({ event: "lost" });
      await using _again = await startCEpmd({ release, port: epmd.port });
      const thief = new EpmdClient({ port: epmd.port });
      await thief.register(ours.name.split("@")[0] ?? "", 4444);
      const { creation } = ours;
      let lost = await next();
      while (lost.event !== "name_lost") lost = await next();
      expect(lost.holderPort).toBe(4444);
      await thief.close();
      while (lost.event !== "reregistered") lost = await next();
      expect(ours.creation).toBe(creation);
      await expect.poll(() => otp.eval(`net_adm:ping('${ours.name}')`)).toBe("pong");
    },
  );
});
