import { expect, expectTypeOf, test } from "vitest";
import { FAR, scene, THERE } from "../../../../test/process-scene.ts";
import { atom, atoms } from "../term/atom.ts";
import { call } from "../otp/gen.ts";
import { match } from "../term/match.ts";
import type { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { t } from "../term/tuple.ts";
import { currentProcess } from "./current-process.ts";
import { ExitReason } from "./exceptions.ts";
import type { Process } from "./process.ts";
import { processInfo } from "./process-info.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a process that has ended makes no relations that nobody would end", () => {
  const { processes, sent } = scene();
  const dead = processes.spawn({});
  dead.exit();
  dead.link(THERE);
  dead.monitor(THERE);
  dead.alias();
  dead.send(THERE, 1);
  dead.exitSignal(THERE, 1);
  dead.spawnRequest(FAR, "m", "f", []);
  dead.monitorNode(FAR, true);
  dead.sendAfter(1, "name", 1);
  dead.startTimer(1, "name", 1);
  expect(sent).toEqual([]);
  expect(processes.timers.size).toBe(0);
  expect(processes.monitors.size).toBe(0);
  expect(processes.aliases.size).toBe(0);
  expect(processes.nodeMonitors.of(FAR)).toBe(0);
  expect(processes.linkCounts.of(FAR)).toBe(0);
});

test("a body runs after spawn, ends with normal, and its throw is the reason", async () => {
  const { processes, crashes } = scene();
  const order: string[] = [];
  const watcher = processes.spawn({});
  const run = (body: (self: Process) => void | Promise<void>): Process => {
    const process = watcher.spawn(body, { monitor: true });
    order.push("spawned");
    return process;
  };
  const plain = run((self) => void order.push(currentProcess() === self ? "runs" : "is lost"));
  expect(order).toEqual(["spawned"]);
  await turn();
  expect(order).toEqual(["spawned", "runs"]);
  const waits = run(async (self) => void (await self.receive()));
  const throws = run(async () => {
    await Promise.resolve();
    throw new TypeError("no");
  });
  const exits = run(() => {
    throw new ExitReason(atom("bye"));
  });
  waits.deliver(1);
  await turn();
  const reasons = new Map<Term, Term>();
  for (const message of watcher.messages()) {
    const [, ref, , , reason] = message as unknown as Term[];
    reasons.set((ref as Reference).key, reason as Term);
  }
  const reasonOf = ({ monitorRef }: Process): Term | undefined =>
    reasons.get((monitorRef as Reference).key);
  expect(reasonOf(plain)).toBe(atoms.normal);
  expect(reasonOf(waits)).toBe(atoms.normal);
  expect(reasonOf(throws)).toEqual(t(t(atom("javascript"), "TypeError", "no"), []));
  expect(reasonOf(exits)).toBe(atom("bye"));
  expect(crashes.length).toBe(1);
});

test("one that was ended before it started does not run", async () => {
  const { processes } = scene();
  let runs = 0;
  processes.spawn({}, () => void runs++).exit();
  await turn();
  expect(runs).toBe(0);
});

test("one whose name is taken does not run", async () => {
  const { processes } = scene();
  processes.spawn({ name: "taken" });
  let runs = 0;
  expect(() => processes.spawn({ name: "taken" }, () => void runs++)).toThrow(
    /unregister it first/,
  );
  await turn();
  expect(runs).toBe(0);
  expect(processes.size).toBe(1);
});

test("code that goes on after the end of its process starts nothing, and waits for nothing", async () => {
  const { processes } = scene();
  const self = processes.spawn({});
  const asked = self.spawnAt(FAR, "m", "f", []).catch((error: unknown) => error);
  self.exit(atom("bye"));
  const ended = { code: "ERR_PROCESS_EXITED", reason: atom("bye") };
  expect(await asked).toMatchObject(ended);
  expect(() => self.spawn({ link: true })).toThrow(/has ended/);
  await expect(self.spawnAt(FAR, "m", "f", [])).rejects.toMatchObject(ended);
  await expect(call(self, "nobody", 1)).rejects.toMatchObject(ended);
  await expect(self.receive()).rejects.toMatchObject(ended);
  expect(processes.size).toBe(0);
});

test("receive with a pattern leaves the others in order, and knows the type", async () => {
  const { processes } = scene();
  const self = processes.spawn({});
  for (const message of [1, t(atoms.ok, "a"), 2, t(atoms.ok, 3)]) self.deliver(message);
  const [, value] = await self.receive(t(atoms.ok, match.integer));
  expectTypeOf(value).toEqualTypeOf<number | bigint>();
  expect(value).toBe(3);
  expect(self.messages()).toEqual([1, t(atoms.ok, "a"), 2]);
  const waiting = self.receive(t(atoms.error, match.any));
  self.deliver(4);
  self.deliver(t(atoms.error, 5));
  expect(await waiting).toEqual(t(atoms.error, 5));
  expect(await self.receive()).toBe(1);
  expect(self.messages().length).toBe(3);
  await expect(self.receive("nothing", { timeout: 0 })).rejects.toMatchObject({
    code: "ERR_RECEIVE_TIMEOUT",
  });
});

