import { atom, atoms, t, type Term } from "disterl";
import type { Actor, Alias, Monitor, Moment, Run, Sent } from "./history.ts";
import type { PairStep, Step } from "./steps.ts";
import type { World } from "./world.ts";

/** Does one step; what it means then, as text. `nothing` where it cannot mean anything. */
export async function applyStep(world: World, step: Step): Promise<string> {
  const text = await new Doer(world).do(step);
  // Everything that follows at once has happened before the next step.
  await world.cluster.advance(0);
  return text ?? "nothing";
}

const nth = <T>(list: readonly T[], index: number): T | undefined => list[index % list.length];
const who = ({ id, run }: Actor): string => `p${id}@${run.name.slice(0, 1)}`;

class Doer {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  do(step: Step): string | undefined | Promise<string | undefined> {
    switch (step.op) {
      case "spawn":
        return this.#spawn(step);
      case "spawnAt":
        return this.#spawnAt(step);
      case "send":
        return this.#send(step);
      case "sendAlias":
        return this.#sendAlias(step);
      case "link":
      case "unlink":
        return this.#link(step);
      case "monitor":
        return this.#monitor(step);
      case "demonitor":
        return this.#demonitor(step);
      case "exit":
        return this.#exit(step);
      case "signal":
        return this.#signal(step);
      case "alias":
        return this.#alias(step);
      case "unalias":
        return this.#unalias(step);
      case "register":
        return this.#register(step);
      case "unregister":
        return this.#unregister(step);
      case "call":
        return this.#call(step);
      case "time":
        return this.#time(step);
      case "freeze":
      case "thaw":
      case "kill":
      case "restart":
      case "stop":
        return this.#node(step);
      default:
        return this.#pair(step);
    }
  }

