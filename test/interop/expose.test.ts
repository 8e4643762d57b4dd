/** Functions of ours, called from Erlang and Elixir in every way that they have. */
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import {
  atom,
  ErlangError,
  ErlangThrow,
  ExitReason,
  isTaggedTuple,
  type Node,
  t,
  withCall,
} from "disterl";
import { isList, Pid } from "disterl/term";
import { otpProgram, startCEpmd } from "disterl/testing";
import { expect } from "vitest";
import { COOKIE, startOurs, startPair } from "./node-setup.ts";
import { forEachElixir, forEachOtp } from "./otp.ts";

/** The module `pricing`: something for every way in which a function ends. */
function exposePricing(node: Node): { readonly aborted: string[] } {
  const aborted: string[] = [];
  node.expose("pricing", {
    quote: (symbol, amount) => t(symbol, Number(amount) * 2),
    later: async (value) => {
      await sleep(5);
      return value;
    },
    nothing: () => {},
    badarg: () => {
      throw new ErlangError(atom("badarg"));
    },
    broken: () => {
      throw new TypeError("no such thing");
    },
    rejects: () => Promise.reject(new RangeError("later")),
    thrown: (value) => {
      throw new ErlangThrow(value as never);
    },
    quits: (reason) => {
      throw new ExitReason(reason as never);
    },
    odd: () => ({ not: "a term" }) as never,
    "sum/1": (list) => (isList(list) ? list.reduce<number>((a, b) => a + Number(b), 0) : 0),
    "sum/2": (a, b) => Number(a) + Number(b),
    big: (size) => new Uint8Array(Number(size)).fill(7),
    echo: withCall(async ({ process }) => {
      for await (const message of process) {
        if (isTaggedTuple(message, "echo", 3) && message[1] instanceof Pid) {
          process.send(message[1], message[2]);
        } else if (message === atom("stop")) return;
        else throw new ExitReason(message);
      }
    }),
    waits: withCall(async ({ signal, process, caller }, name) => {
      process.send(caller as Pid, t(atom("waiting"), process.pid));
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      aborted.push(String(name));
    }),
    leader: withCall(({ process }) => process.groupLeader),
  });
  return { aborted };
}

/** What an expression does, as `{class, reason}` or its value. */
function outcome(expression: string): string {
  return `try ${expression} catch C:R -> {C, R} end`;
}

const UNDEF = "{undef,[{pricing,nope,[1],[]}]}";
const BROKEN = `{javascript,<<"TypeError">>,<<"no such thing">>}`;

