import { atom, t } from "disterl";
import { otpReleases } from "disterl/testing";
import { expect, test } from "vitest";
import { eventually, meshed, nodesOf, startMesh } from "./global-mesh.ts";

const releases = otpReleases();
const all = releases.map(({ release }) => release).join("+");

test.skipIf(releases.length < 2)(
  `[${all}] [both ways] global: releases mixed, two of ours`,
  async () => {
    await using mesh = await startMesh({ releases, ours: [{}, {}] });
    const [one, two] = mesh.ours;
    const [first, last] = [mesh.otp[0], mesh.otp.at(-1)];
    if (one === undefined || two === undefined || first === undefined || last === undefined) {
      throw new Error("no nodes");
    }
    // A chain: the mesh closes by itself.
    await one.global.register(t(atom("n"), 1), one.spawn());
    await last.eval("register(me, self()), yes = global:register_name({n, 2}, self())");
    await one.connect(first.nodeName);
    for (const [index, node] of mesh.otp.slice(1).entries()) {
      await node.eval(`pong = net_adm:ping('${mesh.otp[index]?.nodeName}')`);
    }
    await two.connect(last.nodeName);
    await meshed(mesh);
    for (const node of mesh.otp) {
      expect(await node.eval("lists:sort(global:registered_names())")).toBe("[{n,1},{n,2}]");
      expect(await node.eval("node(global:whereis_name({n, 1}))")).toBe(one.name);
    }
    for (const node of mesh.ours) {
      expect(node.global.whereis(t(atom("n"), 2))?.node.text).toBe(last.nodeName);
    }
    // Everybody registers at once; nobody waits long, and all agree.
    const names = await Promise.all([
      ...mesh.otp.map((node, index) =>
        node.eval(`global:register_name({at_once, ${index}}, spawn(timer, sleep, [60000]))`),
      ),
      ...mesh.ours.map(async (node, index) =>
        (await node.global.register(t(atom("at_once"), 10 + index), node.spawn())) ? "yes" : "no",
      ),
      ...mesh.otp.map((node) =>
        node.eval(`global:register_name(contended, spawn(timer, sleep, [60000]))`, {
          evaluator: "second",
        }),
      ),
      ...mesh.ours.map(async (node) =>
        (await node.global.register(atom("contended"), node.spawn())) ? "yes" : "no",
      ),
    ]);
    const members = mesh.otp.length + mesh.ours.length;
    expect(names.filter((answer) => answer === "yes")).toHaveLength(members + 1);
    const holder = one.global.whereis(atom("contended"))?.node.text;
    for (const node of mesh.otp) {
      expect(await node.eval("node(global:whereis_name(contended))")).toBe(holder);
      expect(await node.eval("length(global:registered_names())")).toBe(String(members + 3));
    }
    // One is killed: its names go everywhere, and the rest stays together.
    await last.kill();
    await eventually(() => two.global.whereis(t(atom("n"), 2)) === undefined);
    const rest = mesh.otp.slice(0, -1);
    for (const node of rest) {
      await eventually(async () => !(await nodesOf(node)).includes(last.nodeName));
      expect(await nodesOf(node)).toHaveLength(members - 2);
      expect(await node.eval("global:whereis_name({n, 2})")).toBe("undefined");
    }
    expect(await two.global.register("after", two.spawn())).toBe(true);
  },
  60_000,
);
