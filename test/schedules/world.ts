import {
  genRequest,
  isTaggedTuple,
  isTuple,
  type Node,
  type NodeStatus,
  type Process,
  withCall,
  reply,
  type Term,
} from "disterl";
import { type Cluster, startCluster } from "disterl/testing";
import { Pid, Reference } from "disterl/term";
import { tables } from "./baseline.ts";
import {
  type Actor,
  type Alias,
  describeActor,
  History,
  type Moment,
  type Run,
} from "./history.ts";

/** The cluster of a schedule, its actors, and the history of both. */
export class World {
  readonly history: History;
  readonly cluster: Cluster;
  /** The runs of now, by name of the node. */
  readonly running = new Map<string, Run>();

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.history = new History(() => cluster.now);
  }

  static async start(seed: number, nodes: number, trace?: (line: string) => void): Promise<World> {
    const cluster = await startCluster({
      seed,
      latencyMs: [0, 10],
      chunking: "random",
      trace,
      settings: { netTickTime: 8, program: (node) => world.#boot(node) },
    });
    const world: World = new World(cluster);
    for (const name of ["a", "b", "c", "d"].slice(0, nodes)) await cluster.start(name);
    return world;
  }

  /** Actors that live, on nodes that run and are not frozen. */
  get active(): Actor[] {
    return this.history.actors.filter(
      ({ died, run }) => died === undefined && this.cluster.state(run.name) === "running",
    );
  }

  /** What a node runs: an observer, a server called `echo`, and two actors. */
  #boot(node: Node): void {
    const events: Run["events"] = [];
    const observer = node.spawn({ onMessage: (message) => this.#observed(run, message) });
    const { name, creation } = node;
    const started = this.history.now();
    const run: Run = {
      ...{ name, creation, node, events, observer, started },
      ...{ ended: undefined, baseline: {} },
    };
    this.history.runs.push(run);
    this.running.set(name, run);
    void this.#watchStatus(run);
    node.spawn({
      name: "echo",
      onMessage: (message, self) => {
        const request = genRequest(message);
        if (request?.kind === "call") reply(self, request.from, request.request);
      },
    });
    node.expose("actors", {
      start: withCall((call, number) => this.#started(run, call.process, Number(number))),
    });
    run.baseline = tables(run, this.cluster.names);
    this.spawn(run, true);
    this.spawn(run, false);
  }

  async #watchStatus(run: Run): Promise<void> {
    for await (const event of run.node.status()) this.#status(run, event);
  }

  #status(run: Run, event: NodeStatus): void {
    const { type } = event;
    if (type === "crash") this.history.problems.push(`a process of ${run.name} crashed`);
    if (type !== "nodeup" && type !== "nodedown" && type !== "connect_failed") return;
    const creation = type === "nodeup" ? run.node.peer(event.node)?.creation : undefined;
    run.events.push({ type, peer: event.node, creation, ...this.history.now() });
  }

  // ── actors ────────────────────────────────────────────────────────────────────────────────────

  spawn(run: Run, trap: boolean): Actor {
    const process: Process = run.node.spawn({
      trapExit: trap,
      onMessage: (message) => this.#received(actor, message),
    });
    const actor: Actor = this.#adopt(run, process, trap);
    return actor;
  }

  /** Somebody asked for an actor, which runs until it is ended. */
  async #started(run: Run, process: Process, number: number): Promise<void> {
    const actor = this.#adopt(run, process, false);
    const call = this.history.spawnCalls[number];
    if (call?.child !== undefined) this.#problem(`a request started ${describeActor(actor)}, too`);
    if (call !== undefined) call.child = actor;
    for await (const message of process) this.#received(actor, message);
  }

  #adopt(run: Run, process: Process, trap: boolean): Actor {
    const actor: Actor = {
      id: this.history.actors.length,
      run,
      trap,
      born: this.history.now(),
      process,
      exited: false,
      died: undefined,
      received: [],
      exits: [],
    };
    this.history.actors.push(actor);
    run.observer.monitor(process.pid);
    return actor;
  }

  #observed(run: Run, message: Term): void {
    if (!isTuple(message, 5)) return;
    const pid = message[3];
    const actor = this.history.actors.find(
      (one) => one.run === run && pid instanceof Pid && one.process.pid.equals(pid),
    );
    if (actor !== undefined) this.died(actor, message[4]);
  }

  died(actor: Actor, reason: Term): void {
    const now = this.history.now();
    if (actor.died !== undefined) this.#problem(`${describeActor(actor)} died twice`);
    actor.died = { reason, ...now };
    for (const holding of this.history.holdings) {
      if (holding.holder === actor) holding.ended ??= now;
    }
    for (const alias of this.history.aliases) if (alias.owner === actor) alias.ended ??= now;
  }

  /** A node ended, and its actors with it. */
  ended(name: string, reason: Term): void {
    const run = this.running.get(name);
    if (run === undefined) return;
    this.running.delete(name);
    for (const actor of this.history.actors) {
      if (actor.run === run && actor.died === undefined) this.died(actor, reason);
    }
    run.ended = this.history.now();
  }

  // ── what actors receive ───────────────────────────────────────────────────────────────────────

  #received(actor: Actor, message: Term): void {
    const now = this.history.now();
    if (actor.died !== undefined && now.at > actor.died.at) {
      this.#problem(`${describeActor(actor)} got mail after its death`);
    }
    if (isTaggedTuple(message, "DOWN", 5)) {
      const [, ref, , , reason] = message;
      const monitor = this.history.monitors.find(
        (one) => ref instanceof Reference && one.ref.equals(ref),
      );
      if (monitor?.watcher !== actor) this.#problem(`${describeActor(actor)} got a strange DOWN`);
      monitor?.downs.push({ reason, ...now });
    } else if (isTaggedTuple(message, "EXIT", 3)) {
      const [, from, reason] = message;
      actor.exits.push({ from: from instanceof Pid ? from.key : "", reason, ...now });
    } else if (isTaggedTuple(message, "m", 3)) {
      const sent = this.history.sent[Number(message[1])];
      if (sent === undefined) return this.#problem("a message that nobody sent");
      if (sent.to !== undefined && sent.to !== actor) {
        this.#problem(`${describeActor(actor)} got what was sent to ${describeActor(sent.to)}`);
      }
      if (sent.alias !== undefined) this.#receivedByAlias(actor, sent.alias);
      actor.received.push({ message: sent, ...now });
    } else if (isTaggedTuple(message, "spawn_reply", 4)) this.#spawned(actor, message, now);
    else this.#problem(`${describeActor(actor)} got a message of nobody`);
  }

  /** From the answer on the link and the monitor are there, whatever came of them since. */
  #spawned(actor: Actor, [, ref, , result]: readonly Term[], now: Moment): void {
    const call = this.history.spawnCalls.find(
      (one) => ref instanceof Reference && one.ref.equals(ref),
    );
    if (call?.from !== actor) return this.#problem(`${describeActor(actor)} asked for no process`);
    call.replies.push(result as Term);
    const { child: to } = call;
    if (!(result instanceof Pid)) return;
    if (to?.process.pid.equals(result) !== true) return this.#problem("a strange process started");
    if (call.link) this.history.linkCalls.push({ op: "link", from: actor, to, ...now });
    if (!call.monitor) return;
    const monitor = { name: undefined, ref: call.ref, downs: [], demonitored: undefined };
    this.history.monitors.push({ watcher: actor, target: to, ...monitor, ...now });
  }

  #receivedByAlias(actor: Actor, alias: Alias): void {
    if (alias.ended !== undefined) {
      this.#problem(`${describeActor(actor)} got mail by an alias that is not one any more`);
    }
    if (alias.once) alias.ended = this.history.now();
  }

  #problem(text: string): void {
    this.history.problems.push(text);
  }
}
