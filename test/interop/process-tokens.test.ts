// Group leaders, sequential trace tokens and monitors of nodes, between processes of ours and Erlang's.
import { atom, atoms, isMatch, match, t } from "disterl";
import { equalTerms, type Pid, type Term } from "disterl/term";
import { expect } from "vitest";
import { startPair } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";
import { expectNothing, inbox, node, settled, sleeper, WAIT } from "./process-setup.ts";

forEachOtp((release, test) => {
  test("both ways", "group leaders, here and there", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const self = inbox(ours, "self");
    const there = await sleeper(pair);
    self.setGroupLeader(self.pid, there);
    await settled(pair);
    const leaderOf = (pid: Pid): Promise<Term> =>
      ours.erpc(node(pair), "erlang", "process_info", [pid, atom("group_leader")]);
    expect(equalTerms(await leaderOf(there), t(atom("group_leader"), self.pid))).toBe(true);

    const target = ours.spawn({ name: "led" });
    ours.spawn({ name: "pid_of_led", onMessage: (m, me) => void me.send(m as Pid, target.pid) });
    await otp.eval(`{pid_of_led, '${ours.name}'} ! self(),
      receive P -> group_leader(self(), P), group_leader(whereis(init), P) end`);
    const init = await ours.erpc(node(pair), "erlang", "whereis", [atom("init")]);
    await expect.poll(() => equalTerms(target.groupLeader, init)).toBe(true);
    expect(equalTerms(target.spawn().groupLeader, init)).toBe(true);
  });

  test("both ways", "sequential trace tokens go through our processes", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const relay = ours.spawn({
      name: "relay",
      onMessage(message, me) {
        if (isMatch(message, match.pid)) me.send(message, atom("relayed"));
      },
    });
    const token = await otp.eval(`seq_trace:set_token(label, 17), seq_trace:set_token(send, true),
      {relay, '${ours.name}'} ! self(), seq_trace:set_token([]),
      receive relayed -> ok after 5000 -> none end,
      {seq_trace:get_token(label), element(2, seq_trace:get_token(serial))}`);
    expect(token).toBe("{{label,17},{1,2}}");
    expect(relay.traceToken?.[1]).toBe(17);

    // Without a token the trace ends here.
    const after = await otp.eval(`seq_trace:set_token([]), {relay, '${ours.name}'} ! self(),
      receive relayed -> seq_trace:get_token() after 5000 -> none end`);
    expect(after).toBe("[]");
    expect(relay.traceToken).toBeUndefined();

    // One of ours begins, and an exit signal carries it, too.
    const told = otp.eval(`process_flag(trap_exit, true), register(told, self()),
      receive {P, go} -> link(P), P ! linked end, receive {'EXIT', P, over} -> ok after 5000 -> no end,
      seq_trace:get_token(label)`);
    await expect
      .poll(() => ours.erpc(node(pair), "erlang", "whereis", [atom("told")]))
      .not.toBe(atoms.undefined);
    const self = ours.spawn();
    self.send({ name: "told", node: node(pair) }, t(self.pid, atom("go")));
    await self.receive(atom("linked"), WAIT);
    self.traceToken = t(1, atom("mine"), 0, self.pid, 0);
    self.exit(atom("over"));
    expect(await told).toBe("{label,mine}");
  });

  test("both ways", "a node that goes: nodedown for each monitor_node, once", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const self = inbox(ours, "self");
    self.monitorNode(node(pair), true);
    self.monitorNode(node(pair), true);
    self.monitorNode(node(pair), true);
    self.monitorNode(node(pair), false);
    self.monitorNode("nobody@localhost", true);
    const nodedown = (name: string) => t(atom("nodedown"), atom(name));
    expect(await self.receive(nodedown("nobody@localhost"), WAIT)).toBeDefined();
    await expect.poll(() => ours.nodes("connected")).toEqual([node(pair)]);
    await otp.kill();
    for (let i = 0; i < 2; i++) await self.receive(nodedown(node(pair)), WAIT);
    await expectNothing(self);
  });
});