test("a receive ends with its time, its signal, or its process", async () => {
  const { processes, clock } = scene();
  const self = processes.spawn({});
  const abort = new AbortController();
  const failures = [
    self.receive(match.pid, { timeout: 100 }),
    self.receive({ signal: abort.signal }),
    self.receive(),
  ].map((receive) => receive.catch((error: unknown) => error));
  await clock.advance(100);
  abort.abort(new Error("enough"));
  self.exit(atom("bye"));
  expect(await failures[0]).toMatchObject({ code: "ERR_RECEIVE_TIMEOUT" });
  expect(await failures[1]).toMatchObject({ message: "enough" });
  expect(await failures[2]).toMatchObject({ code: "ERR_PROCESS_EXITED", reason: atom("bye") });
});

test("for await takes message after message, and ends with the process", async () => {
  const { processes } = scene();
  const seen: Term[] = [];
  let ended = false;
  const process = processes.spawn({}, async (self) => {
    for await (const message of self) seen.push(message);
    ended = true;
  });
  process.deliver(1);
  process.deliver(2);
  await turn();
  process.deliver(3);
  await turn();
  process.exit();
  await turn();
  expect(seen).toEqual([1, 2, 3]);
  expect(ended).toBe(true);
});

test("the end of a chain of 100,000 links does not grow the stack", () => {
  const { processes } = scene();
  const chain = Array.from({ length: 100_000 }, () => processes.spawn({}));
  for (let i = 1; i < chain.length; i++) (chain[i] as Process).link((chain[i - 1] as Process).pid);
  (chain[50_000] as Process).exit(atom("bye"));
  expect(processes.size).toBe(0);
});

test("exit signals, as Erlang has them", () => {
  const { processes } = scene();
  const other = processes.spawn({});
  const outcome = (trapExit: boolean, reason: Term, own = false): Term => {
    const process = processes.spawn({ trapExit });
    (own ? process : other).exitSignal(process.pid, reason);
    if (!process.alive) return process.exitReason as Term;
    return process.messages()[0] ?? "lives";
  };
  expect(outcome(false, atoms.normal)).toBe("lives");
  expect(outcome(false, atoms.normal, true)).toBe(atoms.normal);
  expect(outcome(true, atoms.normal)).toEqual(t(atoms.EXIT, other.pid, atoms.normal));
  expect(outcome(false, atom("bye"))).toBe(atom("bye"));
  expect(outcome(true, atoms.kill)).toBe(atoms.killed);
  expect(outcome(true, atoms.kill, true)).toBe(atoms.killed);
  const linked = processes.spawn({ trapExit: true });
  linked.link(other.pid);
  other.exit(atoms.kill);
  expect(linked.messages()).toEqual([t(atoms.EXIT, other.pid, atoms.kill)]);
  linked.link(other.pid);
  expect(linked.messages()[1]).toEqual(t(atoms.EXIT, other.pid, atoms.noproc));
});

test("the end is told to links, then to monitors; the name is free, the timers are gone", () => {
  const { processes, sent, incoming } = scene();
  const process = processes.spawn({ name: "worker" });
  const ref = processes.identity.nextReference();
  incoming.dispatch({ type: "monitor", from: THERE, to: atom("worker"), ref });
  process.link(THERE);
  process.startTimer(10, process.pid, "tick");
  process.monitor(THERE);
  sent.length = 0;
  process.exit(atom("bye"));
  expect(sent.map(({ type }) => type)).toEqual(["exit", "demonitor", "down"]);
  expect(sent[2]).toMatchObject({ from: atom("worker"), reason: atom("bye") });
  expect(processes.names.names()).toEqual([]);
  expect(processes.timers.size).toBe(0);
  expect(processes.namedWatchers.size).toBe(0);
});

test("children: group leader, link and monitor from the first moment", async () => {
  const { processes } = scene();
  const leader = processes.spawn({});
  const parent = processes.spawn({ trapExit: true, groupLeader: leader.pid });
  const child = parent.spawn(
    () => {
      throw new ExitReason(1);
    },
    { link: true, monitor: { tag: "gone" } },
  );
  expect(child.groupLeader).toBe(leader.pid);
  expect(child.parent).toBe(parent.pid);
  await turn();
  expect(parent.messages()).toEqual([
    t(atoms.EXIT, child.pid, 1),
    t("gone", child.monitorRef as Reference, atoms.process, child.pid, 1),
  ]);
});

test("the mailbox has an end, and so has the process then", () => {
  const { processes, crashes } = scene();
  const full = processes.spawn({});
  for (let i = 0; i < 1001; i++) full.deliver(i);
  expect(full.exitReason).toBe(atoms.killed);
  expect(full.messageQueueLength).toBe(0);
  expect(crashes).toEqual([atoms.killed]);
});