forEachOtp((otp, test) => {
  test("Erlang dials", "exposed functions: erpc:call", async () => {
    await using pair = await startPair(otp);
    exposePricing(pair.ours);
    const call = (fun: string, args: string, timeout = "5000"): Promise<string> =>
      pair.otp.eval(
        outcome(`erpc:call('${pair.ours.name}', pricing, ${fun}, ${args}, ${timeout})`),
      );
    expect(await call("quote", "[acme, 21]")).toBe("{acme,42}");
    expect(await call("later", "[#{a => [1.5]}]")).toBe("#{a => [1.5]}");
    expect(await call("nothing", "[]")).toBe("ok");
    expect(await call("sum", "[[1, 2, 3]]")).toBe("6");
    expect(await call("sum", "[3, 4]")).toBe("7");
    expect(await call("sum", "[3, 4, 5]")).toBe(
      "{error,{exception,undef,[{pricing,sum,[3,4,5],[]}]}}",
    );
    expect(await call("nope", "[1]")).toBe("{error,{exception,undef,[{pricing,nope,[1],[]}]}}");
    expect(await call("quote", "[acme]")).toBe(
      "{error,{exception,undef,[{pricing,quote,[acme],[]}]}}",
    );
    expect(await call("badarg", "[]")).toBe("{error,{exception,badarg,[{pricing,badarg,0,[]}]}}");
    expect(await call("broken", "[]")).toBe(
      `{error,{exception,${BROKEN},[{pricing,broken,0,[]}]}}`,
    );
    expect(await call("rejects", "[]")).toContain(`{javascript,<<"RangeError">>,<<"later">>}`);
    expect(await call("thrown", "[{a, 1}]")).toBe("{throw,{a,1}}");
    expect(await call("quits", "[shutdown]")).toBe("{exit,{exception,shutdown}}");
    expect(await call("odd", "[]")).toContain("{error,{exception,{not_encodable,");
    expect(await call("leader", "[]")).toBe(await pair.otp.eval("group_leader()"));
    const big = `byte_size(erpc:call('${pair.ours.name}', pricing, big, [20000000]))`;
    expect(await pair.otp.eval(big)).toBe("20000000");
  });

  test("Erlang dials", "exposed functions: rpc:call, cast, block_call, async_call", async () => {
    await using pair = await startPair(otp);
    const { ours } = pair;
    exposePricing(ours);
    const casts: string[] = [];
    ours.expose("log", { line: (text) => void casts.push(String(text)) });
    const node = `'${ours.name}'`;
    const rpc = (how: string, fun: string, args: string): Promise<string> =>
      pair.otp.eval(`rpc:${how}(${node}, pricing, ${fun}, ${args})`);
    for (const how of ["call", "block_call"]) {
      expect(await rpc(how, "quote", "[acme, 21]")).toBe("{acme,42}");
      expect(await rpc(how, "nope", "[1]")).toBe(`{badrpc,{'EXIT',${UNDEF}}}`);
      expect(await rpc(how, "thrown", "[ball]")).toBe("ball");
      expect(await rpc(how, "quits", "[bye]")).toBe("{badrpc,{'EXIT',bye}}");
      expect(await rpc(how, "broken", "[]")).toBe(
        `{badrpc,{'EXIT',{${BROKEN},[{pricing,broken,0,[]}]}}}`,
      );
      expect(await rpc(how, "odd", "[]")).toContain("{badrpc,{'EXIT',{{not_encodable,");
    }
    expect(await pair.otp.eval(`rpc:call(${node}, os, cmd, ["id"])`)).toBe(
      `{badrpc,{'EXIT',{undef,[{os,cmd,["id"],[]}]}}}`,
    );
    expect(
      await pair.otp.eval(`K = rpc:async_call(${node}, pricing, later, [x]), rpc:yield(K)`),
    ).toBe("x");
    await pair.otp.eval(
      `rpc:cast(${node}, log, line, [one]), erpc:cast(${node}, log, line, [two])`,
    );
    await pair.otp.eval(`gen_server:cast({rex, ${node}}, {cast, log, line, [three], self()})`);
    await expect.poll(() => casts.sort()).toEqual(["one", "three", "two"]);
    expect(await pair.otp.eval(`rpc:call(${node}, pricing, waits, [x], 50)`)).toBe(
      "{badrpc,timeout}",
    );
  });

  test(
    "Erlang dials",
    "exposed functions: multicall with a bad node, 100 calls at once",
    async () => {
      await using pair = await startPair(otp);
      exposePricing(pair.ours);
      const node = `'${pair.ours.name}'`;
      const nodes = `[node(), ${node}, 'nobody@localhost']`;
      expect(await pair.otp.eval(`rpc:multicall(${nodes}, lists, seq, [1, 2])`)).toBe(
        `{[[1,2],{badrpc,{'EXIT',{undef,[{lists,seq,[1,2],[]}]}}}],[nobody@localhost]}`,
      );
      expect(
        await pair.otp.eval(`erpc:multicall([${node}, 'nobody@localhost'], pricing, later, [1])`),
      ).toBe("[{ok,1},{error,{erpc,noconnection}}]");
      const hundred = `
      Ids = [{N, erpc:send_request(${node}, pricing, later, [N])} || N <- lists:seq(1, 100)],
      lists:all(fun({N, Id}) -> erpc:receive_response(Id, 5000) =:= N end, Ids)`;
      expect(await pair.otp.eval(hundred)).toBe("true");
      const parallel = `
      Me = self(),
      [spawn(fun() -> Me ! {N, rpc:call(${node}, pricing, quote, [N, N])} end) || N <- lists:seq(1, 100)],
      lists:sum([receive {N, {N, Twice}} -> Twice end || N <- lists:seq(1, 100)])`;
      expect(await pair.otp.eval(parallel)).toBe("10100");
    },
  );

  test(
    "Erlang dials",
    "exposed functions: spawn, spawn_link, spawn_monitor, spawn_opt",
    async () => {
      await using pair = await startPair(otp);
      exposePricing(pair.ours);
      const node = `'${pair.ours.name}'`;
      const echo = `
      P = spawn(${node}, pricing, echo, []),
      P ! {echo, self(), hello},
      {node(P) =:= ${node}, receive hello -> ok after 5000 -> timeout end}`;
      expect(await pair.otp.eval(echo)).toBe("{true,ok}");
      const down = (fun: string, args: string): Promise<string> =>
        pair.otp.eval(`
        {P, R} = spawn_monitor(${node}, pricing, ${fun}, ${args}),
        receive {'DOWN', R, process, P, Reason} -> Reason after 5000 -> timeout end`);
      expect(await down("quote", "[1, 2]")).toBe("normal");
      expect(await down("quits", "[bye]")).toBe("bye");
      expect(await down("thrown", "[ball]")).toBe("{{nocatch,ball},[{pricing,thrown,1,[]}]}");
      expect(await down("broken", "[]")).toBe(`{${BROKEN},[{pricing,broken,0,[]}]}`);
      expect(await down("nope", "[1]")).toBe(UNDEF);

      const linked = `
      process_flag(trap_exit, true),
      P = spawn_link(${node}, pricing, echo, []), P ! whoops,
      receive {'EXIT', P, Reason} -> Reason after 5000 -> timeout end`;
      expect(await pair.otp.eval(linked)).toBe("whoops");
      const both = `
      Opts = [link, monitor, {priority, high}, {min_heap_size, 1000}, {fullsweep_after, 0},
              {message_queue_data, off_heap}, {max_heap_size, #{size => 100000, kill => true}}],
      {P, R} = spawn_opt(${node}, pricing, quits, [done], Opts),
      First = receive A -> A after 5000 -> timeout end,
      Second = receive B -> B after 5000 -> timeout end,
      [First =:= {'EXIT', P, done}, Second =:= {'DOWN', R, process, P, done}]`;
      expect(await pair.otp.eval(both)).toBe("[true,true]");
      const killed = `
      {P, R} = spawn_monitor(${node}, pricing, echo, []), exit(P, kill),
      receive {'DOWN', R, process, P, Reason} -> Reason after 5000 -> timeout end`;
      expect(await pair.otp.eval(killed)).toBe("killed");
      const request = `
      Ref = erlang:spawn_request(${node}, pricing, quits, [x], [monitor, {reply_tag, tag}]),
      receive {tag, Ref, ok, P} -> receive {'DOWN', Ref, process, P, Why} -> Why end
      after 5000 -> timeout end`;
      expect(await pair.otp.eval(request)).toBe("x");
      for (const bad of ["{priority, up}", "unknown", "{max_heap_size, 1}"]) {
        const refused = `
        Ref = erlang:spawn_request(${node}, pricing, echo, [], [${bad}]),
        receive {spawn_reply, Ref, A, B} -> {A, B} after 5000 -> timeout end`;
        expect(await pair.otp.eval(refused)).toBe("{error,badopt}");
      }
    },
  );

  test(
    "Erlang dials",
    "exposed functions: the signal fires when nobody waits any more",
    async () => {
      await using pair = await startPair(otp);
      const { aborted } = exposePricing(pair.ours);
      const node = `'${pair.ours.name}'`;
      await pair.otp.eval(outcome(`erpc:call(${node}, pricing, waits, [timeout], 50)`));
      await expect.poll(() => aborted).toEqual(["timeout"]);
      await pair.otp.eval(`
      P = spawn(fun() -> erpc:call(${node}, pricing, waits, [caller]) end),
      timer:sleep(50), exit(P, kill)`);
      await expect.poll(() => aborted).toEqual(["timeout", "caller"]);
      await pair.otp.eval(`
      {P, _} = spawn_monitor(${node}, pricing, waits, [killed]),
      receive {waiting, P} -> exit(P, kill) end`);
      await expect.poll(() => aborted).toEqual(["timeout", "caller", "killed"]);
      await pair.otp.eval(`
      {Q, _} = spawn_monitor(${node}, pricing, waits, [nodedown]),
      receive {waiting, Q} -> erlang:disconnect_node(${node}) end`);
      await expect.poll(() => aborted).toEqual(["timeout", "caller", "killed", "nodedown"]);
    },
  );

  test("Erlang dials", "exposed functions: the older forms, at rex and net_kernel", async () => {
    await using pair = await startPair(otp);
    const { ours } = pair;
    exposePricing(ours);
    const inbox = ours.spawn({ name: "inbox" });
    const node = `'${ours.name}'`;
    const answer = (message: string): Promise<string> =>
      pair.otp.eval(`
        {rex, ${node}} ! {self(), ${message}},
        receive Answer -> Answer after 5000 -> timeout end`);
    expect(await answer("{call, pricing, quote, [a, 1], user}")).toBe("{rex,{a,2}}");
    expect(await answer("{call, pricing, nope, [1], group_leader()}")).toBe(
      `{rex,{badrpc,{'EXIT',${UNDEF}}}}`,
    );
    expect(await answer("features_request")).toBe(`{features_reply,${ours.name},[erpc]}`);
    expect(await answer("{send, nobody, x}")).toBe(`{rex,${ours.name},{nonexisting_name,nobody}}`);
    expect(await pair.otp.eval(`rpc:sbcast([${node}], inbox, hello)`)).toBe(`{[${ours.name}],[]}`);
    expect(await inbox.receive({ timeout: 5000 })).toBe(atom("hello"));
    expect(await pair.otp.eval(`rpc:sbcast([${node}], nobody, hello)`)).toBe(`{[],[${ours.name}]}`);
    await pair.otp.eval(`{rex, ${node}} ! {self(), {send, inbox, msg}}, ok`);
    expect(await inbox.receive({ timeout: 5000 })).toMatchObject([{}, atom("msg")]);

    const call = (request: string): Promise<string> =>
      pair.otp.eval(`gen_server:call({rex, ${node}}, ${request})`);
    expect(await call("{call, pricing, later, [x], self()}")).toBe("x");
    expect(await call("{block_call, pricing, later, [x], self()}")).toBe("x");

    const kernel = (request: string): Promise<string> =>
      pair.otp.eval(`
        process_flag(trap_exit, true),
        case gen_server:call({net_kernel, ${node}}, ${request}) of
          P when is_pid(P) ->
            receive {'EXIT', P, R} -> R after 300 ->
              P ! {echo, self(), hello}, receive hello -> hello after 5000 -> timeout end
            end;
          Other -> Other
        end`);
    expect(await kernel("{spawn, pricing, echo, [], group_leader()}")).toBe("hello");
    expect(await kernel("{spawn_link, pricing, quits, [bye], group_leader()}")).toBe("bye");
    expect(await kernel("{spawn_opt, pricing, quits, [bye], [], link, self()}")).toBe("bye");
    expect(await kernel("{spawn_opt, pricing, echo, [], [nonsense], no_link, self()}")).toBe(
      "{'EXIT',{badarg,[]}}",
    );
  });

  test("Erlang dials", "exposed functions: a policy, and what is told of refusals", async () => {
    await using pair = await startPair(otp, {
      ours: {
        policy: [
          { peers: "friend@*" },
          {
            peers: "*@localhost",
            operations: ["send", "monitor", "call"],
            names: ["public*"],
            functions: ["pricing:quote"],
          },
        ],
      },
    });
    const { ours } = pair;
    exposePricing(ours);
    const open = ours.spawn({ name: "public_inbox" });
    const secret = ours.spawn({ name: "secret" });
    const denied: string[] = [];
    void (async () => {
      for await (const event of ours.status()) {
        if (event.type !== "denied") continue;
        denied.push(`${event.operation} ${event.target} ${event.cause}`);
      }
    })();
    const node = `'${ours.name}'`;
    expect(await pair.otp.eval(`net_adm:ping(${node})`)).toBe("pong");
    expect(await pair.otp.eval(`rpc:call(${node}, pricing, quote, [a, 1])`)).toBe("{a,2}");
    expect(await pair.otp.eval(outcome(`erpc:call(${node}, pricing, later, [1])`))).toBe(
      "{error,{erpc,not_allowed}}",
    );
    for (const how of ["call", "block_call"]) {
      expect(await pair.otp.eval(`rpc:${how}(${node}, pricing, later, [1])`)).toBe(
        "{badrpc,{'EXIT',not_allowed}}",
      );
    }
    expect(await pair.otp.eval(outcome(`spawn(${node}, pricing, quote, [a, 1])`))).toBe(
      "{error,not_allowed}",
    );
    await pair.otp.eval(`{public_inbox, ${node}} ! hello, {secret, ${node}} ! hello, ok`);
    expect(await open.receive({ timeout: 5000 })).toBe(atom("hello"));
    const monitor = (name: string): Promise<string> =>
      pair.otp.eval(`
        R = monitor(process, {${name}, ${node}}),
        receive {'DOWN', R, process, _, Why} -> Why after 300 -> demonitor(R), watching end`);
    expect(await monitor("public_inbox")).toBe("watching");
    expect(await monitor("secret")).toBe("noproc");
    // The pid of a process that has a name is no way around it.
    const around = `
      register(who, self()), {public_inbox, ${node}} ! registered,
      receive Pid -> Pid ! hello, process_flag(trap_exit, true), link(Pid),
        receive {'EXIT', Pid, Why} -> Why after 5000 -> timeout end end`;
    const evaluating = pair.otp.eval(around);
    expect(await open.receive({ timeout: 5000 })).toBe(atom("registered"));
    ours.send({ name: "who", node: pair.otp.nodeName }, secret.pid);
    expect(await evaluating).toBe("noproc");
    expect(secret.messageQueueLength).toBe(0);
    expect([...new Set(denied)].sort()).toEqual(
      expect.arrayContaining([
        "call pricing:later/1 policy",
        "monitor secret policy",
        "send secret policy",
        "spawn pricing:quote/2 policy",
      ]),
    );
  });

  test("Erlang dials", "exposed functions: erl_call", async () => {
    await using epmd = await startCEpmd({ release: otp });
    await using ours = await startOurs(epmd.port);
    exposePricing(ours);
    ours.expose("printer", {
      print: withCall(async ({ process }) => {
        const chars = t(atom("put_chars"), atom("unicode"), "printed there\n");
        process.send(process.groupLeader, t(atom("io_request"), process.pid, 1, chars));
        await process.receive(t(atom("io_reply"), 1, atom("ok")), { timeout: 5000 });
      }),
    });
    const erlCall = async (...args: string[]): Promise<string> => {
      const flags = ["-sname", ours.name, "-c", COOKIE, ...args];
      const { file, args: all } = otpProgram(otp, "erl_call", flags);
      const env = { ...process.env, ERL_EPMD_PORT: String(epmd.port) };
      const { stdout } = await promisify(execFile)(file, [...all], { env, timeout: 20_000 });
      return stdout;
    };
    expect(await erlCall("-a", "pricing quote [acme,21]")).toBe("{acme, 42}");
    expect(await erlCall("-a", "pricing later [hello]")).toBe("hello");
    expect(await erlCall("-a", "pricing nope [1]")).toContain(
      "{badrpc, {'EXIT', {undef, [{pricing",
    );
    expect(await erlCall("-fetch_stdout", "-a", "printer print []")).toBe("printed there\nok");
  });

  test("both ways", "exposed functions: called on the own node as on another", async () => {
    await using pair = await startPair(otp);
    const { ours } = pair;
    exposePricing(ours);
    expect(await ours.erpc(ours.name, "pricing", "later", [3])).toBe(3);
    await expect(ours.erpc(ours.name, "pricing", "nope", [])).rejects.toMatchObject({
      code: "ERR_CALL_REMOTE",
      class: "error",
      reason: atom("undef"),
    });
    expect(ours.unexpose("pricing")).toBe(true);
    await expect(ours.erpc(ours.name, "pricing", "later", [3])).rejects.toMatchObject({
      reason: atom("undef"),
    });
    expect(await pair.otp.eval(outcome(`erpc:call('${ours.name}', pricing, later, [3])`))).toBe(
      "{error,{exception,undef,[{pricing,later,[3],[]}]}}",
    );
  });
});

