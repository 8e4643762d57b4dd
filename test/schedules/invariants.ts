import { atoms, type Term } from "disterl";
import { equalTerms, formatTerm, Pid } from "disterl/term";
import {
  type Actor,
  describeActor,
  type History,
  type LinkCall,
  type Moment,
  type Monitor,
  type Run,
  type Sent,
  type SignalCall,
  type SpawnCall,
} from "./history.ts";
import type { World } from "./world.ts";

/**
 * Checks what must hold of a history that has come to rest: nothing is under way, no link is cut, no
 * node is frozen. Each finding is a sentence.
 */
export function brokenInvariants(world: World): string[] {
  const { history } = world;
  const found = [...history.problems];
  const report = (text: string): void => void found.push(text);
  for (const run of history.runs) checkStatus(run, report);
  checkConnections(world, report);
  for (const actor of history.actors) {
    checkOrder(actor, report);
    checkIncarnations(actor, report);
  }
  for (const sent of history.sent) checkArrival(history, sent, report);
  for (const monitor of history.monitors) checkMonitor(history, monitor, report);
  for (const [one, other] of pairs(history)) checkLink(history, one, other, report);
  for (const actor of history.actors) checkDeath(history, actor, report);
  checkTables(world, report);
  for (const call of history.spawnCalls) checkSpawn(history, call, report);
  for (const call of history.calls) {
    const { run, peer, outcomes } = call;
    if (outcomes.length > 1) report(`a call has ${outcomes.length} outcomes`);
    if (run.ended === undefined && outcomes.length === 0) report(`a call to ${peer} never ended`);
    const served = history.runs.some((one) => one.name === peer && covers(one, call));
    const mayFail = !served || history.lostSince(run, peer, call) || run.ended !== undefined;
    // A server that stands still for five seconds is a time-out like any other.
    const timedOut = String(outcomes[0]).includes("no answer");
    if (!mayFail && !timedOut && outcomes[0] !== 1) {
      report(`a call of ${run.name} to ${peer} failed for no reason: ${String(outcomes[0])}`);
    }
  }
  return found;
}

type Report = (text: string) => void;

const isAfter = (one: Moment, other: Moment): boolean => one.number > other.number;

/** The node ran from then to the end. */
function covers(run: Run, since: Moment): boolean {
  return run.ended === undefined && isAfter(since, run.started);
}

// ── nodes ───────────────────────────────────────────────────────────────────────────────────────

/** Connections to a peer begin and end in turn. */
function checkStatus(run: Run, report: Report): void {
  const up = new Set<string>();
  for (const { type, peer } of run.events) {
    if (type === "nodeup" && up.has(peer)) report(`${run.name} has ${peer} up twice`);
    if (type === "nodedown" && !up.has(peer)) report(`${run.name} has ${peer} down twice`);
    if (type === "nodeup") up.add(peer);
    if (type === "nodedown") up.delete(peer);
  }
}

/** Both ends of a connection know of it, and who the other is. */
function checkConnections({ running }: World, report: Report): void {
  for (const one of running.values()) {
    for (const other of one.node.nodes("connected")) {
      const peer = running.get(other);
      const back = peer?.node.peer(one.name)?.creation;
      if (back !== one.creation) report(`${one.name} is connected with ${other}, not vice versa`);
      if (one.node.peer(other)?.creation !== peer?.creation) {
        report(`${one.name} is connected with a former ${other}`);
      }
    }
  }
}

// ── messages ────────────────────────────────────────────────────────────────────────────────────

/** Messages of one sender arrive in the order of sending, each at most once. */
function checkOrder(actor: Actor, report: Report): void {
  const last = new Map<Actor, number>();
  for (const { message } of actor.received) {
    const before = last.get(message.from) ?? -1;
    if (message.count <= before) {
      const text = `message ${message.count} of ${describeActor(message.from)}`;
      report(`${describeActor(actor)} got ${text} after ${before}`);
    }
    last.set(message.from, message.count);
  }
}

/** What comes from another node comes over a connection with that run of it. */
function checkIncarnations({ run, received }: Actor, report: Report): void {
  for (const { message, number, at } of received) {
    const { name, creation } = message.from.run;
    if (name === run.name) {
      if (creation !== run.creation) report(`${run.name} got mail of its former self`);
      continue;
    }
    const before = run.events.filter(
      (event) => event.peer === name && event.type !== "connect_failed" && event.at <= at,
    );
    // What happened at the same moment may have been told in another order.
    const then = before.findLast((event) => event.number < number);
    const around = before.filter((event) => event.at === at);
    const known = [then, ...around].filter((event) => event?.type === "nodeup");
    if (!known.some((event) => [creation, undefined].includes(event?.creation))) {
      report(`${run.name} got mail of ${name}, creation ${creation}, which was not connected`);
    }
  }
}

/** A message arrives, unless its receiver ended or the connection was lost since. */
function checkArrival(history: History, sent: Sent, report: Report): void {
  const { from, to, peer, alias, name, count } = sent;
  if (to === undefined || name !== undefined || to.died !== undefined) return;
  if (alias !== undefined && (alias.ended !== undefined || alias.once)) return;
  if (from.run.ended !== undefined || history.lostSince(from.run, peer, sent)) return;
  if (to.received.some(({ message }) => message === sent)) return;
  report(`message ${count} of ${describeActor(from)} to ${describeActor(to)} was lost`);
}

