/**
 * Faults of processes that are quick to bring about: somebody is killed, restarts, has no descriptors
 * left, hangs up in the middle of a word. Rows R01, R08, R13, R21, R27 and R29 of the reliability table.
 */
import { atom, atoms, match, startNode, t } from "disterl";
import { EpmdClient, type Discovery } from "disterl/epmd";
import { equalTerms } from "disterl/term";
import { type CEpmd, type OtpNode, startCEpmd, startOtpNode } from "disterl/testing";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect } from "vitest";
import {
  CALLS_LOST,
  codeOf,
  ERLANG_HEARD,
  ERLANG_WITNESS,
  LOST,
  pidOf,
  witness,
} from "./fault-witness.ts";
import { nextStatus, startOurs } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";
import { ECHO_NODE, OurProgram } from "./our-programs.ts";
import { Relay } from "./relay.ts";

const COOKIE = "a_cookie_for_tests_only";
const LOOPBACK = ["-kernel", "inet_dist_use_interface", "{127,0,0,1}"];

forEachOtp((release, test) => {
  let epmd: CEpmd;

  beforeEach(async () => {
    epmd = await startCEpmd({ release });
  });

  afterEach(() => epmd.stop());

  const erlang = (name?: string): Promise<OtpNode> =>
    startOtpNode({
      ...{ release, nameType: "short", cookie: COOKIE, epmdPort: epmd.port },
      ...(name === undefined ? {} : { name }),
    });

  const ourNode = (options: Parameters<typeof startOurs>[1] = {}) =>
    startOurs(epmd.port, { cookie: COOKIE, ...options });

  const echoProgram = (epmdPort: number, limits = {}): OurProgram => {
    const flags = ["-sname", "echo@localhost", "-setcookie", COOKIE, "-hidden", ...LOOPBACK];
    return new OurProgram(ECHO_NODE, flags, { ERL_EPMD_PORT: String(epmdPort) }, limits);
  };

  async function echoNode(limits: { descriptors?: number } = {}): Promise<OurProgram> {
    const program = echoProgram(epmd.port, limits);
    await program.waitFor(/READY .*\n/);
    return program;
  }

  test("both ways", "fault: Erlang is killed", async () => {
    await using ours = await ourNode();
    const otp = await erlang("killed@localhost");
    const seen = await witness(ours, otp);
    const events = ours.status();
    await otp.kill();
    expect(await nextStatus(events, "nodedown")).toMatchObject({
      node: otp.nodeName,
      reason: "connection_closed",
    });
    expect(await seen.calls).toEqual(CALLS_LOST);
    await expect.poll(() => seen.heard.toSorted()).toEqual(LOST);
    // A new run under the name: nobody hears of the old one again.
    await using again = await erlang("killed@localhost");
    await ours.ping(again.nodeName);
    await again.stop();
    expect((await nextStatus(events, "nodeup")).node).toBe(otp.nodeName);
    expect((await nextStatus(events, "nodedown")).node).toBe(otp.nodeName);
    expect(seen.heard.toSorted()).toEqual(LOST);
  });

  test("both ways", "fault: we are killed", async () => {
    await using otp = await erlang();
    await using program = await echoNode();
    await otp.eval(ERLANG_WITNESS.replaceAll("NODE", "'echo@localhost'"));
    program.child.kill("SIGKILL");
    await program.ended;
    expect(await otp.eval(ERLANG_HEARD, { timeoutMs: 35_000 })).toBe(
      "[monitor_node,{by_name,noconnection},{by_pid,noconnection},{call,nodedown},{link,noconnection},{nodedown,connection_closed}]",
    );
    // The next run can be started at once, and is another.
    await using again = await echoNode();
    expect(again.out).toContain("READY");
    expect(await otp.eval("net_adm:ping('echo@localhost')")).toBe("pong");
  });

  test("Erlang dials", "fault: pids of an earlier run of ours", async () => {
    await using otp = await erlang();
    await otp.eval("process_flag(trap_exit, true)");
    const creations = new Set<string>();
    for (let run = 0; run < 3; run++) {
      await using program = await echoNode();
      expect(program.out).toContain("READY");
      const seen = await otp.eval(`
        W = gen_server:call({ctl, 'echo@localhost'}, spawn_worker),
        <<_:4/binary, Creation:32>> = <<0:32, (binary:part(term_to_binary(W), byte_size(term_to_binary(W)), -4))/binary>>,
        Ask = fun(Cmd) -> W ! {do, self(), a_ref, Cmd}, receive {a_ref, X} -> X after 5000 -> no_answer end end,
        W = Ask(self), false = Ask({trap_exit, true}),
        Old = case get(old) of undefined -> first_run; P ->
          P ! {do, self(), a_ref, {die, by_mistake}}, exit(P, kill), link(P),
          R = monitor(process, P), A = monitor(process, P, [{alias, reply_demonitor}]),
          {node(P) =:= node(W), P =/= W,
            receive {'EXIT', P, Why} -> Why after 5000 -> nothing end,
            receive {'DOWN', R, process, P, Why2} -> Why2 after 5000 -> nothing end,
            receive {'DOWN', A, process, P, Why3} -> Why3 after 5000 -> nothing end,
            {Ask({link, P}), Ask({monitor, P}) =/= R, Ask({send, P, hello}), Ask({exit, P, kill}),
              lists:sort([element(1, M) || M <- Ask(mailbox), lists:member(noproc, tuple_to_list(M))])}} end,
        put(old, W),
        {Creation, Old, Ask(self) =:= W, process_info(self(), messages)}`);
      const [, creation = "", rest] = /^\{(\d+),(.*)\}$/.exec(seen) ?? [];
      creations.add(creation);
      expect(Number(creation)).toBeGreaterThan(3);
      const old = "{true,true,noproc,noproc,noproc,{true,true,hello,true,['DOWN','EXIT']}}";
      expect(rest).toBe(`${run === 0 ? "first_run" : old},true,{messages,[]}`);
      program.child.kill("SIGKILL");
      await program.ended;
    }
    expect(creations.size).toBe(3);
  });

  test("we dial", "fault: pids of an earlier run of Erlang", async () => {
    await using ours = await ourNode();
    const start = async (): Promise<OtpNode> => {
      const otp = await erlang("restarted@localhost");
      await otp.eval(
        "register(known, spawn(fun F() -> receive {whoami, P} -> P ! {i_am, self()}, F() end end))",
      );
      return otp;
    };
    const first = await start();
    const old = await pidOf(ours, "known", first.nodeName);
    await first.kill();
    await using second = await start();
    const now = await pidOf(ours, "known", second.nodeName);
    expect(now.creation).not.toBe(old.creation);
    expect(equalTerms(now, old)).toBe(false);

    const self = ours.spawn({ trapExit: true });
    self.link(old);
    const linked = await self.receive({ timeout: 5000 });
    expect(equalTerms(linked, t(atoms.EXIT, old, atoms.noproc))).toBe(true);
    const ref = self.monitor(old);
    const down = await self.receive({ timeout: 5000 });
    expect(equalTerms(down, t(atoms.DOWN, ref, atoms.process, old, atoms.noproc))).toBe(true);
    self.send(old, t(atom("whoami"), self.pid));
    self.exitSignal(old, atoms.kill);
    expect(await codeOf(ours.call(old, atom("x")))).toBe("ERR_CALL_NO_PROC");
    expect(equalTerms(await pidOf(ours, "known", second.nodeName), now)).toBe(true);
    expect(self.messageQueueLength).toBe(0);
  });

  test("both ways", "fault: epmd gives strange creations", async () => {
    await using otp = await erlang();
    await using relay = await Relay.start(epmd.port);
    const seen: number[] = [];
    for (const given of [0xffff_ffff, 0, 1]) {
      // ALIVE2_X_RESP: 118, result, creation:32
      relay.rewrite((reply) => {
        if (reply.length === 6 && reply[0] === 118) reply.writeUInt32BE(given, 2);
      });
      await using ours = await startOurs(relay.port, { cookie: COOKIE, name: "strange@localhost" });
      if (given !== 0) expect(ours.creation).toBe(given);
      seen.push(ours.creation);
      const inbox = ours.spawn({ name: "inbox" });
      await ours.ping(otp.nodeName);
      // A pid goes there and back, and those of the runs before are of nobody.
      const olds = await otp.eval(`
        {inbox, '${ours.name}'} ! {self(), hello},
        R = case get(old) of undefined -> none; P -> monitor(process, P) end,
        receive {'DOWN', R, _, _, Why} -> Why after 5000 * length([R || R =/= none]) -> first end`);
      expect(olds).toBe(seen.length === 1 ? "first" : "noproc");
      const [from] = await inbox.receive(t(match.pid, atom("hello")), { timeout: 5000 });
      inbox.send(from, inbox.pid);
      await otp.eval(`put(old, receive Pid when is_pid(Pid) -> Pid after 5000 -> nothing end),
        get(old) ! {and_back, get(old)}`);
      const [, back] = await inbox.receive(t(atom("and_back"), match.pid), { timeout: 5000 });
      expect(back.equals(inbox.pid)).toBe(true);
      expect(back.creation).toBe(ours.creation);
      ours.disconnect(otp.nodeName);
    }
    expect(new Set(seen).size).toBe(3);
    expect(seen).not.toContain(0);
  });

  test("both ways", "fault: the name is taken", async () => {
    await using otp = await erlang("taken@localhost");
    const failed = startNode({
      ...{ name: otp.nodeName, cookie: COOKIE, epmd: { port: epmd.port, start: false } },
    });
    await expect(failed).rejects.toMatchObject({ code: "ERR_EPMD_NAME_TAKEN" });
    await expect(failed).rejects.toThrow(/seems to be in use/);

    await using ours = await ourNode({ name: "ours@localhost" });
    await ours.ping(otp.nodeName);
    await expect(erlang("ours@localhost")).rejects.toThrow(/seems to be in use/);
    expect(ours.nodes("connected")).toEqual([otp.nodeName]);
    expect(await otp.eval("net_adm:ping('ours@localhost')")).toBe("pong");
  });

  test("Erlang dials", "fault: no descriptors are left", async () => {
    await using otp = await erlang();
    await using program = await echoNode({ descriptors: 64 });
    const ping = "net_adm:ping('echo@localhost')";
    expect(await otp.eval(ping)).toBe("pong");
    await using client = new EpmdClient({ port: epmd.port });
    const port = (await client.lookup("echo", "127.0.0.1"))?.port ?? 0;
    const crowd: Socket[] = [];
    for (let i = 0; i < 150; i++) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      crowd.push(socket);
    }
    const echo = "gen_server:call({echo, 'echo@localhost'}, {echo, still_there})";
    await expect.poll(() => crowd.some((socket) => socket.destroyed)).toBe(true);
    expect(await otp.eval(echo)).toBe("still_there");
    for (const socket of crowd) socket.destroy();
    await using late = await erlang();
    await expect.poll(() => late.eval(ping), { timeout: 10_000 }).toBe("pong");
    expect(await otp.eval(`{${echo}, nodes(hidden)}`)).toBe("{still_there,[echo@localhost]}");
    expect(program.err).not.toMatch(/^\s+at /m);
  });

  for (const [how, harm] of [
    ["a FIN", (near: Socket) => near.end()],
    ["an RST", (near: Socket) => near.resetAndDestroy()],
  ] as const) {
    test("we dial", `fault: ${how} in the middle of a message`, async () => {
      await using otp = await erlang();
      const epmdClient = new EpmdClient({ port: epmd.port });
      const found = await epmdClient.lookup(otp.nodeName.split("@")[0] ?? "", "127.0.0.1");
      await using relay = await Relay.start(found?.port ?? 0);
      const discovery: Discovery = {
        register: (...args) => epmdClient.register(...args),
        lookup: () => Promise.resolve({ port: relay.port, version: 6, address: "127.0.0.1" }),
        names: (...args) => epmdClient.names(...args),
        close: () => epmdClient.close(),
      };
      await using ours = await ourNode({ discovery, epmd: undefined });
      const seen = await witness(ours, otp);
      const events = ours.status();
      const inbox = ours.spawn({ name: "inbox" });
      relay.after(100_000, harm);
      await otp.eval(
        `{inbox, '${ours.name}'} ! first, {inbox, '${ours.name}'} ! binary:copy(<<"x">>, 1000000), ok`,
      );
      expect(await nextStatus(events, "nodedown")).toMatchObject({ reason: "connection_closed" });
      await expect.poll(() => seen.heard.toSorted()).toEqual(LOST);
      expect(await seen.calls).toEqual(CALLS_LOST);
      expect(await inbox.receive({ timeout: 0 })).toBe(atom("first"));
      expect(inbox.messageQueueLength).toBe(0);
      relay.after(Number.POSITIVE_INFINITY, harm);
      await ours.ping(otp.nodeName);
      await otp.eval(`{inbox, '${ours.name}'} ! second, ok`);
      expect(await inbox.receive({ timeout: 5000 })).toBe(atom("second"));
      expect(seen.heard).toHaveLength(LOST.length);
    });
  }

  test("the harness", "fault: we are killed while we register", async () => {
    await using relay = await Relay.start(epmd.port);
    const answered = new Promise<void>((resolve) => {
      relay.after(0, () => resolve());
    });
    const killed = echoProgram(relay.port);
    await answered;
    await using client = new EpmdClient({ port: epmd.port });
    const names = async () => (await client.names("127.0.0.1")).map(({ name }) => name);
    expect(await names()).toEqual(["echo"]);
    expect(killed.out).toBe("");
    killed.child.kill("SIGKILL");
    await killed.ended;
    await expect.poll(names).toEqual([]);
    await using again = await echoNode();
    expect(again.out).toContain("READY");
    expect(await names()).toEqual(["echo"]);
  });
});