forEachElixir((release, test) => {
  test("Erlang dials", "exposed functions: Node.spawn, :rpc and :erpc of Elixir", async () => {
    await using pair = await startPair(release, { elixir: true });
    const { ours, otp } = pair;
    exposePricing(ours);
    ours.expose("Elixir.Pricing", { quote: (item) => t(atom("ok"), item) });
    const node = `:"${ours.name}"`;
    expect(await otp.evalElixir(`:erpc.call(${node}, Pricing, :quote, ["größe"])`)).toBe(
      '{:ok, "größe"}',
    );
    expect(
      await otp.evalElixir(`
        try do :erpc.call(${node}, Pricing, :nope, [1]) catch :error, e -> e end`),
    ).toBe("{:exception, :undef, [{Pricing, :nope, [1], []}]}");
    expect(await otp.evalElixir(`:rpc.call(${node}, :pricing, :sum, [1, 2])`)).toBe("3");
    expect(
      await otp.evalElixir(`
        pid = Node.spawn(${node}, :pricing, :echo, [])
        send(pid, {:echo, self(), "hi"})
        receive do x -> x after 5000 -> :timeout end`),
    ).toBe('"hi"');
    expect(
      await otp.evalElixir(`
        {pid, ref} = Node.spawn_monitor(${node}, :pricing, :quits, [:bye])
        receive do {:DOWN, ^ref, :process, ^pid, reason} -> reason after 5000 -> :timeout end`),
    ).toBe(":bye");
  });
});
