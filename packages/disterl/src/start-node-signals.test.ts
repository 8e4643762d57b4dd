import { expect, test } from "vitest";
import { FAR, scene, THERE } from "../../../test/process-scene.ts";
import { erpcCall } from "./cluster/erpc.ts";
import type { ExposedCall } from "./cluster/exposed-call.ts";
import { withCall } from "./cluster/exposed-functions.ts";
import { call } from "./otp/gen.ts";
import { processInfo } from "./process/process-info.ts";
import { atom, atoms } from "./term/atom.ts";
import { Pid } from "./term/pid.ts";
import type { Term } from "./term/term.ts";
import { t } from "./term/tuple.ts";
import type { ClusterNodeSettings } from "./testing/cluster/cluster-options.ts";
import { startCluster } from "./testing/cluster/start-cluster.ts";

async function pair(settings: ClusterNodeSettings = {}) {
  const cluster = await startCluster({ seed: 7 });
  const ours = await cluster.start({ ...settings, name: "ours@a" });
  const peer = await cluster.start("peer@b");
  await cluster.run(peer.connect("ours@a"));
  return { cluster, ours, peer };
}

const at = (name: string) => ({ name, node: "ours@a" });
const other = new Pid(FAR, 2, 0, 5);

test("a normal end along a link ends nobody; nobody is linked with itself", () => {
  const { processes } = scene();
  const self = processes.spawn({});
  self.link(self.pid);
  expect(processInfo(self).links).toEqual([]);
  const child = self.spawn({ link: true });
  expect(processInfo(self).links).toEqual([child.pid]);
  child.exit(atoms.normal);
  expect(self.alive).toBe(true);
  self.spawn({ link: true }).exit(atom("over"));
  expect(self.exitReason).toBe(atom("over"));
});

test("a monitor is taken back by who holds it", () => {
  const { processes, incoming, sent } = scene();
  const self = processes.spawn({});
  const ref = processes.identity.nextReference();
  incoming.dispatch({ type: "monitor", from: THERE, to: self.pid, ref });
  incoming.dispatch({ type: "demonitor", from: other, to: self.pid, ref });
  expect(processInfo(self).monitoredBy).toEqual([THERE]);
  incoming.dispatch({ type: "demonitor", from: THERE, to: self.pid, ref });
  self.exit();
  expect(sent).toEqual([]);
});

test("a spawn request whose node is lost fails with noconnection", async () => {
  const { processes } = scene();
  const self = processes.spawn({});
  const ref = self.spawnRequest(FAR, "m", "f", [], { monitor: { alias: "demonitor" } });
  const asked = self.spawnAt(FAR, "m", "f", []);
  processes.nodeDown(FAR);
  const failure = { code: "ERR_SPAWN_REFUSED", reason: atoms.noconnection };
  await expect(asked).rejects.toMatchObject(failure);
  expect(self.messages()).toEqual([t(atom("spawn_reply"), ref, atoms.error, atoms.noconnection)]);
  expect([processes.spawnRequests.size, processes.aliases.size]).toEqual([0, 0]);
});

test("a call that times out leaves no monitor on the other node", async () => {
  const { processes, incoming, sent, clock } = scene();
  const self = processes.spawn({});
  const { spawnRequests } = processes;
  const timeout = 10;
  const gen = call(self, THERE, 1, { timeout }).catch(() => "timeout");
  const erpc = erpcCall({ process: self, spawnRequests }, FAR, "m", "f", [], { timeout });
  const ended = erpc.catch(() => "timeout");
  const request = sent.find(({ type }) => type === "spawn_request");
  if (request?.type !== "spawn_request") throw new Error("there was no request");
  const reply = { type: "spawn_reply", ref: request.ref, to: self.pid, flags: 2 } as const;
  incoming.dispatch({ ...reply, result: other, token: undefined }, {
    peer: { node: FAR },
  } as never);
  sent.length = 0;
  await clock.advance(timeout);
  expect(await Promise.all([gen, ended])).toEqual(["timeout", "timeout"]);
  expect(sent).toMatchObject([
    { type: "demonitor", to: THERE },
    { type: "demonitor", to: other, ref: request.ref },
  ]);
  expect([processes.monitors.size, spawnRequests.size]).toEqual([0, 0]);
});

