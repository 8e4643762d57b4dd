/** Functions of ours, called from Erlang and Elixir in every way that they have. */
import { atom, t } from "disterl";
import { expect } from "vitest";
import { BROKEN, exposePricing, outcome, UNDEF } from "./expose-setup.ts";
import { startPair } from "./node-setup.ts";
import { forEachElixir, forEachOtp } from "./otp.ts";

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
      // Of a request that is given up before it is answered Erlang tells nobody.
      await pair.otp.eval(`pong = net_adm:ping(${node})`);
      await pair.otp.eval(outcome(`erpc:call(${node}, pricing, waits, [timeout], 3000)`));
      await expect.poll(() => aborted, { timeout: 10_000 }).toEqual(["timeout"]);
      await pair.otp.eval(`
      P = spawn(fun() -> erpc:call(${node}, pricing, waits, [caller]) end),
      (fun Called() -> case process_info(P, message_queue_len) of
        {_, 0} -> timer:sleep(10), Called(); _ -> ok end end)(),
      exit(P, kill)`);
      await expect.poll(() => aborted, { timeout: 10_000 }).toEqual(["timeout", "caller"]);
      await pair.otp.eval(`
      {P, _} = spawn_monitor(${node}, pricing, waits, [killed]),
      receive {waiting, P} -> exit(P, kill) end`);
      await expect
        .poll(() => aborted, { timeout: 10_000 })
        .toEqual(["timeout", "caller", "killed"]);
      await pair.otp.eval(`
      {Q, _} = spawn_monitor(${node}, pricing, waits, [nodedown]),
      receive {waiting, Q} -> erlang:disconnect_node(${node}) end`);
      await expect
        .poll(() => aborted, { timeout: 10_000 })
        .toEqual(["timeout", "caller", "killed", "nodedown"]);
    },
  );

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
