import { atom, t } from "disterl";
import { type OtpNode, startOtpNode } from "disterl/testing";
import { expect } from "vitest";
import { eventually, meshed, nodesOf, startMesh } from "./global-mesh.ts";
import { COOKIE } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";
import { GLOBAL_MEMBER, OurProgram } from "./our-programs.ts";

forEachOtp((release, test) => {
  test("we dial", "global: our node joins a mesh of three", async () => {
    await using mesh = await startMesh({ releases: [release, release, release], ours: [] });
    const [one, two, three] = mesh.otp as [OtpNode, OtpNode, OtpNode];
    await one.eval(
      `pong = net_adm:ping('${two.nodeName}'), pong = net_adm:ping('${three.nodeName}')`,
    );
    await meshed(mesh);
    await three.eval("register(me, self()), yes = global:register_name(of_three, self())");
    const ours = await mesh.addOurs();
    await ours.global.register("of us", ours.spawn());
    await ours.connect(one.nodeName);
    await meshed(mesh);
    expect(ours.nodes().toSorted()).toEqual(mesh.otp.map(({ nodeName }) => nodeName).toSorted());
    expect(ours.global.whereis(atom("of_three"))?.node.text).toBe(three.nodeName);
    for (const node of mesh.otp) {
      expect(await node.eval(`node(global:whereis_name(<<"of us">>))`)).toBe(ours.name);
    }
  });

  test("Erlang dials", "global: an Erlang node joins a mesh of ours", async () => {
    await using mesh = await startMesh({ releases: [release], ours: [{}, {}, {}] });
    const [otp] = mesh.otp as [OtpNode];
    const [one, two, three] = mesh.ours;
    if (one === undefined || two === undefined || three === undefined) throw new Error("no nodes");
    await one.connect(two.name);
    await one.connect(three.name);
    await meshed({ otp: [], ours: mesh.ours });
    await three.global.register(atom("of_three"), three.spawn());
    await otp.eval(`pong = net_adm:ping('${one.name}')`);
    await meshed(mesh);
    expect(await otp.eval("node(global:whereis_name(of_three))")).toBe(three.name);
    expect(await otp.eval("yes = global:register_name(of_otp, self())")).toBe("yes");
    for (const node of mesh.ours) expect(node.global.whereis(atom("of_otp"))).toBeDefined();
  });

  for (const withUs of [false, true]) {
    const who = withUs ? "with us" : "Erlang nodes only";
    test("both ways", `global: an edge is cut, the mesh falls into cliques (${who})`, async () => {
      await using mesh = await startMesh({
        releases: withUs ? [release, release, release] : [release, release, release, release],
        ours: withUs ? [{}] : [],
      });
      const [one, two] = mesh.otp as [OtpNode, OtpNode];
      for (const node of mesh.otp.slice(1))
        await one.eval(`pong = net_adm:ping('${node.nodeName}')`);
      for (const node of mesh.ours) await node.connect(one.nodeName);
      await meshed(mesh);
      await one.eval(`erlang:disconnect_node('${two.nodeName}')`);
      const neighbours = async (): Promise<Map<string, string[]>> => {
        const all = new Map<string, string[]>();
        for (const node of mesh.otp) all.set(node.nodeName, await nodesOf(node));
        for (const node of mesh.ours) all.set(node.name, node.nodes().toSorted());
        return all;
      };
      const cliques = (all: Map<string, string[]>): boolean =>
        [...all].every(([name, others]) =>
          others.every((other) => {
            const expected = [...others, name].filter((one) => one !== other).toSorted();
            return JSON.stringify(all.get(other)) === JSON.stringify(expected);
          }),
        );
      // It takes a moment until the loss is told; then it stays so.
      await eventually(async () => {
        const all = await neighbours();
        return cliques(all) && [...all.values()].some((others) => others.length < 3);
      });
      await new Promise((resolve) => setTimeout(resolve, 500));
      const all = await neighbours();
      expect(cliques(all)).toBe(true);
      expect(all.get(one.nodeName)).not.toContain(two.nodeName);
      // The rest stays together.
      const rest = [...all.keys()].filter((name) => name !== one.nodeName && name !== two.nodeName);
      expect(all.get(rest[0] ?? "")).toContain(rest[1]);
    });
  }

  test(
    "both ways",
    "global: members are killed, registrations go on",
    async () => {
      await using mesh = await startMesh({ releases: [release], ours: [{}] });
      const [otp] = mesh.otp as [OtpNode];
      const [ours] = mesh.ours;
      if (ours === undefined) throw new Error("no node of ours");
      await ours.connect(otp.nodeName);
      let longest = 0;
      for (let round = 0; round < 4; round++) {
        const victim = await startOtpNode({
          release,
          nameType: "short",
          cookie: COOKIE,
          epmdPort: mesh.epmd.port,
        });
        await victim.eval(`pong = net_adm:ping('${round % 2 === 0 ? ours.name : otp.nodeName}')`);
        await victim.eval(
          "spawn(fun F() -> P = spawn(timer, sleep, [5]), global:register_name(make_ref(), P), F() end)",
        );
        setTimeout(() => void victim.kill(), 200 + 150 * round);
        const end = performance.now() + 1500;
        while (performance.now() < end) {
          const begun = performance.now();
          const process = ours.spawn();
          expect(await ours.global.register(t(atom("n"), begun), process)).toBe(true);
          expect(
            await otp.eval("P = spawn(timer, sleep, [1]), global:register_name(make_ref(), P)"),
          ).toBe("yes");
          process.exit();
          longest = Math.max(longest, performance.now() - begun);
        }
        await victim.exited;
      }
      expect(longest).toBeLessThan(10_000);
      await eventually(() => ours.global.names().length === 0 && ours.global.info.locks === 0);
      expect(ours.global.info.known).toEqual([otp.nodeName]);
    },
    60_000,
  );

  test(
    "both ways",
    "global: our node is frozen and killed while it holds the lock of all names",
    async () => {
      await using mesh = await startMesh({ releases: [release, release], ours: [] });
      const [one, two] = mesh.otp as [OtpNode, OtpNode];
      await one.eval(`pong = net_adm:ping('${two.nodeName}')`);
      await meshed(mesh);
      const name = `frozen_${process.pid}@localhost`;
      await using program = new OurProgram(
        GLOBAL_MEMBER,
        [name, COOKIE, String(mesh.epmd.port), one.nodeName, "hold"],
        {},
      );
      await program.waitFor(/held/);
      expect(await two.eval("length(global:registered_names())")).toBe("1");
      program.child.kill("SIGSTOP");
      const registered = one.eval("global:register_name(after_all, self())", { timeoutMs: 30_000 });
      const early = await Promise.race([
        registered,
        new Promise((resolve) => setTimeout(resolve, 700, "waits")),
      ]);
      expect(early).toBe("waits");
      program.child.kill("SIGKILL");
      expect(await registered).toBe("yes");
      expect(await two.eval("global:registered_names()")).toBe("[after_all]");
    },
  );

  test("both ways", "global: disconnect leaves the mesh, the others stay together", async () => {
    await using mesh = await startMesh({ releases: [release, release], ours: [{}] });
    const [one, two] = mesh.otp as [OtpNode, OtpNode];
    const [ours] = mesh.ours;
    if (ours === undefined) throw new Error("no node of ours");
    await ours.connect(one.nodeName);
    await ours.connect(two.nodeName);
    await meshed(mesh);
    await ours.global.register("x", ours.spawn());
    const left = await ours.global.disconnect();
    expect(left.toSorted()).toEqual([one.nodeName, two.nodeName].toSorted());
    expect(ours.nodes()).toEqual([]);
    await eventually(async () => (await one.eval("global:registered_names()")) === "[]");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await nodesOf(one)).toEqual([two.nodeName]);
    expect(ours.global.names().map((name) => name)).toEqual(["x"]);
  });

  test("both ways", "global: nodes that do not connect to all share no names", async () => {
    await using mesh = await startMesh({ releases: [release], ours: [{ connectAll: false }] });
    const [otp] = mesh.otp as [OtpNode];
    const [ours] = mesh.ours;
    if (ours === undefined) throw new Error("no node of ours");
    await ours.connect(otp.nodeName);
    expect(await otp.eval("P = self(), register(me, P), global:register_name(alone, P)")).toBe(
      "yes",
    );
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(ours.global.names()).toEqual([]);
    expect(ours.global.info.known).toEqual([]);
    expect(await otp.eval("nodes()")).toBe(`[${ours.name}]`);
  });

  test("Erlang dials", "global: a registration takes no longer with us", async () => {
    const timed = async (withUs: boolean): Promise<number> => {
      await using mesh = await startMesh({
        releases: withUs ? [release, release] : [release, release, release],
        ours: withUs ? [{}] : [],
      });
      const [one] = mesh.otp as [OtpNode];
      for (const node of mesh.otp.slice(1))
        await one.eval(`pong = net_adm:ping('${node.nodeName}')`);
      for (const node of mesh.ours) await one.eval(`pong = net_adm:ping('${node.name}')`);
      await meshed(mesh);
      const median = await one.eval(`
        Once = fun(N) -> {T, yes} = timer:tc(fun() -> global:register_name(N, spawn(timer, sleep, [2000])) end), T end,
        [Once({warm, N}) || N <- lists:seq(1, 600)],
        Times = lists:sort([Once(N) || N <- lists:seq(1, 200)]),
        lists:nth(100, Times)`);
      return Number(median);
    };
    const alone = await timed(false);
    const withUs = await timed(true);
    console.log(
      `[${release.release}] a registration: ${alone} µs with Erlang nodes, ${withUs} µs with us`,
    );
    expect(withUs).toBeLessThan(3 * alone + 3000);
  });
});