test("one block_call after the other; more functions than may be are refused, and that is told", async () => {
  const { cluster, ours, peer } = await pair({ limits: { spawnsPerConn: 2 } });
  const log: string[] = [];
  let finish = (): void => {};
  ours.expose("m", {
    first: () => (log.push("first"), new Promise<void>((resolve) => (finish = resolve))),
    second: () => void log.push("second"),
  });
  const events = ours.status();
  const inbox = peer.spawn();
  const block = (fun: string) => t(atom("block_call"), atom("m"), atom(fun), [], inbox.pid);
  for (const fun of ["first", "second", "third"]) {
    inbox.send(at("rex"), t(atom("$gen_call"), t(inbox.pid, atom(fun)), block(fun)));
  }
  await cluster.advance(100);
  expect(log).toEqual(["first"]);
  const limit = t(atom("third"), t(atom("badrpc"), t(atoms.EXIT, atom("system_limit"))));
  expect(inbox.messages()).toEqual([limit]);
  finish();
  await cluster.advance(100);
  expect(log).toEqual(["first", "second"]);
  for (const cause of ["not_exposed", "limit"]) {
    expect((await events.next()).value).toMatchObject({ type: "denied", cause });
  }
});

test("services of a node keep their group leader, and link nobody for another node", async () => {
  const { cluster, ours, peer } = await pair();
  let runs = 0;
  ours.expose("m", { f: () => void runs++ });
  const events = ours.status();
  const inbox = peer.spawn();
  const rex = ours.whereis("rex") as Pid;
  const leader = ours.processInfo(rex)?.groupLeader;
  inbox.setGroupLeader(inbox.pid, rex);
  for (const from of [new Pid(atom("x@c"), 1, 0, 5), inbox.pid]) {
    const link = t(atom("spawn_link"), atom("m"), atom("f"), [], inbox.pid);
    inbox.send(at("net_kernel"), t(atom("$gen_call"), t(from, 1), link));
  }
  await cluster.advance(100);
  expect(ours.processInfo(rex)?.groupLeader).toEqual(leader);
  const denied = { type: "denied", operation: "group_leader", target: "rex", cause: "service" };
  expect((await events.next()).value).toMatchObject(denied);
  expect(runs).toBe(1);
});

test("whatever a policy forbids, answers get through, to a pid as well", async () => {
  const { cluster, ours, peer } = await pair({ policy: { peers: "*", operations: [] } });
  peer.spawn({
    name: "old",
    onMessage: (message, self) => {
      const [, [pid, tag], request] = message as unknown as [Term, [Pid, Term], Term];
      self.send(pid, t(tag, request));
    },
  });
  expect(await cluster.run(ours.call({ name: "old", node: "peer@b" }, 7))).toBe(7);
});

test("a function that is spawned has the trace token of who asked", async () => {
  const { cluster, ours, peer } = await pair();
  const labels: unknown[] = [];
  const look = ({ process }: ExposedCall): void => void labels.push(process.traceToken?.[1]);
  ours.expose("m", { look: withCall(look) });
  const self = peer.spawn();
  self.traceToken = t(1, atom("label"), 0, self.pid, 0);
  self.spawnRequest("ours@a", "m", "look", []);
  await cluster.advance(100);
  expect(labels).toEqual([atom("label")]);
});

test("what does not fit among the signals that wait for a connection is lost, and that is told", async () => {
  const cluster = await startCluster({ seed: 7, latencyMs: 10 });
  const ours = await cluster.start({ name: "ours@a", limits: { pendingSignals: 1 } });
  await cluster.start("peer@b");
  const self = ours.spawn({ trapExit: true });
  const there = new Pid(atom("peer@b"), 77, 0, 5);
  self.send(there, 1);
  self.link(there);
  const ref = self.monitor(there);
  expect(self.messages()).toEqual([
    t(atoms.EXIT, there, atoms.noconnection),
    t(atoms.DOWN, ref, atoms.process, there, atoms.noconnection),
  ]);
});

test("a function is told when its caller gives up, or its node is lost", async () => {
  const { cluster, ours, peer } = await pair();
  const signals: AbortSignal[] = [];
  const wait = ({ signal }: ExposedCall) =>
    new Promise<void>(() => {
      signals.push(signal);
    });
  ours.expose("m", { wait: withCall(wait) });
  const impatient = peer.erpc("ours@a", "m", "wait", [], { timeout: 50 });
  const patient = peer.erpc("ours@a", "m", "wait", []);
  const failures = Promise.allSettled([impatient, patient]);
  await cluster.advance(60);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  ours.disconnect("peer@b");
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  await cluster.run(failures);
});

test("an end whose reason is no term is told as badarg, also while the connection is being made", async () => {
  const { cluster, ours, peer } = await pair();
  const linked = peer.spawn({ trapExit: true });
  ours.disconnect("peer@b");
  await cluster.advance(1000);
  const self = ours.spawn();
  self.link(linked.pid);
  self.exit((() => {}) as unknown as Term);
  await cluster.advance(1000);
  expect(ours.nodes("connected")).toEqual(["peer@b"]);
  expect(linked.messages()).toEqual([t(atoms.EXIT, self.pid, atoms.badarg)]);
  await cluster.close();
});
