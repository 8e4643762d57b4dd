import { atom, atoms, CallError, charlist, isTaggedTuple, isTuple, t, text } from "disterl";
import { decodeTerm } from "disterl/etf";
import { equalTerms, formatTerm, Pid } from "disterl/term";
import { expect } from "vitest";
import { MIRROR, spawnEcho, startPair } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";

forEachOtp((release, test) => {
  test("we dial", "connect and ping, hidden", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const peer = await ours.connect(otp.nodeName);
    expect(peer.hidden).toBe(true);
    expect(peer.flags).toContain("DIST_HDR_ATOM_CACHE");
    expect((await ours.ping(otp.nodeName)).roundTripMs).toBeGreaterThan(0);
    expect(ours.nodes()).toEqual([]);
    expect(ours.nodes("hidden")).toEqual([otp.nodeName]);
    expect(await otp.eval("nodes(hidden)")).toBe(`[${ours.name}]`);
    expect(await otp.eval("nodes()")).toBe("[]");
  });

  test("we dial", "connect and ping, visible", async () => {
    await using pair = await startPair(release, { ours: { hidden: false } });
    const { ours, otp } = pair;
    expect((await ours.connect(otp.nodeName)).hidden).toBe(false);
    expect(ours.nodes()).toEqual([otp.nodeName]);
    expect(await otp.eval("nodes()")).toBe(`[${ours.name}]`);
  });

  test("Erlang dials", "connect and ping, hidden", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    expect(await otp.eval(`net_adm:ping(${quoted(ours.name)})`)).toBe("pong");
    expect(ours.nodes("hidden")).toEqual([otp.nodeName]);
  });

  test("Erlang dials", "connect and ping, visible", async () => {
    await using pair = await startPair(release, { ours: { hidden: false } });
    const { ours, otp } = pair;
    expect(await otp.eval(`net_adm:ping(${quoted(ours.name)})`)).toBe("pong");
    expect(await otp.eval("nodes()")).toBe(`[${ours.name}]`);
    expect(ours.nodes()).toEqual([otp.nodeName]);
  });

  test("we dial", "first send connects, to a name, then to a pid", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    await otp.eval(MIRROR);
    const inbox = ours.spawn();
    ours.send({ name: "mirror", node: otp.nodeName }, t(inbox.pid, "hello"));
    const answer = await inbox.receive({ timeout: 5000 });
    if (!isTuple(answer, 2) || !(answer[0] instanceof Pid)) throw new Error(formatTerm(answer));
    const [mirror, said] = answer;
    expect(text(said)).toBe("hello");
    expect(mirror.node.text).toBe(otp.nodeName);
    inbox.send(mirror, t(inbox.pid, 2n ** 70n));
    expect(await inbox.receive({ timeout: 5000 })).toEqual(t(mirror, 2n ** 70n));
  });

  test("Erlang dials", "first send connects, to a name, then to a pid", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    spawnEcho(ours);
    const echo = `{echo, ${quoted(ours.name)}}`;
    const value = await otp.eval(
      `R = make_ref(), ${echo} ! {self(), R, {hello, 1.0}}, receive {R, V} -> V after 5000 -> no end`,
    );
    expect(value).toBe("{hello,1.0}");
  });

  test("we dial", "gen_server:call", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    await otp.loadModule(GEN_SERVER);
    await otp.eval("{ok, _} = gen_server:start({local, adder}, adder, [], [])");
    const adder = { name: "adder", node: otp.nodeName };
    expect(await ours.call(adder, t(atom("add"), 1, 2))).toBe(3);
    const sums = await Promise.all(
      Array.from({ length: 100 }, (_, i) => ours.call(adder, t(atom("add"), i, 1))),
    );
    expect(sums).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    const never = ours.call(adder, atom("never"), { timeout: 50 });
    await expect(never).rejects.toMatchObject({ code: "ERR_CALL_TIMEOUT" });
    const nobody = ours.call({ name: "nobody", node: otp.nodeName }, 1);
    await expect(nobody).rejects.toMatchObject({ code: "ERR_CALL_NO_PROC" });
    const dies = ours.call(adder, atom("die"));
    await expect(dies).rejects.toMatchObject({ code: "ERR_CALL_EXITED", reason: atom("died") });
  });

  test("Erlang dials", "gen_server:call", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    spawnEcho(ours);
    const echo = `{echo, ${quoted(ours.name)}}`;
    expect(await otp.eval(`gen_server:call(${echo}, {echo, [a, 1.0, <<1:3>>]})`)).toBe(
      "[a,1.0,<<1:3>>]",
    );
    const nobody = `catch gen_server:call({nobody, ${quoted(ours.name)}}, x)`;
    expect(await otp.eval(nobody)).toContain("noproc");
    const alone = ours.spawn({ name: "silent", onMessage: (_, self) => self.exit(atom("gone")) });
    expect(alone.alive).toBe(true);
    const dies = `catch gen_server:call({silent, ${quoted(ours.name)}}, x)`;
    expect(await otp.eval(dies)).toContain("{gone,");
  });

  test("we dial", "erpc and rpc", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const node = otp.nodeName;
    expect(await ours.erpc(node, "lists", "seq", [1, 3])).toEqual([1, 2, 3]);
    const raises = ours.erpc(node, "erlang", "error", [atom("oops")]);
    await expect(raises).rejects.toMatchObject({ class: "error", reason: atom("oops") });
    await expect(ours.erpc(node, "erlang", "throw", [1])).rejects.toMatchObject({ class: "throw" });
    const exits = ours.erpc(node, "erlang", "exit", [atom("bye")]);
    await expect(exits).rejects.toMatchObject({ class: "exit", reason: atom("bye") });
    const late = ours.erpc(node, "timer", "sleep", [60_000], { timeout: 50 });
    await expect(late).rejects.toMatchObject({ code: "ERR_CALL_TIMEOUT" });
    const stop = new AbortController();
    const aborted = ours.erpc(node, "timer", "sleep", [60_000], { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(aborted).rejects.toThrow("enough");
    expect(await ours.rpc(node, "erlang", "throw", [1])).toBe(1);
    expect(formatTerm(await ours.rpc(node, "nomod", "f", []))).toMatch(
      /^\{badrpc,\{'EXIT',\{undef/,
    );
  });

  test("we dial", "erpc:cast", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const inbox = ours.spawn();
    ours.erpcCast(otp.nodeName, "erlang", "send", [inbox.pid, atom("done")]);
    expect(await inbox.receive({ timeout: 5000 })).toBe(atom("done"));
    await ours.stop();
    expect(() => ours.erpcCast(otp.nodeName, "erlang", "node", [])).toThrow("stopped");
  });

  test("we dial", "what a remote function prints", async () => {
    let printed = "";
    const output = (chars: string): void => {
      printed += chars;
    };
    await using pair = await startPair(release, { ours: { output } });
    const { ours, otp } = pair;
    const args = [charlist("~p ~ts~n"), [t(atoms.ok, 1), charlist("größe")]];
    expect(await ours.erpc(otp.nodeName, "io", "format", args)).toBe(atoms.ok);
    expect(printed).toBe("{ok,1} größe\n");
  });

  test("Erlang dials", "rpc and erpc find nothing exposed", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const node = quoted(ours.name);
    const undef = /undef,\[\{os,cmd,\["id"\],\[\]\}/;
    expect(await otp.eval(`rpc:call(${node}, os, cmd, ["id"])`)).toMatch(undef);
    expect(await otp.eval(`catch erpc:call(${node}, os, cmd, ["id"])`)).toMatch(undef);
    expect(await otp.eval(`rpc:block_call(${node}, os, cmd, ["id"])`)).toMatch(undef);
    // As in Erlang: there is a process, and it ends of that.
    const spawned = `{P, R} = spawn_monitor(${node}, os, cmd, ["id"]),
      receive {'DOWN', R, process, P, Why} -> Why after 5000 -> silence end`;
    expect(await otp.eval(spawned)).toMatch(undef);
  });

  test("both ways", "every kind of term comes back the same", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    spawnEcho(ours);
    const terms = decodeTerm(await otp.evalTerm(EVERY_TERM));
    const same = `T = (fun() -> ${EVERY_TERM} end)(),
      T =:= gen_server:call({echo, ${quoted(ours.name)}}, {echo, T})`;
    expect(await otp.eval(same)).toBe("true");
    await otp.eval(
      `register(back, spawn(fun F() -> receive {'$gen_call', C, M} -> gen_server:reply(C, M), F() end end))`,
    );
    const back = await ours.call({ name: "back", node: otp.nodeName }, terms);
    expect(formatTerm(back)).toBe(formatTerm(terms));
    expect(equalTerms(back, terms)).toBe(true);
  });

  test("both ways", "a message of 100 MB does not hold up a small one", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    await otp.eval(MIRROR);
    const inbox = ours.spawn();
    const big = new Uint8Array(100e6).fill(7);
    const mirror = { name: "mirror", node: otp.nodeName };
    await ours.connect(otp.nodeName);
    ours.spawn().send(mirror, t(inbox.pid, t(atom("big"), big)));
    await ours.ping(otp.nodeName);
    // The big one is on its way still, one way or the other.
    expect(inbox.messageQueueLength).toBe(0);
    const answer = await inbox.receive({ timeout: 30_000 });
    if (!isTuple(answer, 2) || !isTaggedTuple(answer[1], "big", 2)) throw new Error("not the echo");
    expect(Buffer.compare(answer[1][1] as Uint8Array, big)).toBe(0);
  });

  test("we dial", "an error says which layer failed", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const connect = (name: string) => ours.connect(name).catch((error: unknown) => error);
    expect(await connect("nobody@localhost")).toMatchObject({
      code: "ERR_CONNECT_NOT_REGISTERED",
      layer: "discovery",
    });
    expect(await connect("a@b.c.example")).toMatchObject({ layer: "name" });
    const call = await ours
      .call({ name: "x", node: "nobody@localhost" }, 1)
      .catch((e: unknown) => e);
    expect(call).toBeInstanceOf(CallError);
    expect(call).toMatchObject({
      code: "ERR_CALL_NO_CONNECTION",
      cause: { code: "ERR_CONNECT_NOT_REGISTERED" },
    });
    expect(ours.nodes("connected")).toEqual([]);
    expect(await otp.eval("nodes(known)")).not.toContain("ours");
  });
});