// ── monitors ────────────────────────────────────────────────────────────────────────────────────

function checkMonitor(history: History, monitor: Monitor, report: Report): void {
  const { watcher, target, downs, demonitored, name } = monitor;
  const what = `the monitor of ${describeActor(watcher)} of ${describeActor(target)}`;
  if (downs.length > 1) report(`${what} fired ${downs.length} times`);
  const [down] = downs;
  if (down !== undefined && demonitored !== undefined && isAfter(down, demonitored)) {
    report(`${what} fired after it was ended`);
  }
  const lost = history.lostSince(watcher.run, target.run.name, monitor);
  if (down !== undefined && name === undefined) {
    if (!isReasonOf(target, down.reason, lost || watcher.run.ended !== undefined)) {
      report(`${what} fired with ${formatTerm(down.reason)}`);
    }
  }
  if (demonitored !== undefined || watcher.died !== undefined) return;
  const expected = expectedDowns(history, monitor, lost);
  if (expected !== undefined && downs.length !== expected) {
    report(`${what} fired ${downs.length} times, not ${expected}`);
  }
}

/** How often a monitor that was not ended must have fired; undefined where both may be. */
function expectedDowns(history: History, monitor: Monitor, lost: boolean): 0 | 1 | undefined {
  const { target, name } = monitor;
  if (lost) return 1;
  if (name === undefined) return target.died === undefined ? 0 : 1;
  const onNode = target.run.name;
  const holdings = history.holdings.filter(
    (one) => one.name === name && one.holder.run.name === onNode,
  );
  const current = holdings.filter(({ ended }) => ended === undefined);
  const others = holdings.filter(({ ended }) => ended !== undefined && isAfter(ended, monitor));
  if (others.length > 0) return undefined;
  if (current.length === 0) return 1;
  return current.some((one) => isAfter(monitor, one)) ? 0 : undefined;
}

/** A connection was lost, or a disconnect had begun when the node ended. */
function mayHaveLost(history: History, run: Run, peer: Pick<Run, "name">): boolean {
  return run.ended !== undefined || history.lostSince(run, peer.name, { number: 0, at: 0 });
}

/** Why somebody may be told that an actor is gone. */
function isReasonOf(actor: Actor, reason: Term, lost: boolean): boolean {
  if (reason === atoms.noconnection && lost) return true;
  if (actor.died === undefined) return false;
  return reason === atoms.noproc || equalTerms(reason, actor.died.reason);
}

// ── links ───────────────────────────────────────────────────────────────────────────────────────

/** Pairs of actors that ever had to do with a link, both ways round. */
function pairs(history: History): [Actor, Actor][] {
  const found = new Map<string, [Actor, Actor]>();
  for (const { from, to } of history.linkCalls) {
    found.set(`${from.id} ${to.id}`, [from, to]);
    found.set(`${to.id} ${from.id}`, [to, from]);
  }
  return [...found.values()];
}

function checkLink(history: History, one: Actor, other: Actor, report: Report): void {
  const what = `the link of ${describeActor(one)} with ${describeActor(other)}`;
  const own = history.linkCalls.filter(({ from, to }) => from === one && to === other);
  const theirs = history.linkCalls.filter(({ from, to }) => from === other && to === one);
  const pid = other.process.pid.key;
  const exits = one.exits.filter(
    (exit) => exit.from === pid && !isSignal(history, other, one, exit.reason),
  );
  const lost = mayHaveLost(history, one.run, other.run);
  for (const { reason } of exits) {
    if (!isReasonOf(other, reason, lost)) report(`${what} broke with ${formatTerm(reason)}`);
  }
  const spawned = history.spawnCalls.filter(
    (call) => call.link && call.from === other && call.child === one,
  );
  const links = [...own, ...theirs].filter(({ op }) => op === "link").length + spawned.length;
  if (exits.length > links) report(`${what} broke ${exits.length} times, made ${links} times`);
  if (one.died !== undefined) return;
  const linked = isLinked(one, other);
  if (linked && other.died !== undefined) report(`${what} outlived the other`);
  if (other.died === undefined && linked !== isLinked(other, one)) {
    report(`${what} is ${linked ? "there" : "not there"}, and the other way round otherwise`);
  }
  if (isSignal(history, other, one, atoms.normal)) return; // which looks like an end
  checkLastCall(one, other, own, theirs, exits, linked, (text) => report(`${what} ${text}`));
}