  get #history(): World["history"] {
    return this.#world.history;
  }

  #now(): Moment {
    return this.#history.now();
  }

  #active(index: number): Actor | undefined {
    return nth(this.#world.active, index);
  }

  #any(index: number): Actor | undefined {
    return nth(this.#history.actors, index);
  }

  // ── processes ─────────────────────────────────────────────────────────────────────────────────

  #spawn({ node, trap }: Step & { op: "spawn" }): string | undefined {
    const run = this.#run(node);
    return run === undefined ? undefined : `${who(this.#world.spawn(run, trap))} is spawned`;
  }

  #spawnAt({ from, node, link, monitor }: Step & { op: "spawnAt" }): string | undefined {
    const parent = this.#active(from);
    const peer = nth(this.#world.cluster.names, node);
    if (parent === undefined || peer === undefined) return undefined;
    const { spawnCalls } = this.#history;
    const options = { link, monitor };
    const moment = this.#now();
    const ref = parent.process.spawnRequest(peer, "actors", "start", [spawnCalls.length], options);
    spawnCalls.push({
      ...{ from: parent, peer, ref, child: undefined, replies: [] },
      ...options,
      ...moment,
    });
    return `${who(parent)} spawns on ${peer}${link ? ", linked" : ""}${monitor ? ", monitored" : ""}`;
  }

  /** A node that runs. */
  #run(index: number): Run | undefined {
    const { running, cluster } = this.#world;
    return nth(
      [...running.values()].filter(({ name }) => cluster.state(name) === "running"),
      index,
    );
  }

  #send({ from, to, via, bytes }: Step & { op: "send" }): string | undefined {
    const sender = this.#active(from);
    const target = this.#any(to);
    if (sender === undefined || target === undefined) return undefined;
    const name = via === "name" ? to % 2 : undefined;
    const addressee = name === undefined ? target : undefined;
    const sent = this.#sent(sender, addressee, target.run.name, { name });
    const address =
      name === undefined ? target.process.pid : { name: nameOf(name), node: target.run.name };
    sender.process.send(address, messageOf(sent, bytes));
    return `${who(sender)} sends ${sent.count}${bytes > 0 ? ` (${bytes} bytes)` : ""} to ${name === undefined ? who(target) : `${nameOf(name)} on ${target.run.name}`}`;
  }

  #sent(
    from: Actor,
    to: Actor | undefined,
    peer: string,
    how: { name?: number | undefined; alias?: Alias },
  ): Sent {
    const { sent } = this.#history;
    const { name, alias } = how;
    const message = { from, to, peer, name, alias, count: sent.length, ...this.#now() };
    sent.push(message);
    return message;
  }

  #sendAlias({ from, alias: index }: Step & { op: "sendAlias" }): string | undefined {
    const sender = this.#active(from);
    const alias = nth(this.#history.aliases, index);
    if (sender === undefined || alias === undefined) return undefined;
    const sent = this.#sent(sender, alias.owner, alias.owner.run.name, { alias });
    sender.process.send(alias.ref, messageOf(sent, 0));
    return `${who(sender)} sends ${sent.count} to an alias of ${who(alias.owner)}`;
  }

  #link({ op, from, to }: Step & { op: "link" | "unlink" }): string | undefined {
    const [one, other] = [this.#active(from), this.#any(to)];
    if (one === undefined || other === undefined || one === other) return undefined;
    this.#history.linkCalls.push({ op, from: one, to: other, ...this.#now() });
    one.process[op](other.process.pid);
    return `${who(one)} calls ${op} with ${who(other)}`;
  }

  #monitor({ from, to, via }: Step & { op: "monitor" }): string | undefined {
    const [watcher, target] = [this.#active(from), this.#any(to)];
    if (watcher === undefined || target === undefined) return undefined;
    const name = via === "name" ? to % 2 : undefined;
    // Nobody monitors itself.
    const holder = name === undefined ? target : this.#holding(target.run.name, name)?.holder;
    if (holder === watcher) return undefined;
    const moment = this.#now();
    const ref = watcher.process.monitor(
      name === undefined ? target.process.pid : { name: nameOf(name), node: target.run.name },
    );
    const monitor: Monitor = {
      ...{ watcher, target, name, ref, downs: [], demonitored: undefined },
      ...moment,
    };
    this.#history.monitors.push(monitor);
    return `${who(watcher)} monitors ${name === undefined ? who(target) : `${nameOf(name)} on ${target.run.name}`}`;
  }

  #demonitor({ monitor: index, flush }: Step & { op: "demonitor" }): string | undefined {
    const { active } = this.#world;
    const monitor = nth(
      this.#history.monitors.filter((one) => active.includes(one.watcher)),
      index,
    );
    if (monitor === undefined) return undefined;
    monitor.demonitored ??= this.#now();
    monitor.watcher.process.demonitor(monitor.ref, { flush });
    return `${who(monitor.watcher)} ends its monitor of ${who(monitor.target)}`;
  }

  #exit({ actor: index, reason }: Step & { op: "exit" }): string | undefined {
    const actor = this.#active(index);
    if (actor === undefined) return undefined;
    actor.exited = true;
    actor.process.exit(this.#reason(reason));
    return `${who(actor)} exits: ${reason}`;
  }

  /** Each crash has a reason of its own, so that nobody can be told of the wrong one. */
  #reason(reason: "normal" | "crash" | "kill"): Term {
    return reason === "crash" ? t(atom("crash"), this.#now().number) : atom(reason);
  }

  #signal({ from, to, reason: kind }: Step & { op: "signal" }): string | undefined {
    const [one, other] = [this.#active(from), this.#any(to)];
    if (one === undefined || other === undefined) return undefined;
    const reason = this.#reason(kind);
    this.#history.signalCalls.push({ from: one, to: other, reason, ...this.#now() });
    one.process.exitSignal(other.process.pid, reason);
    return `${who(one)} sends an exit signal to ${who(other)}: ${kind}`;
  }

  #alias({ actor: index, once }: Step & { op: "alias" }): string | undefined {
    const owner = this.#active(index);
    if (owner === undefined) return undefined;
    const ref = owner.process.alias({ reply: once });
    this.#history.aliases.push({ owner, ref, once, ended: undefined, ...this.#now() });
    return `${who(owner)} makes an alias${once ? " for one reply" : ""}`;
  }

  #unalias({ alias: index }: Step & { op: "unalias" }): string | undefined {
    const { active } = this.#world;
    const alias = nth(
      this.#history.aliases.filter(({ owner }) => active.includes(owner)),
      index,
    );
    if (alias === undefined) return undefined;
    const was = alias.owner.process.unalias(alias.ref);
    if (was !== (alias.ended === undefined)) {
      this.#history.problems.push(`unalias says ${was} to ${who(alias.owner)}`);
    }
    alias.ended ??= this.#now();
    return `${who(alias.owner)} takes an alias back`;
  }

  #register({ actor: index, name }: Step & { op: "register" }): string | undefined {
    const holder = this.#active(index);
    if (holder === undefined || this.#holding(holder.run.name, name) !== undefined)
      return undefined;
    // A process has one name at a time.
    if (holder.process.names.length > 0) return undefined;
    holder.run.node.register(nameOf(name), holder.process.pid);
    this.#history.holdings.push({ holder, name, ended: undefined, ...this.#now() });
    return `${who(holder)} is registered as ${nameOf(name)}`;
  }

  #unregister({ node, name }: Step & { op: "unregister" }): string | undefined {
    const run = this.#run(node);
    const holding = run === undefined ? undefined : this.#holding(run.name, name);
    if (holding === undefined) return undefined;
    holding.holder.run.node.unregister(nameOf(name));
    holding.ended = this.#now();
    return `${nameOf(name)} is unregistered on ${run?.name}`;
  }

  #holding(node: string, name: number): World["history"]["holdings"][number] | undefined {
    return this.#history.holdings.find(
      (one) => one.holder.run.name === node && one.name === name && one.ended === undefined,
    );
  }

  #call({ from, node }: Step & { op: "call" }): string | undefined {
    const caller = this.#run(from);
    const peer = nth(this.#world.cluster.names, node);
    if (caller === undefined || peer === undefined) return undefined;
    const outcomes: unknown[] = [];
    this.#history.calls.push({ run: caller, peer, outcomes, ...this.#now() });
    const noted = (outcome: unknown): void => void outcomes.push(outcome);
    caller.node.call({ name: "echo", node: peer }, 1).then(noted, noted);
    return `${caller.name} calls ${peer}`;
  }

  // ── nodes and links ───────────────────────────────────────────────────────────────────────────

  #pair(step: PairStep): string | undefined {
    const { cluster } = this.#world;
    const one = nth(cluster.names, step.one) as string;
    const other = nth(cluster.names, step.other) as string;
    if (one === other) return undefined;
    const run = this.#world.running.get(one);
    const mayAct = cluster.state(one) === "running";
    switch (step.op) {
      case "connect":
        if (!mayAct) return undefined;
        run?.node.connect(other).catch(() => {});
        break;
      case "disconnect":
        if (!mayAct) return undefined;
        run?.node.disconnect(other);
        break;
      case "delay":
        cluster.delay(one, other, [0, step.ms ?? 0]);
        break;
      case "halfOpen":
        cluster.drop(one, other, { seenBy: one });
        break;
      default:
        cluster[step.op](one, other);
    }
    return `${step.op} ${one} ${other}`;
  }

  async #node({ op, node }: Step & { node: number }): Promise<string | undefined> {
    const { cluster } = this.#world;
    const name = nth(cluster.names, node) as string;
    const state = cluster.state(name);
    if (op === "freeze" && state === "running") cluster.freeze(name);
    else if (op === "thaw" && state === "frozen") cluster.thaw(name);
    else if (op === "kill" && state !== "down") {
      cluster.kill(name);
      this.#world.ended(name, atoms.noconnection);
    } else if (op === "restart") {
      this.#world.ended(name, atoms.noconnection);
      await cluster.restart(name);
    } else if (op === "stop" && state === "running") {
      this.#world.ended(name, atoms.shutdown);
      await cluster.stop(name);
    } else return undefined;
    return `${op} ${name}`;
  }

  async #time({ ms }: Step & { op: "time" }): Promise<string> {
    await this.#world.cluster.advance(ms);
    return `${ms} ms pass`;
  }
}

function messageOf({ count }: Sent, bytes: number): Term {
  return t(atom("m"), count, new Uint8Array(bytes));
}

export function nameOf(name: number): string {
  return `name${name}`;
}
