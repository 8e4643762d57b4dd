import { atom, atoms, t, text } from "disterl";
import type { ResolveMethod } from "disterl";
import type { OtpNode } from "disterl/testing";
import { expect } from "vitest";
import { eventually, meshed, startMesh } from "./global-mesh.ts";
import { forEachElixir, forEachOtp } from "./otp.ts";

const METHODS = ["random_exit_name", "random_notify_name", "notify_all_name"] as const;

/** A process on an Erlang node that keeps what it is sent, and says so; it has a global name. */
const keeper = (name: string, method: ResolveMethod = "random_exit_name"): string => `
  P = spawn(fun F() -> receive {From, mailbox} -> From ! {mailbox, element(2, process_info(self(), messages))}, F() end end),
  register(keeper, P),
  yes = global:register_name(${name}, P, fun global:${method}/3)`;
const mailbox = `keeper ! {self(), mailbox}, receive {mailbox, M} -> M after 5000 -> none end`;

forEachOtp((release, test) => {
  test("both ways", "global: names on both sides", async () => {
    await using mesh = await startMesh({ releases: [release, release], ours: [{}] });
    const [one, two] = mesh.otp as [OtpNode, OtpNode];
    const [ours] = mesh.ours;
    if (ours === undefined) throw new Error("no node of ours");
    await ours.connect(one.nodeName);
    await two.eval(`pong = net_adm:ping('${ours.name}')`);
    await meshed(mesh);
    const process = ours.spawn();
    expect(await ours.global.register(t(atom("of"), "us"), process)).toBe(true);
    expect(await ours.global.register("another", process)).toBe(false);
    for (const node of mesh.otp) {
      expect(await node.eval(`node(global:whereis_name({'of', <<"us">>}))`)).toBe(ours.name);
    }
    await one.eval(
      `global:send({'of', <<"us">>}, hello), no = global:register_name({'of', <<"us">>}, self())`,
    );
    expect(await process.receive()).toBe(atom("hello"));

    expect(await two.eval("register(me, self()), global:register_name(of_two, self())")).toBe(
      "yes",
    );
    const pid = ours.global.whereis(atom("of_two"));
    expect(pid?.node.text).toBe(two.nodeName);
    ours.global.send(atom("of_two"), atom("greetings"));
    expect(await two.eval("receive M -> M after 5000 -> none end")).toBe("greetings");
    expect(await ours.global.register(atom("of_two"), ours.spawn())).toBe(false);
    await ours.global.unregister(atom("of_two"));
    expect(await two.eval("global:whereis_name(of_two)")).toBe("undefined");

    process.exit(atom("done"));
    await eventually(async () => (await two.eval("global:registered_names()")) === "[]");
    expect(await one.eval("global:registered_names()")).toBe("[]");
    expect(ours.global.names()).toEqual([]);
    await one.eval("yes = global:register_name(gone, spawn(fun() -> receive stop -> ok end end))");
    expect(ours.global.whereis(atom("gone"))).toBeDefined();
    await two.eval("exit(global:whereis_name(gone), kill)");
    await eventually(() => ours.global.names().length === 0);
  });

  for (const method of METHODS) {
    for (const name of ["aa", "zz"]) {
      const greater = name === "aa" ? "the Erlang node" : "our node";
      test(
        "both ways",
        `global: a conflict, ${method}, ${greater} has the greater name`,
        async () => {
          await using mesh = await startMesh({
            releases: [release],
            ours: [{ name: `${name}_${process.pid}@localhost` }],
          });
          const [otp] = mesh.otp as [OtpNode];
          const [ours] = mesh.ours;
          if (ours === undefined) throw new Error("no node of ours");
          const process_ = ours.spawn();
          await ours.global.register(atom("dup"), process_, { resolve: method });
          await otp.eval(keeper("dup", method));
          await otp.eval(`pong = net_adm:ping('${ours.name}')`);
          await meshed(mesh);
          const there = await otp.eval(
            "case global:whereis_name(dup) of undefined -> none; P -> node(P) end",
          );
          const here = ours.global.whereis(atom("dup"))?.node.text ?? "none";
          const winner =
            method === "notify_all_name" ? "none" : name === "aa" ? ours.name : otp.nodeName;
          expect([here, there]).toEqual([winner, winner]);
          const erlangLost = winner !== otp.nodeName;
          if (method === "random_exit_name") {
            expect(process_.alive).toBe(erlangLost);
            expect(await otp.eval("whereis(keeper) =:= undefined")).toBe(String(erlangLost));
          } else {
            const conflict =
              method === "notify_all_name"
                ? "global_name_conflict,dup,"
                : "global_name_conflict,dup}";
            expect((await otp.eval(mailbox)).includes(conflict)).toBe(erlangLost);
            if (winner !== ours.name) {
              expect(await process_.receive({ timeout: 5000 })).toMatchObject({
                0: atom("global_name_conflict"),
                1: atom("dup"),
              });
            }
          }
        },
      );
    }
  }

  for (const name of ["aa", "zz"]) {
    test("both ways", `global: a conflict is decided by a function (${name})`, async () => {
      await using mesh = await startMesh({
        releases: [release],
        ours: [{ name: `${name}_${process.pid}@localhost` }],
      });
      const [otp] = mesh.otp as [OtpNode];
      const [ours] = mesh.ours;
      if (ours === undefined) throw new Error("no node of ours");
      const asked: string[] = [];
      const process_ = ours.spawn();
      await ours.global.register(atom("dup"), process_, {
        resolve: (called, his, own) => {
          asked.push(String(called), his.node.text, own.node.text);
          return his;
        },
      });
      // Erlang's own says the opposite: whoever decides keeps the process of the other side.
      await otp.eval(`P = spawn(fun() -> receive stop -> ok end end),
        yes = global:register_name(dup, P, fun(_Name, His, _Own) -> His end)`);
      await ours.connect(otp.nodeName);
      await meshed(mesh);
      const decider = name === "aa" ? "ours" : "Erlang";
      const winner = decider === "ours" ? otp.nodeName : ours.name;
      expect(ours.global.whereis(atom("dup"))?.node.text).toBe(winner);
      expect(await otp.eval("node(global:whereis_name(dup))")).toBe(winner);
      expect(asked).toEqual(decider === "ours" ? ["dup", otp.nodeName, ours.name] : []);
      expect(process_.alive).toBe(true);
    });
  }

  for (const registrar of ["us", "Erlang"] as const) {
    const feature = `global: a conflict about our process, which ${registrar} registered, decided elsewhere`;
    test("both ways", feature, async () => {
      const name = `zz_${process.pid}@localhost`;
      const [left, right] = [`bb_${process.pid}`, `cc_${process.pid}`];
      await using mesh = await startMesh({
        releases: [release, release],
        names: [left, right],
        ours: [{ name }],
      });
      const [one, two] = mesh.otp as [OtpNode, OtpNode];
      const [ours] = mesh.ours;
      if (ours === undefined) throw new Error("no node of ours");
      await ours.connect(one.nodeName);
      await ours.global.sync();
      const asked: string[] = [];
      const worker = ours.spawn({ name: "worker" });
      if (registrar === "us") {
        await ours.global.register(atom("dup"), worker, {
          resolve: (_name, his, own) => {
            asked.push(his.node.text, own.node.text);
            return Promise.resolve(own);
          },
        });
      } else {
        worker.send({ name: "pid_wanted", node: one.nodeName }, worker.pid);
        await one.eval("register(pid_wanted, self())");
        worker.send({ name: "pid_wanted", node: one.nodeName }, worker.pid);
        await one.eval("receive P -> yes = global:register_name(dup, P) end");
      }
      await two.eval("register(other, spawn(fun() -> receive stop -> ok end end))");
      await two.eval("yes = global:register_name(dup, whereis(other))");
      // The two with smaller names merge: one decides, and asks the node of its process, us.
      await two.eval(`pong = net_adm:ping('${one.nodeName}')`);
      await meshed(mesh);
      const winner = registrar === "us" ? ours.name : two.nodeName;
      expect(ours.global.whereis(atom("dup"))?.node.text).toBe(winner);
      for (const node of mesh.otp) {
        expect(await node.eval("node(global:whereis_name(dup))")).toBe(winner);
      }
      expect(asked).toEqual(registrar === "us" ? [two.nodeName, ours.name] : []);
      expect(worker.alive).toBe(registrar === "us");
    });
  }

  test("both ways", "global: locks between Erlang and us", async () => {
    await using mesh = await startMesh({ releases: [release, release], ours: [{}] });
    const [one, two] = mesh.otp as [OtpNode, OtpNode];
    const [ours] = mesh.ours;
    if (ours === undefined) throw new Error("no node of ours");
    await ours.connect(one.nodeName);
    await ours.connect(two.nodeName);
    await meshed(mesh);
    const id = t(atom("res"), atom("us"));
    expect(await one.eval("global:set_lock({res, self()})")).toBe("true");
    expect(await ours.global.setLock(id, { retries: 0 })).toBe(false);
    await one.eval("global:del_lock({res, self()})");
    const holder = ours.spawn();
    expect(await ours.global.setLock(id, { retries: 0, holder })).toBe(true);
    expect(await two.eval("global:set_lock({res, self()}, [node() | nodes()], 0)")).toBe("false");
    holder.exit();
    await eventually(
      async () =>
        (await two.eval("global:set_lock({res, self()}, [node() | nodes()], 0)")) === "true",
    );
    await two.eval("global:del_lock({res, self()})");
    await one.eval(
      `P = spawn(fun() -> global:set_lock({res, self()}), receive stop -> ok end end), register(holder, P)`,
    );
    await eventually(() => ours.global.info.locks === 1);
    await one.eval("exit(whereis(holder), kill)");
    expect(await ours.global.trans(id, () => "done")).toBe("done");
  });

  test("both ways", "global: trans excludes, whoever asks", async () => {
    await using mesh = await startMesh({ releases: [release], ours: [{}] });
    const [otp] = mesh.otp as [OtpNode];
    const [ours] = mesh.ours;
    if (ours === undefined) throw new Error("no node of ours");
    await ours.connect(otp.nodeName);
    await meshed(mesh);
    // Two that count: who is in says so, and nobody may come in meanwhile.
    let inside = 0;
    let most = 0;
    const counter = ours.spawn({
      name: "counter",
      onMessage: (message, self) => {
        const [from, what] = message as unknown as [Parameters<typeof self.send>[0], unknown];
        inside += what === atom("enter") ? 1 : -1;
        most = Math.max(most, inside);
        self.send(from, atoms.ok);
      },
    });
    await otp.eval(`C = {counter, '${ours.name}'},
      Count = fun() -> C ! {self(), enter}, receive ok -> ok end, C ! {self(), leave}, receive ok -> ok end end,
      Me = self(),
      register(counting, spawn(fun() -> [ok = global:trans({res, self()}, Count) || _ <- lists:seq(1, 8)], receive P -> P ! counted end end))`);
    for (let i = 0; i < 8; i++) {
      const self = ours.spawn();
      await ours.global.trans(t(atom("res"), self.pid), async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 5));
        inside--;
      });
    }
    expect(
      await otp.eval("counting ! self(), receive counted -> counted after 30000 -> no end"),
    ).toBe("counted");
    expect(most).toBe(1);
    expect(counter.alive).toBe(true);
  });
});

forEachElixir((release, test) => {
  test("both ways", "Elixir: :global", async () => {
    await using mesh = await startMesh({ releases: [release], ours: [{}], elixir: true });
    const [otp] = mesh.otp as [OtpNode];
    const [ours] = mesh.ours;
    if (ours === undefined) throw new Error("no node of ours");
    await ours.connect(otp.nodeName);
    await meshed(mesh);
    const process = ours.spawn();
    await ours.global.register("from us", process);
    expect(
      await otp.evalElixir(
        `:global.send("from us", :hello); :global.whereis_name("from us") |> node()`,
      ),
    ).toBe(`:${ours.name}`);
    expect(await process.receive()).toBe(atom("hello"));
    await otp.evalElixir(`
      defmodule Store do
        use Agent
      end
      {:ok, _} = Agent.start(fn -> 42 end, name: {:global, "store"})
      :ok`);
    const store = ours.global.whereis("store");
    expect(store?.node.text).toBe(otp.nodeName);
    expect(ours.global.names().map((name) => text(name as Uint8Array))).toEqual(
      expect.arrayContaining(["store"]),
    );
    expect(await otp.evalElixir(`:global.trans({:res, self()}, fn -> :in end)`)).toBe(":in");
  });
});