/** What the last call of one side has brought about, where the other side called nothing against it. */
function checkLastCall(
  one: Actor,
  other: Actor,
  own: readonly LinkCall[],
  theirs: readonly LinkCall[],
  exits: readonly Moment[],
  linked: boolean,
  report: Report,
): void {
  const last = own.at(-1);
  if (last === undefined) return;
  const since = exits.filter((exit) => isAfter(exit, last)).length;
  if (last.op === "link" && theirs.every(({ op }) => op === "link")) {
    const ended = other.died?.reason === atoms.normal && !one.trap;
    if (!linked && since === 0 && !ended) report("vanished without a word");
    if (theirs.length === 0 && linked && since > 0) report("broke, and is there still");
    if (theirs.length === 0 && since > 1) report(`broke ${since} times`);
  }
  if (last.op === "unlink" && theirs.every(({ op }) => op === "unlink")) {
    if (linked) report("is there after unlink");
    if (since > 0) report("broke after unlink");
  }
}

function isLinked(one: Actor, other: Actor): boolean {
  return one.process.links.isLinked(other.process.pid);
}

/** `exit(Pid, Reason)` gives the same message as a link; its reasons are its own, `normal` aside. */
function isSignal(history: History, from: Actor, to: Actor, reason: Term): boolean {
  return history.signalCalls.some(
    (call) => call.from === from && call.to === to && equalTerms(call.reason, reason),
  );
}

// ── ends ────────────────────────────────────────────────────────────────────────────────────────

/** Whoever ended was ended by something. */
function checkDeath(history: History, actor: Actor, report: Report): void {
  const { died, exited, run } = actor;
  const calls = history.signalCalls.filter(({ to }) => to === actor);
  if (died === undefined) {
    for (const call of calls) checkSurvival(history, actor, call, report);
    return;
  }
  const { reason } = died;
  if (exited || run.ended !== undefined) return;
  const bySignal = calls.some(
    (call) =>
      equalTerms(call.reason, reason) || (call.reason === atoms.kill && reason === atoms.killed),
  );
  if (bySignal || (!actor.trap && isEndedByLink(history, actor, reason))) return;
  report(`${describeActor(actor)} ended for no reason: ${formatTerm(reason)}`);
}

function isEndedByLink(history: History, actor: Actor, reason: Term): boolean {
  const partners = history.linkCalls
    .filter(({ op }) => op === "link")
    .flatMap(({ from, to }) => (from === actor ? [to] : to === actor ? [from] : []));
  for (const { from, child, link } of history.spawnCalls) {
    if (link && child === actor) partners.push(from);
    if (link && from === actor && child !== undefined) partners.push(child);
  }
  return partners.some((partner) => {
    return isReasonOf(partner, reason, mayHaveLost(history, actor.run, partner.run));
  });
}

/** An exit signal reaches whoever lives on, as a message, unless it was `normal` or was lost. */
function checkSurvival(
  history: History,
  actor: Actor,
  { from, reason, ...moment }: SignalCall,
  report: Report,
): void {
  if (from.run.ended !== undefined || history.lostSince(from.run, actor.run.name, moment)) return;
  if (reason === atoms.normal && !actor.trap && from !== actor) return;
  const pid = from.process.pid.key;
  const got = actor.exits.filter(
    (exit) => exit.from === pid && equalTerms(exit.reason, reason),
  ).length;
  if (reason !== atoms.kill && actor.trap && got > 0) return;
  report(`${describeActor(actor)} does not feel ${formatTerm(reason)} of ${describeActor(from)}`);
}

/** A request is answered once, and what it started is linked and monitored from then on. */
function checkSpawn(history: History, call: SpawnCall, report: Report): void {
  const { from, peer, replies, child } = call;
  const what = `the request of ${describeActor(from)} for a process on ${peer}`;
  if (replies.length > 1) report(`${what} was answered ${replies.length} times`);
  if (from.died !== undefined) return;
  const [reply] = replies;
  if (reply === undefined) return report(`${what} was never answered`);
  if (reply instanceof Pid) return;
  if (reply !== atoms.noconnection || !mayHaveLost(history, from.run, { name: peer })) {
    report(`${what} was refused with ${formatTerm(reply)}`);
  }
  if (call.link && child !== undefined && child.died === undefined) {
    report(`${describeActor(child)} lives, although its link was lost with the answer`);
  }
}

// ── tables ──────────────────────────────────────────────────────────────────────────────────────

/** What the nodes keep is what the actors have, and each monitor has its other end. */
function checkTables({ history, running }: World, report: Report): void {
  let held = 0;
  let watched = 0;
  for (const run of running.values()) {
    const { table } = run.observer;
    const alive = history.actors.filter((one) => one.run === run && one.died === undefined);
    const own = history.monitors.filter(
      ({ watcher, downs, demonitored }) =>
        watcher.run === run &&
        watcher.died === undefined &&
        downs.length === 0 &&
        demonitored === undefined,
    );
    // The observer monitors each actor.
    const expected = own.length + alive.length;
    if (table.monitors.size !== expected) {
      report(`${run.name} holds ${table.monitors.size} monitors, not ${expected}`);
    }
    held += table.monitors.size;
    for (const process of table.processes()) watched += process.watchers.size;
    for (const { process } of alive) {
      const linked = [...process.links.linked()].length;
      if (process.links.size !== linked) {
        report(`${process.links.size - linked} unlinks of ${run.name} were never acknowledged`);
      }
    }
  }
  if (held !== watched) report(`${held} monitors are held, and ${watched} known to their targets`);
}
