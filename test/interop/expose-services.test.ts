/** Functions of ours, called in the older ways, and what a policy lets through. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { atom, t, withCall } from "disterl";
import { otpProgram, startCEpmd } from "disterl/testing";
import { expect } from "vitest";
import { exposePricing, outcome, UNDEF } from "./expose-setup.ts";
import { COOKIE, startOurs, startPair } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";

forEachOtp((otp, test) => {
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
            P ! {echo, self(), hello},
            receive {'EXIT', P, R} -> R; hello -> hello after 5000 -> timeout end;
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
    // What is answered to the monitor comes before what is answered to the ping.
    const monitor = (name: string): Promise<string> =>
      pair.otp.eval(`
        R = monitor(process, {${name}, ${node}}), pong = net_adm:ping(${node}),
        receive {'DOWN', R, process, _, Why} -> Why after 0 -> demonitor(R), watching end`);
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
});