function quoted(name: string): string {
  return `'${name}'`;
}

const GEN_SERVER = `
-module(adder).
-behaviour(gen_server).
-export([init/1, handle_call/3, handle_cast/2]).
init([]) -> {ok, 0}.
handle_call({add, A, B}, _From, S) -> {reply, A + B, S};
handle_call(never, _From, S) -> {noreply, S};
handle_call(die, _From, S) -> {stop, died, S}.
handle_cast(_, S) -> {noreply, S}.
`;

const EVERY_TERM = `
  Self = self(), Ref = make_ref(),
  [ok, true, false, undefined, '', 'größe', 'Ж', 0, 255, 256, -1, 1 bsl 31, -(1 bsl 31), 1 bsl 64,
   -(1 bsl 3000), 1.0, -0.0, 1.5, 1.0e300, [], "abc", [1, 2 | tail], [[[]]], {}, {a, b, {c}},
   list_to_tuple(lists:seq(1, 300)), lists:seq(1, 1000), <<>>, <<"bytes">>, <<1:1>>, <<5:3, 255>>,
   #{}, #{1 => int, 1.0 => float, a => #{b => c}},
   maps:from_list([{N, N} || N <- lists:seq(1, 100)]),
   Self, Ref, hd(erlang:ports()), fun lists:map/2, binary:copy(<<7>>, 10000)]`;