test("what a callback returns that is no promise does not matter", async () => {
  const { processes } = scene();
  const seen: unknown[] = [];
  const onMessage = ((message: unknown) => seen.push(message)) as unknown as () => void;
  const process = processes.spawn({ onMessage });
  process.deliver(1);
  process.deliver(2);
  await Promise.resolve();
  expect(seen).toEqual([1, 2]);
  expect(process.alive).toBe(true);
  expect(() => process.receive()).toThrow(TypeError);
  expect(() => processes.spawn({ onMessage }, () => {})).toThrow(TypeError);
});

test("behind an await the process is known where it was asked for, and by its children", async () => {
  const { processes } = scene();
  const known: unknown[] = [];
  const body = async (): Promise<void> => {
    await Promise.resolve();
    known.push(currentProcess());
  };
  const without = processes.spawn({}, body);
  await turn();
  const parent = processes.spawn({ asyncContext: true }, async (self) => {
    await body();
    self.spawn(body, { name: "child" });
    await Promise.resolve();
  });
  await turn();
  expect(without.alive).toBe(false);
  expect(known).toEqual([undefined, parent, expect.objectContaining({ parent: parent.pid })]);
});

test("the dictionary is part of what is known of a process; asking makes nothing", () => {
  const { processes } = scene();
  const process = processes.spawn({});
  expect(processInfo(process)).toMatchObject({ dictionary: [], links: [], status: "waiting" });
  expect(process.has("dictionary") || process.has("links") || process.has("watchers")).toBe(false);
  expect(process.dictionary.put(t(1), "a")).toBeUndefined();
  expect(process.dictionary.put(t(1), "b")).toBe("a");
  process.dictionary.put(2, "b");
  expect(process.dictionary.keys("b")).toEqual([t(1), 2]);
  expect(processInfo(process).dictionary).toEqual([
    [t(1), "b"],
    [2, "b"],
  ]);
  expect(process.dictionary.erase(2)).toBe("b");
  expect(process.dictionary.size).toBe(1);
});

test("its signal is aborted with the process", () => {
  const { processes } = scene();
  const process = processes.spawn({});
  const { signal } = process;
  expect(signal.aborted).toBe(false);
  process.exit(atom("bye"));
  expect(signal.reason).toMatchObject({ code: "ERR_PROCESS_EXITED", reason: atom("bye") });
  expect(process.signal.aborted).toBe(true);
});

test("bodies that talk to each other for ever let timers and sockets have their turn", async () => {
  const { processes } = scene();
  let messages = 0;
  let stop = false;
  const body = async (self: Process): Promise<void> => {
    while (!stop && messages++ < 1e6) self.send(await self.receive(match.pid), self.pid);
  };
  const [one, other] = [processes.spawn({}, body), processes.spawn({}, body)];
  one.deliver(other.pid);
  await turn();
  stop = true;
  expect(messages).toBeLessThan(10_000);
});

test("a body that catches whatever it is told does not stop the program when its process ends", async () => {
  const { processes } = scene();
  let failures = 0;
  const self = processes.spawn({}, async (process) => {
    while (failures < 1e6) await process.receive().catch(() => failures++);
  });
  await turn();
  self.exit(atoms.kill);
  await turn();
  const caught = failures;
  failures = 1e6;
  expect(caught).toBeGreaterThan(1);
  expect(caught).toBeLessThan(10_000);
});

test("a process that ends while it waits in two places ends nothing but itself", async () => {
  const { processes } = scene();
  const unhandled: unknown[] = [];
  const listener = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", listener);
  const self = processes.spawn({}, async (inner) => {
    const answers = [inner.receive(1), inner.receive(2), call(inner, THERE, 3)];
    for (const answer of answers) await answer;
  });
  await turn();
  self.exit(atoms.kill);
  await turn();
  process.off("unhandledRejection", listener);
  expect(unhandled).toEqual([]);
});

test("whoever is told of an end is told, though something failed for another before", () => {
  const { processes, crashes } = scene();
  const watcher = processes.spawn({ trapExit: true });
  const first = watcher.spawn({ link: true });
  const second = first.spawn({ link: true });
  watcher.link(second.pid);
  first.onExit = () => {
    throw new Error("my own mistake");
  };
  first.exit(atom("over"));
  expect(watcher.messages()).toEqual([
    t(atoms.EXIT, first.pid, atom("over")),
    t(atoms.EXIT, second.pid, atom("over")),
  ]);
  expect(crashes).toEqual([atom("over")]);
  const third = processes.spawn({});
  watcher.monitor(third.pid);
  third.exit();
  expect(watcher.messages()).toHaveLength(3);
});

test("a timeout that is no time is told at the call", async () => {
  const { processes } = scene();
  const self = processes.spawn({});
  for (const timeout of [-1, Number.NaN, "5" as never]) {
    expect(() => self.receive({ timeout })).toThrow(TypeError);
    expect(() => call(self, THERE, 1, { timeout })).toThrow(TypeError);
  }
  expect(processes.monitors.size).toBe(0);
});
