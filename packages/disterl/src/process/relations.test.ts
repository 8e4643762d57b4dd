import { expect, test } from "vitest";
import { FAR, scene, THERE } from "../../../../test/process-scene.ts";
import { atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import type { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { t } from "../term/tuple.ts";
import { processInfo } from "./process-info.ts";

test("the connection to a node ends: each relation across it, and no other, ends once", () => {
  const { processes, incoming } = scene();
  const bystander = processes.spawn({ trapExit: true });
  const process = processes.spawn({ trapExit: true });
  const elsewhere = new Pid(atom("c@h"), 1, 0, 5);
  bystander.link(elsewhere);
  process.link(THERE);
  process.link(elsewhere);
  const ref = process.monitor({ name: "x", node: FAR });
  process.monitor(elsewhere);
  incoming.dispatch({ type: "monitor", from: THERE, to: process.pid, ref });
  processes.nodeMonitors.add(process, FAR, 1);
  processes.nodeMonitors.add(process, FAR, 1);
  for (let i = 0; i < 2; i++) processes.nodeDown(FAR);
  expect(process.messages()).toEqual([
    // In the emulator, too, the exit comes before the down.
    t(atoms.EXIT, THERE, atoms.noconnection),
    t(atoms.DOWN, ref, atoms.process, t(atom("x"), FAR), atoms.noconnection),
    t(atom("nodedown"), FAR),
    t(atom("nodedown"), FAR),
  ]);
  expect(bystander.messages()).toEqual([]);
  expect(processInfo(process)).toMatchObject({ links: [elsewhere], monitoredBy: [] });
});

test("monitors with tag and alias; what ends them, and what outlives them", () => {
  const { processes } = scene();
  const target = processes.spawn({});
  const self = processes.spawn({});
  const modes = ["explicit_unalias", "demonitor", "reply_demonitor"] as const;
  const refs = modes.map((alias) => self.monitor(target.pid, { alias, tag: alias }));
  for (const n of [1, 2]) refs.forEach((ref, i) => void target.send(ref, n * 10 + i));
  expect(self.messages()).toEqual([10, 11, 12, 20, 21]);
  expect(processInfo(self)).toMatchObject({ monitors: [target.pid, target.pid], aliasCount: 2 });
  target.exit();
  expect(
    self
      .messages()
      .slice(5)
      .map((down) => (down as unknown as Term[])[0]),
  ).toEqual(["explicit_unalias", "demonitor"]);
  expect(processes.aliases.size).toBe(1);
  expect(self.unalias(refs[1] as Reference)).toBe(false);
  expect(self.unalias(refs[0] as Reference)).toBe(true);
});

test("demonitor: flush, info, monitors of oneself and of others", () => {
  const { processes } = scene();
  const target = processes.spawn({});
  const self = processes.spawn({});
  const ref = self.monitor(target.pid, { tag: 1 });
  expect(target.demonitor(ref, { info: true })).toBe(false);
  target.exit();
  expect(self.messageQueueLength).toBe(1);
  expect(self.demonitor(ref, { flush: true, info: true })).toBe(false);
  expect(self.messageQueueLength).toBe(0);
  expect(self.demonitor(ref)).toBe(true);
  const own = self.monitor(self.pid, { alias: "explicit_unalias" });
  self.send(own, 1);
  expect(self.messageQueueLength).toBe(0);
  expect(self.demonitor(own, { info: true })).toBe(false);
});

test("aliases: for one reply, and with priority for messages and exits", () => {
  const { processes, incoming } = scene();
  const self = processes.spawn({ trapExit: true });
  const once = self.alias({ reply: true });
  processes.aliases.deliver(once, 1);
  processes.aliases.deliver(once, 2);
  expect(self.unalias(once)).toBe(false);
  const urgent = self.alias({ priority: true });
  const plain = self.alias();
  const other = processes.spawn({});
  other.send(urgent, "first", { priority: true });
  other.send(urgent, "not urgent");
  other.send(plain, "neither", { priority: true });
  other.exitSignal(urgent, atom("x"), { priority: true });
  const EXIT = { type: "exit2", from: THERE, token: undefined, priority: true } as const;
  incoming.dispatch({ ...EXIT, to: self.pid, reason: atom("y") });
  expect(self.messages()).toEqual([
    "first",
    t(atoms.EXIT, other.pid, atom("x")),
    1,
    "not urgent",
    "neither",
    t(atoms.EXIT, THERE, atom("y")),
  ]);
});

test("a demonitor signal finds the process that had the name when it was monitored", () => {
  const { processes, incoming } = scene();
  const first = processes.spawn({ name: "moving" });
  const ref = processes.identity.nextReference();
  const to = atom("moving");
  incoming.dispatch({ type: "monitor", from: THERE, to, ref });
  processes.names.unregister(to);
  processes.spawn({ name: "moving" });
  incoming.dispatch({ type: "demonitor", from: THERE, to, ref });
  expect(processInfo(first).monitoredBy).toEqual([]);
});

test("names: one each, and not undefined", () => {
  const { processes } = scene();
  const one = processes.spawn({ name: "one" });
  const other = processes.spawn({});
  expect(() => processes.names.register(atom("one"), other)).toThrow("registered to");
  expect(() => processes.names.register(atom("two"), one)).toThrow("unregister that first");
  expect(() => processes.names.register(atoms.undefined, other)).toThrow(TypeError);
  expect(() => processes.spawn({ name: "one" })).toThrow("registered to");
  expect(processes.size).toBe(2);
});

test("monitorNode counts calls, and hears at once of a node that cannot be reached", () => {
  const { processes } = scene();
  const self = processes.spawn({});
  processes.reachNode = () => {};
  self.monitorNode("b@h", true);
  self.monitorNode("b@h", true);
  self.monitorNode("b@h", false);
  self.monitorNode("b@h", false);
  self.monitorNode("b@h", false);
  processes.nodeDown(FAR);
  expect(self.messageQueueLength).toBe(0);
  processes.reachNode = (_node, _options, unreachable) => unreachable();
  self.monitorNode("b@h", true);
  self.monitorNode("a@h", true);
  expect(self.messages()).toEqual([t(atom("nodedown"), FAR)]);
});

test("the alias of a spawn request is that of the monitor which follows", () => {
  const { processes, sent, incoming } = scene();
  const self = processes.spawn({});
  const there = { peer: { node: FAR } } as never;
  for (const alias of ["reply_demonitor", "demonitor", "explicit_unalias"] as const) {
    const ref = self.spawnRequest(FAR, "m", "f", [], { monitor: { alias } });
    const reply = { type: "spawn_reply", ref, to: self.pid, flags: 2, token: undefined } as const;
    incoming.dispatch({ ...reply, result: THERE }, there);
    expect(processInfo(self)).toMatchObject({ monitors: [THERE], aliasCount: 1 });
    if (alias === "reply_demonitor") self.send(ref, "an answer");
    else self.demonitor(ref);
    // To nobody but the new process: any other pid would end the connection.
    expect(sent.at(-1)).toMatchObject({ type: "demonitor", to: THERE, ref });
    const aliasCount = alias === "explicit_unalias" ? 1 : 0;
    expect(processInfo(self)).toMatchObject({ monitors: [], aliasCount });
  }
  expect(processes.aliases.size).toBe(1);
});

test("of a spawn request that cannot be sent nothing is left", () => {
  const { processes } = scene();
  const self = processes.spawn({});
  processes.router.route = () => {
    throw new Error("it cannot be encoded");
  };
  const request = () => self.spawnRequest(FAR, "m", "f", [], { monitor: { alias: "demonitor" } });
  expect(request).toThrow("encoded");
  expect(processes.spawnRequests.size).toBe(0);
  expect(processes.aliases.size).toBe(0);
  expect(processInfo(self)).toMatchObject({ aliasCount: 0 });
});

test("priority counts for an alias that was made with it, for messages and for exit signals", () => {
  const { processes, incoming } = scene();
  const self = processes.spawn({ trapExit: true });
  for (const priority of [false, true]) {
    const to = self.alias({ priority });
    const signal = { from: THERE, to, priority: true, token: undefined } as const;
    incoming.dispatch({ ...signal, type: "alias_send", message: `message ${priority}` });
    incoming.dispatch({ ...signal, type: "exit2", reason: `exit ${priority}` });
  }
  expect(self.messages()).toEqual([
    "message true",
    t(atoms.EXIT, THERE, "exit true"),
    "message false",
    t(atoms.EXIT, THERE, "exit false"),
  ]);
});
