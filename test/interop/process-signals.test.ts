// Links, monitors, aliases, exit signals and spawn requests between a process of ours and one of
// Erlang's, from both sides.
import { atom, atoms, isMatch, match, t } from "disterl";
import { equalTerms, formatTerm, type Pid, type Reference, type Term } from "disterl/term";
import { expect } from "vitest";
import { startPair } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";
import {
  downOf,
  expectNothing,
  inbox,
  isAlive,
  node,
  QUIET,
  settled,
  sleeper,
  WAIT,
} from "./process-setup.ts";

forEachOtp((release, test) => {
  test("both ways", "link, unlink and link again, as fast as can be", async () => {
    await using pair = await startPair(release);
    const { ours } = pair;
    const self = inbox(ours, "self");
    const there = await sleeper(pair);
    for (let i = 0; i < 100; i++) {
      self.link(there);
      self.unlink(there);
    }
    self.link(there);
    await settled(pair);
    expect(ours.processInfo(self.pid)?.links).toEqual([there]);
    self.exitSignal(there, atom("over"));
    expect(await self.receive(t(atoms.EXIT, match.pid, atom("over")), WAIT)).toBeDefined();
    await expectNothing(self);

    // The last word was unlink: the end of the one is nothing to the other.
    const second = await sleeper(pair);
    for (let i = 0; i < 100; i++) {
      self.link(second);
      self.unlink(second);
    }
    self.exitSignal(second, atoms.kill);
    await expect.poll(() => isAlive(pair, second)).toBe(false);
    await settled(pair);
    await expectNothing(self);
    expect(ours.processInfo(self.pid)?.links).toEqual([]);
  });

  test(
    "both ways",
    "Erlang links ours, unlinks it and links it again while we do the same",
    async () => {
      await using pair = await startPair(release);
      const { ours, otp } = pair;
      const self = inbox(ours, "self");
      const racing = otp.eval(`process_flag(trap_exit, true), {self, '${ours.name}'} ! self(),
      P = receive X when is_pid(X) -> X end,
      [begin link(P), unlink(P) end || _ <- lists:seq(1, 500)],
      link(P), P ! linked, receive stop -> ok end,
      {links, L} = process_info(self(), links), Linked = lists:member(P, L),
      P ! {ready, Linked}, receive {'EXIT', P, R} -> {Linked, R} after 5000 -> {Linked, none} end`);
      const there = await self.receive(match.pid, WAIT);
      self.send(there, self.pid);
      for (let i = 0; i < 500; i++) {
        self.link(there);
        self.unlink(there);
        if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await self.receive(atom("linked"), WAIT);
      self.link(there);
      self.send(there, atom("stop"));
      await self.receive(t(atom("ready"), true), WAIT);
      self.exit(atom("at_last"));
      expect(await racing).toBe("{true,at_last}");
    },
  );

  test(
    "both ways",
    "a link to a process that never was answers noproc, from both sides",
    async () => {
      await using pair = await startPair(release);
      const { ours, otp } = pair;
      const self = inbox(ours, "self");
      const there = await sleeper(pair);
      self.exitSignal(there, atoms.kill);
      await expect.poll(() => isAlive(pair, there)).toBe(false);
      self.link(there);
      expect(equalTerms(await self.receive(WAIT), t(atoms.EXIT, there, atoms.noproc))).toBe(true);
      expect(ours.processInfo(self.pid)?.links).toEqual([]);

      const gone = ours.spawn();
      gone.exit();
      ours.spawn({
        name: "gone",
        onMessage: (message, us) => void us.send(message as Pid, gone.pid),
      });
      const answer = await otp.eval(`process_flag(trap_exit, true), {gone, '${ours.name}'} ! self(),
      P = receive X when is_pid(X) -> X end, link(P),
      receive {'EXIT', P, R} -> R after 5000 -> none end`);
      expect(answer).toBe("noproc");
    },
  );

  test("both ways", "exit signals: normal, kill and any term, trapped and not", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const watcher = ours.spawn();
    const trapping = inbox(ours, "trapping");
    const plain = ours.spawn({ name: "plain" });
    const killed = ours.spawn({ name: "killed", trapExit: true });
    for (const process of [trapping, plain, killed]) watcher.monitor(process.pid);
    const pids = { trapping: trapping.pid, plain: plain.pid, killed: killed.pid };
    const exit = (pid: Pid, reason: Term): Promise<Term> =>
      ours.erpc(node(pair), "erlang", "exit", [pid, reason]);
    await exit(pids.trapping, atoms.normal);
    await exit(pids.plain, atoms.normal);
    const big = t(atom("why"), new Uint8Array(300_000));
    await exit(pids.trapping, big);
    await exit(pids.killed, atoms.kill);
    await exit(pids.plain, t(1, [2]));
    expect(await trapping.receive(t(atoms.EXIT, match.pid, atoms.normal), WAIT)).toBeDefined();
    const [, , reason] = await trapping.receive(t(atoms.EXIT, match.pid, match.tuple), WAIT);
    expect(equalTerms(reason, big)).toBe(true);
    expect((await watcher.receive(downOf(pids.killed), WAIT))[4]).toBe(atoms.killed);
    expect(formatTerm((await watcher.receive(downOf(pids.plain), WAIT))[4])).toBe("{1,[2]}");
    expect(trapping.alive).toBe(true);

    // The other way: kill cannot be trapped, an exit along a link can, and is no kill.
    expect(
      await otp.eval(`P = spawn(fun() -> process_flag(trap_exit, true), receive x -> ok end end),
        R = monitor(process, P), register(victim, P),
        receive {'DOWN', R, process, P, Why} -> Why after 0 -> up end`),
    ).toBe("up");
    const victim = (await ours.erpc(node(pair), "erlang", "whereis", [atom("victim")])) as Pid;
    watcher.monitor(victim);
    watcher.exitSignal(victim, atoms.kill);
    expect((await watcher.receive(downOf(victim), WAIT))[4]).toBe(atoms.killed);
    const linked = otp.eval(`process_flag(trap_exit, true), {trapping, '${ours.name}'} ! self(),
      receive {'EXIT', _, R} -> R after 5000 -> none end`);
    const there = await trapping.receive(match.pid, WAIT);
    trapping.link(there);
    trapping.exit(atoms.kill);
    expect(await linked).toBe("kill");
  });

  test(
    "both ways",
    "monitors of pids and names, with tags; demonitor, flush and info",
    async () => {
      await using pair = await startPair(release);
      const { ours, otp } = pair;
      const self = inbox(ours, "self");
      const there = await sleeper(pair);
      const tagged = self.monitor(there, { tag: t(atom("tag"), 1) });
      const plain = self.monitor(there);
      const withdrawn = self.monitor(there);
      expect(self.demonitor(withdrawn, { info: true })).toBe(true);
      expect(self.demonitor(withdrawn, { info: true })).toBe(false);
      self.exitSignal(there, atom("over"));
      expect(
        await self.receive(t(t(atom("tag"), 1), tagged, atoms.process, there, atom("over")), WAIT),
      );
      await expect.poll(() => self.messageQueueLength).toBe(1);
      expect(self.demonitor(plain, { flush: true, info: true })).toBe(false);
      await expectNothing(self);
      const nobody = { name: "nobody_here", node: node(pair) };
      const ref = self.monitor(nobody);
      const item = t(atom("nobody_here"), atom(node(pair)));
      expect(
        equalTerms(await self.receive(WAIT), t(atoms.DOWN, ref, atoms.process, item, atoms.noproc)),
      ).toBe(true);

      // Erlang monitors ours by name; the name goes to another before it takes the monitor back.
      const first = ours.spawn({ name: "moving" });
      await otp.eval(`register(keeper, spawn(fun() ->
      R = monitor(process, {moving, '${ours.name}'}),
      receive demonitor -> demonitor(R), {self, '${ours.name}'} ! done end,
      receive M -> {self, '${ours.name}'} ! {got, M} end end))`);
      await expect.poll(() => ours.processInfo(first.pid)?.monitoredBy.length).toBe(1);
      ours.unregister("moving");
      self.send({ name: "keeper", node: node(pair) }, atom("demonitor"));
      await self.receive(atom("done"), WAIT);
      expect(ours.processInfo(first.pid)?.monitoredBy).toEqual([]);

      const down = otp.eval(`{self, '${ours.name}'} ! self(),
      receive P when is_pid(P) -> R = monitor(process, P), P ! die,
      receive {'DOWN', R, process, P, Why} -> Why after 5000 -> none end end`);
      const watching = await self.receive(match.pid, WAIT);
      const dies = ours.spawn(async (me) => {
        me.send(watching, me.pid);
        await me.receive(atom("die"));
        throw new RangeError("as told");
      });
      expect(await down).toBe('{{javascript,<<"RangeError">>,<<"as told">>},[]}');
      expect(dies.alive).toBe(false);
    },
  );

  test("both ways", "the alias modes of monitors", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const self = inbox(ours, "self");
    const there = await sleeper(pair);
    const send = (ref: Reference, message: Term): Promise<Term> =>
      ours.erpc(node(pair), "erlang", "send", [ref, message]);

    const reply = self.monitor(there, { alias: "reply_demonitor" });
    const explicit = self.monitor(there, { alias: "explicit_unalias" });
    const demonitor = self.monitor(there, { alias: "demonitor" });
    for (const message of [1, 2]) {
      for (const ref of [reply, explicit, demonitor]) await send(ref, t(message, ref));
    }
    self.demonitor(demonitor);
    for (const ref of [explicit, demonitor]) await send(ref, t(3, ref));
    expect(ours.processInfo(self.pid)).toMatchObject({ monitors: [there], aliasCount: 1 });
    self.exitSignal(there, atom("over"));
    await self.receive(t(atoms.DOWN, explicit, match.any, match.any, atom("over")), WAIT);
    await send(explicit, t(4, explicit));
    expect(self.unalias(explicit)).toBe(true);
    await send(explicit, t(5, explicit));
    await settled(pair);
    const got = self.messages().map((message) => {
      if (!isMatch(message, t(match.integer, match.reference))) return formatTerm(message);
      const [number, ref] = message;
      return `${number} ${[reply, explicit, demonitor].findIndex((one) => one.equals(ref))}`;
    });
    expect(got).toEqual(["1 0", "1 1", "1 2", "2 1", "2 2", "3 1", "4 1"]);

    // Erlang's own, that we answer twice.
    const answering = ours.spawn({
      name: "answering",
      onMessage(message, me) {
        if (!isMatch(message, match.reference)) return;
        me.send(message, 1);
        me.send(message, 2);
      },
    });
    const calls = await otp.eval(`Us = {answering, '${ours.name}'},
      [begin R = monitor(process, Us, [{alias, M}]), Us ! R,
        A = receive 1 -> 1 after 5000 -> none end,
        pong = net_adm:ping('${ours.name}'), B = receive 2 -> 2 after 0 -> none end,
        {A, B} end || M <- [explicit_unalias, demonitor, reply_demonitor]]`);
    expect(calls).toBe("[{1,2},{1,2},{1,none}]");
    expect(ours.processInfo(answering.pid)?.monitoredBy.length).toBe(2);
  });

  test("both ways", "spawn requests with their options", async () => {
    await using pair = await startPair(release);
    const { ours } = pair;
    const self = inbox(ours, "self");
    const ask = (fun: string, args: Term[], options: object): Reference =>
      self.spawnRequest(node(pair), "erlang", fun, args, options);
    const reply = (ref: Reference, tag: string, how: "ok" | "error") =>
      self.receive(t(atom(tag), ref, atom(how), match.any), WAIT);

    const both = ask("exit", [atom("fast")], { link: true, monitor: true });
    const [, , , pid] = await reply(both, "spawn_reply", "ok");
    const link = t(atoms.EXIT, pid, atom("fast"));
    expect(equalTerms(await self.receive(WAIT), link)).toBe(true);
    expect(
      equalTerms(await self.receive(WAIT), t(atoms.DOWN, both, atoms.process, pid, atom("fast"))),
    ).toBe(true);

    const tagged = ask("exit", [1], { monitor: { tag: "bye" }, reply: "no" });
    expect(await self.receive(t("bye", tagged, match.any, match.pid, 1), WAIT)).toBeDefined();
    const aliased = ask("send", [self.pid, 1], {
      monitor: { alias: "explicit_unalias" },
      replyTag: "started",
    });
    await self.receive(t("started", aliased, atoms.ok, match.pid), WAIT);
    await self.receive(t(atoms.DOWN, aliased, match.any, match.any, atoms.normal), WAIT);
    await self.receive(1, WAIT);
    await ours.erpc(node(pair), "erlang", "send", [aliased, "to the alias"]);
    expect(await self.receive("to the alias", WAIT)).toBeDefined();

    // Whoever has to load a module first is monitored by the code server meanwhile.
    await ours.erpc(node(pair), "code", "ensure_loaded", [atom("timer")]);
    // The first message to the alias ends the monitor over there, and nothing else.
    const answered = self.spawnRequest(node(pair), "timer", "sleep", [60_000], {
      monitor: { alias: "reply_demonitor" },
    });
    const sleeping = (await reply(answered, "spawn_reply", "ok"))[3] as Pid;
    await ours.erpc(node(pair), "erlang", "send", [answered, "an answer"]);
    await self.receive("an answer", WAIT);
    await settled(pair);
    const watchers = [sleeping, atom("monitored_by")];
    expect(formatTerm(await ours.erpc(node(pair), "erlang", "process_info", watchers))).toBe(
      "{monitored_by,[]}",
    );
    expect(ours.processInfo(self.pid)).toMatchObject({ monitors: [] });

    const bad = ask("exit", [1], { options: [atom("bogus")], reply: "error_only" });
    expect((await reply(bad, "spawn_reply", "error"))[3]).toBe(atom("badopt"));
    const undef = ask("no_such_function", [], { monitor: true });
    await reply(undef, "spawn_reply", "ok");
    const [, , , , reason] = await self.receive(
      t(atoms.DOWN, undef, match.any, match.any, match.tuple),
      WAIT,
    );
    expect(reason[0]).toBe(atoms.undef);

    const abandoned = self.spawnRequest(node(pair), "timer", "sleep", [60_000], {
      link: true,
      monitor: true,
    });
    expect(self.abandonSpawnRequest(abandoned)).toBe(true);
    expect(self.abandonSpawnRequest(abandoned)).toBe(false);
    await settled(pair);
    await expectNothing(self);
    expect(ours.processInfo(self.pid)).toMatchObject({ links: [], monitors: [] });

    const there = await self.spawnAt(node(pair), "timer", "sleep", [60_000], { link: true });
    expect(ours.processInfo(self.pid)?.links).toEqual([there]);
    const [watched, ref] = await self.spawnAt(node(pair), "timer", "sleep", [1], { monitor: true });
    await self.receive(t(atoms.DOWN, ref, atoms.process, watched, atoms.normal), WAIT);
    self.exit(atom("parent_over"));
    await expect.poll(() => isAlive(pair, there)).toBe(false);
  });

  test("both ways", "a process that ends while its spawn request is under way", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    await settled(pair);
    const parent = ours.spawn();
    parent.spawnRequest(node(pair), "timer", "sleep", [60_000], { link: true, monitor: true });
    parent.exit(atom("parent_over"));
    await settled(pair);
    const asleep = `length([P || P <- processes(),
      {initial_call, {timer, sleep, 1}} =:= process_info(P, initial_call)])`;
    await expect.poll(() => otp.eval(asleep)).toBe("0");
  });

  if (Number(release.release) >= 28) {
    test("we dial", "priority: our message and our exit signal to an alias of Erlang", async () => {
      await using pair = await startPair(release);
      const { ours, otp } = pair;
      const self = inbox(ours, "self");
      const order = otp.eval(`process_flag(trap_exit, true), A = alias([priority]),
        {self, '${ours.name}'} ! {alias, self(), A},
        {P, last} = receive {_, last} = Last -> Last after 5000 -> none end,
        All = fun All() -> receive M -> [M | All()] after 0 -> [] end end,
        Got = All(), [case M of {'EXIT', P, R} -> R; _ -> M end || M <- Got]`);
      const [, pid, alias] = await self.receive(t(atom("alias"), match.pid, match.reference), WAIT);
      for (let i = 1; i <= 3; i++) self.send(pid, i);
      self.send(alias, atom("urgent"), { priority: true });
      self.exitSignal(alias, atom("by_alias"), { priority: true });
      self.send(alias, atom("ordinary"));
      self.send(pid, t(self.pid, atom("last")));
      expect(await order).toBe("[urgent,by_alias,1,2,3,ordinary]");
    });

    test(
      "Erlang dials",
      "priority: Erlang's message and exit signal to an alias of ours",
      async () => {
        await using pair = await startPair(release);
        const { ours, otp } = pair;
        const self = inbox(ours, "self");
        const urgent = self.alias({ priority: true });
        const plain = self.alias();
        const sent = otp.eval(`P = self(), {self, '${ours.name}'} ! {from, P},
        {U, L} = receive {_, _} = As -> As after 5000 -> none end,
        [{self, '${ours.name}'} ! I || I <- lists:seq(1, 3)],
        erlang:send(L, not_urgent, [priority]),
        erlang:send(U, urgent, [priority]),
        erlang:exit(U, by_alias, [priority]),
        {self, '${ours.name}'} ! last, sent`);
        const [, pid] = await self.receive(t(atom("from"), match.pid), WAIT);
        self.send(pid, t(urgent, plain));
        expect(await sent).toBe("sent");
        await expect.poll(() => ours.processInfo(self.pid)?.messageQueueLen).toBe(7);
        const got: Term[] = [];
        for (let i = 0; i < 7; i++) got.push(await self.receive(QUIET));
        expect(got.map((term) => formatTerm(term))).toEqual([
          "urgent",
          formatTerm(t(atoms.EXIT, pid, atom("by_alias"))),
          "1",
          "2",
          "3",
          "not_urgent",
          "last",
        ]);
      },
    );
  }
});
