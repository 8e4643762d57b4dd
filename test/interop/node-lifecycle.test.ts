import { atom, atoms, startNode, t } from "disterl";
import { equalTerms, formatTerm, Pid } from "disterl/term";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { otpProgram, startOtpNode } from "disterl/testing";
import { expect } from "vitest";
import { COOKIE, nextStatus, spawnEcho, startOurs, startPair } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";

const run = promisify(execFile);

forEachOtp((release, test) => {
  const erlang = (epmdPort: number, flags: readonly string[] = [], name?: string) =>
    startOtpNode({
      release,
      nameType: "short",
      cookie: COOKIE,
      epmdPort,
      flags,
      ...(name === undefined ? {} : { name }),
    });

  test("both ways", "the peer is killed: nodedown, and calls fail", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const events = ours.status();
    const call = ours.erpc(otp.nodeName, "timer", "sleep", [60_000]).catch((e: unknown) => e);
    await ours.ping(otp.nodeName);
    await otp.kill();
    expect(await nextStatus(events, "nodedown")).toMatchObject({
      node: otp.nodeName,
      reason: "connection_closed",
    });
    expect(await call).toMatchObject({ code: "ERR_CALL_NO_CONNECTION" });
    expect(ours.nodes("connected")).toEqual([]);
  });

  test("we dial", "disconnect: both sides notice", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    await ours.ping(otp.nodeName);
    await otp.eval(`erlang:monitor_node('${ours.name}', true)`);
    expect(ours.disconnect(otp.nodeName)).toBe(true);
    expect(ours.disconnect(otp.nodeName)).toBe(false);
    expect(await otp.eval("receive {nodedown, _} -> down after 5000 -> no end")).toBe("down");
    await ours.ping(otp.nodeName);
  });

  test("both ways", "an idle link outlives the tick time", async () => {
    const flags = ["-kernel", "net_ticktime", "4"];
    await using pair = await startPair(release, { ours: { netTickTime: 4 }, flags });
    const { ours, otp } = pair;
    await ours.connect(otp.nodeName);
    const down = nextStatus(ours.status(), "nodedown");
    const idle = new Promise((resolve) => setTimeout(resolve, 10_000, "still up"));
    expect(await Promise.race([down, idle])).toBe("still up");
    expect(await otp.eval("nodes(hidden)")).toBe(`[${ours.name}]`);
  });

  test("both ways", "a frozen peer is given up after the tick time", async () => {
    await using pair = await startPair(release, { ours: { netTickTime: 4 } });
    const { ours, otp } = pair;
    await ours.connect(otp.nodeName);
    const events = ours.status();
    const start = performance.now();
    otp.suspend();
    expect(await nextStatus(events, "nodedown")).toMatchObject({ reason: "net_tick_timeout" });
    expect(performance.now() - start).toBeGreaterThan(2500);
    expect(performance.now() - start).toBeLessThan(8000);
    otp.resume();
    await ours.ping(otp.nodeName);
  });

  test("we dial", "a peer that restarts under its name replaces its old connection", async () => {
    await using pair = await startPair(release);
    const { ours, epmd } = pair;
    const name = `phoenix_${process.pid}`;
    const first = await erlang(epmd.port, [], name);
    const before = (await ours.connect(first.nodeName)).creation;
    await first.kill();
    await using second = await erlang(epmd.port, [], name);
    const after = (await ours.connect(second.nodeName)).creation;
    expect(after).not.toBe(before);
    await ours.ping(second.nodeName);
  });

  test(
    "Erlang dials",
    "our node restarts under its name and replaces its old connection",
    async () => {
      await using pair = await startPair(release);
      const { otp, epmd } = pair;
      const name = `again_${process.pid}@localhost`;
      const first = await startOurs(epmd.port, { name });
      await otp.eval(`pong = net_adm:ping('${name}')`);
      await first.stop();
      await using second = await startOurs(epmd.port, { name });
      expect(second.creation).not.toBe(first.creation);
      expect(await otp.eval(`net_adm:ping('${name}')`)).toBe("pong");
      expect(second.nodes("connected")).toEqual([otp.nodeName]);
    },
  );

  test("both ways", "simultaneous connects end in one connection", async () => {
    for (const name of ["aaa", "zzz"]) {
      await using pair = await startPair(release, {
        ours: { name: `${name}_${process.pid}@localhost` },
      });
      const { ours, otp } = pair;
      for (let round = 0; round < 10; round++) {
        const [pong] = await Promise.all([
          otp.eval(`net_adm:ping('${ours.name}')`),
          ours.connect(otp.nodeName),
        ]);
        expect(pong).toBe("pong");
        expect(ours.nodes("connected")).toEqual([otp.nodeName]);
        await ours.ping(otp.nodeName);
        ours.disconnect(otp.nodeName);
        await otp.eval(WAIT_ALONE);
      }
    }
  });

  test("we dial", "a wrong cookie is named", async () => {
    await using pair = await startPair(release, { ours: { cookie: "another cookie" } });
    const { ours, otp } = pair;
    const error = await ours.connect(otp.nodeName).catch((e: unknown) => e as Error);
    expect(error).toMatchObject({ code: "ERR_CONNECT_HANDSHAKE", layer: "handshake" });
    expect((error as Error).message).toContain("cookie");
    expect((error as Error).message).not.toContain("another cookie");
  });

  test("Erlang dials", "a wrong cookie is refused", async () => {
    await using pair = await startPair(release, { ours: { cookie: "another cookie" } });
    const { ours, otp } = pair;
    const events = ours.status();
    expect(await otp.eval(`net_adm:ping('${ours.name}')`)).toBe("pang");
    expect(await nextStatus(events, "refused")).toMatchObject({
      error: { code: "ERR_HANDSHAKE_WRONG_COOKIE" },
    });
    expect(ours.nodes("connected")).toEqual([]);
  });

  test("both ways", "a cookie for one node", async () => {
    await using pair = await startPair(release, { ours: { cookie: "the default one" } });
    const { otp, epmd } = pair;
    const cookies = { [otp.nodeName]: COOKIE };
    await using ours = await startOurs(epmd.port, { cookie: "the default one", cookies });
    await ours.ping(otp.nodeName);
  });

  test("we dial", "a nameless node gets a name", async () => {
    await using pair = await startPair(release);
    const { otp, epmd } = pair;
    const options = { cookie: COOKIE, epmd: { port: epmd.port, start: false } };
    await using nameless = await startNode({ name: "undefined@localhost", ...options });
    expect(nameless.name).toBe("nonode@nohost");
    await nameless.ping(otp.nodeName);
    expect(nameless.name).toMatch(/^[0-9A-Z]+@localhost$/);
    expect(nameless.creation).toBeGreaterThan(3);
    expect(await nameless.erpc(otp.nodeName, "erlang", "nodes", [atom("hidden")])).toEqual([
      atom(nameless.name),
    ]);
    const events = nameless.status();
    nameless.disconnect(otp.nodeName);
    await nextStatus(events, "nodedown");
    expect(nameless.name).toBe("nonode@nohost");
  });

  test("Erlang dials", "a nameless node gets a name from us", async () => {
    await using pair = await startPair(release);
    const { ours, epmd } = pair;
    spawnEcho(ours);
    await using nameless = await erlang(epmd.port, [], "undefined@localhost");
    expect(await nameless.eval(`net_kernel:connect_node('${ours.name}')`)).toBe("true");
    const [name] = ours.nodes("hidden");
    expect(name).toMatch(/^[0-9A-Z]+@localhost$/);
    expect(await nameless.eval("node()")).toContain(name as string);
    expect(await nameless.eval(`gen_server:call({echo, '${ours.name}'}, {echo, hi})`)).toBe("hi");
  });

  test("Erlang dials", "monitors and links of our processes", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const worker = ours.spawn({ name: "worker", onMessage: (reason, self) => self.exit(reason) });
    const node = `'${ours.name}'`;
    const down = "receive {'DOWN', R, process, What, Why} -> {What, Why} after 5000 -> no end";
    const byName = await otp.eval(`R = monitor(process, {worker, ${node}}),
      {worker, ${node}} ! {done, 1}, ${down}`);
    expect(byName).toBe(`{{worker,${ours.name}},{done,1}}`);
    expect(worker.alive).toBe(false);
    const nobody = await otp.eval(`R = monitor(process, {worker, ${node}}), ${down}`);
    expect(nobody).toBe(`{{worker,${ours.name}},noproc}`);

    ours.spawn({
      name: "linked",
      onMessage: (message, self) => {
        if (message instanceof Pid) self.send(message, self.pid);
        else self.exit(message);
      },
    });
    const linked = await otp.eval(`process_flag(trap_exit, true),
      {linked, ${node}} ! self(), P = receive X when is_pid(X) -> X end,
      link(P), P ! over, receive {'EXIT', P, Why} -> Why after 5000 -> no end`);
    expect(linked).toBe("over");
  });

  test("both ways", "links end both processes, and unlinking prevents it", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const start = async (): Promise<Pid> => {
      const args = [atom("timer"), atom("sleep"), [60_000]];
      return (await ours.erpc(otp.nodeName, "erlang", "spawn", args)) as Pid;
    };
    const trapping = ours.spawn({ trapExit: true });
    const there = await start();
    trapping.link(there);
    await ours.erpc(otp.nodeName, "erlang", "exit", [there, atom("stopped")]);
    const exit = await trapping.receive({ timeout: 5000 });
    expect(equalTerms(exit, t(atoms.EXIT, there, atom("stopped")))).toBe(true);

    const second = await start();
    trapping.link(second);
    trapping.unlink(second);
    trapping.exit(atom("gone"));
    expect(await ours.erpc(otp.nodeName, "erlang", "is_process_alive", [second])).toBe(true);

    const third = await start();
    const ends = ours.spawn();
    ends.link(third);
    ends.exit(atom("gone"));
    await expect
      .poll(() => ours.erpc(otp.nodeName, "erlang", "is_process_alive", [third]))
      .toBe(false);
  });

  test("both ways", "monitors and links across a connection that is lost", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const watcher = ours.spawn({ trapExit: true });
    const name = atom("init");
    const node = atom(otp.nodeName);
    const ref = watcher.monitor({ name, node });
    await ours.ping(otp.nodeName);
    await otp.kill();
    const down = await watcher.receive({ timeout: 5000 });
    expect(formatTerm(down)).toBe(
      formatTerm(t(atoms.DOWN, ref, atoms.process, t(name, node), atoms.noconnection)),
    );
    await expect(watcher.receive({ timeout: 0 })).rejects.toMatchObject({
      code: "ERR_RECEIVE_TIMEOUT",
    });
  });

  test("both ways", "aliases", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const inbox = ours.spawn();
    const alias = inbox.alias();
    const send = (message: number) => ours.erpc(otp.nodeName, "erlang", "send", [alias, message]);
    await send(1);
    expect(await inbox.receive({ timeout: 5000 })).toBe(1);
    expect(inbox.unalias(alias)).toBe(true);
    await send(2);
    await ours.ping(otp.nodeName);
    expect(inbox.messageQueueLength).toBe(0);
    await otp.eval(`register(aliased, spawn(fun() -> A = alias(),
      receive {From, get} -> From ! A end, receive M -> From ! {got, M} end end))`);
    inbox.send({ name: "aliased", node: otp.nodeName }, t(inbox.pid, atom("get")));
    const theirs = (await inbox.receive({ timeout: 5000 })) as never;
    inbox.send(theirs, atom("through"));
    expect(formatTerm(await inbox.receive({ timeout: 5000 }))).toBe("{got,through}");
  });

  test("Erlang dials", "the allow list", async () => {
    await using pair = await startPair(release, { ours: { allow: ["friend@localhost"] } });
    const { ours, otp, epmd } = pair;
    expect(await otp.eval(`net_adm:ping('${ours.name}')`)).toBe("pang");
    await using friend = await erlang(epmd.port, [], "friend@localhost");
    expect(await friend.eval(`net_adm:ping('${ours.name}')`)).toBe("pong");
  });

  test("Erlang dials", "erl_call, a C node, is served", async () => {
    await using pair = await startPair(release);
    const { ours, epmd } = pair;
    const call = ["-sname", ours.name, "-c", COOKIE, "-a", "erlang node []"];
    const { file, args } = otpProgram(release, "erl_call", call);
    const env = { ...process.env, ERL_EPMD_PORT: String(epmd.port) };
    const { stdout } = await run(file, [...args], { env, timeout: 20_000 });
    // Nothing of ours is exposed: the answer is what an undefined function gives.
    expect(stdout).toContain("{badrpc, {'EXIT', {undef, [{erlang, node, [], []}]}}}");
  });
});

const WAIT_ALONE = `(fun F(0) -> error(still_connected);
  F(N) -> case nodes(connected) of [] -> ok; _ -> receive after 10 -> F(N - 1) end end end)(500)`;
