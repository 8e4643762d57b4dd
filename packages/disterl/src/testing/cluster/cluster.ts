import type { Node, StartNodeOptions } from "disterl";
import { type Latency, MemoryNetwork, VirtualClock } from "disterl/carrier";
import { TestingError } from "../errors.ts";
import { ClusterDiscovery } from "./cluster-discovery.ts";
import { ClusterNode, type ClusterWorld } from "./cluster-node.ts";
import type { ClusterNodeOptions, ClusterNodeSettings, ClusterOptions } from "./cluster-options.ts";
import { NetworkClock } from "./network-clock.ts";
import { seededRandom } from "./seeded-random.ts";

/** One node or several, by name. */
export type NodeNames = string | readonly string[];

/** How long {@link Cluster.settle} waits for the cluster to come to rest, in milliseconds. */
const RESTLESS_MS = 10 * 60 * 1000;

/**
 * Nodes in one process, joined by a network and a clock that the test has in its hands. Made by
 * {@link startCluster}.
 *
 * Time stands still unless {@link run}, {@link advance} or {@link settle} let it pass; then it takes
 * no time at all. Names of nodes are as they were given (`a`) or in full (`a@cluster`).
 */
export class Cluster {
  /** The time of all nodes. */
  readonly clock = new VirtualClock();
  /** What joins them; hosts in it have the full names of the nodes. */
  readonly network: MemoryNetwork;
  readonly #networkClock = new NetworkClock(this.clock);
  readonly #nodes = new Map<string, ClusterNode>();
  readonly #world: ClusterWorld;
  readonly #settings: ClusterNodeSettings;

  /** Nodes are not started yet. @internal */
  constructor(options: ClusterOptions) {
    const { seed = 1, latencyMs, chunking, windowBytes, trace } = options;
    const random = seededRandom(seed);
    this.#settings = options.settings ?? {};
    this.network = new MemoryNetwork({
      clock: this.#networkClock,
      seed: random(),
      latencyMs,
      chunking,
      windowBytes,
    });
    this.#world = {
      clock: this.clock,
      network: this.network,
      discovery: new ClusterDiscovery(4 + (random() >>> 1)),
      random,
      note: trace === undefined ? undefined : (line) => trace(`${this.clock.now()} ${line}`),
    };
  }

  // ── nodes ─────────────────────────────────────────────────────────────────────────────────────

  /** Full names of all nodes, in the order in which they were started first. */
  get names(): string[] {
    return [...this.#nodes.keys()];
  }

  /**
   * The node of that name as it runs now: after a {@link restart} that is another one.
   * @throws TestingError `ERR_TESTING_CLUSTER` when it does not run.
   */
  node(name: string): Node {
    const { node, name: full } = this.#member(name);
    if (node !== undefined) return node;
    throw misuse(`${full} does not run: start or restart it first`);
  }

  /** Whether a node runs, was frozen, or was killed or stopped. */
  state(name: string): "running" | "frozen" | "down" {
    return this.#member(name).state;
  }

  /** How many timers of a node are running: what a node at rest should not have. */
  pendingTimers(name: string): number {
    return this.#member(name).pendingTimers;
  }

  /** Adds a node to the cluster. */
  async start(given: string | ClusterNodeOptions): Promise<Node> {
    return this.run(this.#add(given).start());
  }

  /**
   * What `startNode` is given for a new node, for tests of the start itself: the cluster knows the
   * node's name and its links from now on, and the test has the rest.
   */
  startOptions(given: string | ClusterNodeOptions): StartNodeOptions {
    return this.#add(given).prepare();
  }

  /** Stops a node with all goodbyes, as `node.stop()`; {@link restart} brings it back. */
  async stop(name: string): Promise<void> {
    const member = this.#member(name);
    if (member.state === "frozen") throw misuse(`${member.name} is frozen: thaw it, or kill it`);
    this.#note(`${member.name} is stopped`);
    await this.run(this.node(name).stop());
    member.forget();
  }

  /**
   * Ends a node as `kill -9` does: from now on nothing of it runs, and nobody is told. The other
   * nodes see their connections close; where the link is held, they hear nothing at all.
   */
  kill(name: string): void {
    const member = this.#member(name);
    this.#note(`${member.name} is killed`);
    member.kill();
  }

  /** Starts a node of the same name and settings again, with a new creation; kills it before. */
  async restart(name: string): Promise<Node> {
    const member = this.#member(name);
    if (member.state !== "down") this.kill(name);
    this.#note(`${member.name} is restarted`);
    return this.run(member.start());
  }

  /**
   * Makes a node stand still, as `kill -STOP` does: it runs no timer, reads nothing and answers
   * nothing, while its connections stay open. What you call on it yourself still works within it.
   */
  freeze(name: string): void {
    const member = this.#member(name);
    this.#note(`${member.name} is frozen`);
    member.freeze();
  }

  /** Lets a frozen node go on: what was due meanwhile happens now, in order. */
  thaw(name: string): void {
    const member = this.#member(name);
    this.#note(`${member.name} is thawed`);
    member.thaw();
  }

  // ── links ─────────────────────────────────────────────────────────────────────────────────────

  /**
   * Cuts the links between nodes: connections break at once, both sides see it, and none can be made.
   * With one argument: the links to all others. Several names make a partition.
   *
   *     cluster.cut(["a", "b"], ["c", "d", "e"]);
   */
  cut(one: NodeNames, other?: NodeNames): void {
    this.#links("cut", one, other, (a, b) => this.network.cut(a, b));
  }

  /**
   * Holds back whatever is sent between nodes: nothing is lost, nobody notices, until somebody's
   * patience is over. Silence, as when a cable is pulled.
   */
  hold(one: NodeNames, other?: NodeNames): void {
    this.#links("hold", one, other, (a, b) => this.network.freeze(a, b));
  }

  /** What is sent between nodes from now on travels so long, in milliseconds. */
  delay(one: NodeNames, other: NodeNames, latencyMs: Latency): void {
    this.#links("delay", one, other, (a, b) => this.network.delay(a, b, latencyMs));
  }

  /** Undoes {@link cut}, {@link hold} and {@link delay}; without arguments everywhere. */
  heal(one: NodeNames = this.names, other: NodeNames = this.names): void {
    this.#links("heal", one, other, (a, b) => this.network.heal(a, b));
  }

  /**
   * Breaks the connection between two nodes once; a new one can be made at once. With `seenBy` only
   * that node notices: to the other one it looks open, and what it sends is lost without a trace.
   */
  drop(one: string, other: string, { seenBy }: { readonly seenBy?: string } = {}): void {
    const side = seenBy === undefined ? undefined : this.#member(seenBy).name;
    this.#links("drop", one, other, (a, b) => this.network.drop(a, b, side));
  }

  // ── time ──────────────────────────────────────────────────────────────────────────────────────

  /** Milliseconds that have passed. */
  get now(): number {
    return this.clock.now();
  }

  /**
   * Lets time pass until the promise has settled, and gives its value.
   * @throws Error when nothing will ever settle it, or a day has passed; what the promise throws.
   */
  run<T>(promise: Promise<T>): Promise<T> {
    return this.clock.runUntil(promise);
  }

  /** Lets so many milliseconds pass. */
  advance(milliseconds: number): Promise<void> {
    return this.clock.advance(milliseconds);
  }

  /**
   * Lets time pass until whatever was sent has arrived, with all that follows from it: until nothing
   * is under way, and everybody only waits for a timer.
   * @throws TestingError `ERR_TESTING_CLUSTER` when that is not so after ten minutes.
   */
  async settle(): Promise<void> {
    const end = this.now + RESTLESS_MS;
    for (;;) {
      await this.clock.advance(0);
      const next = this.clock.nextAt();
      if (next === undefined || (this.#networkClock.underWay === 0 && next > this.now)) return;
      if (next > end) throw misuse("the cluster does not come to rest: somebody goes on sending");
      await this.clock.advance(next - this.now);
    }
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────

  /** Stops every node. Nothing is left behind without it: there are no sockets and no timers. */
  async close(): Promise<void> {
    this.heal();
    for (const name of this.names) {
      this.thaw(name);
      if (this.#member(name).node === undefined) this.kill(name);
      else await this.stop(name);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #add(given: string | ClusterNodeOptions): ClusterNode {
    const { name, ...own } = typeof given === "string" ? { name: given } : given;
    const full = fullName(name);
    if (this.#nodes.has(full)) throw misuse(`there is a node ${full} already: restart() it`);
    const member = new ClusterNode(full, { ...this.#settings, ...own }, this.#world);
    this.#nodes.set(full, member);
    return member;
  }

  #member(name: string): ClusterNode {
    const member = this.#nodes.get(fullName(name));
    if (member !== undefined) return member;
    throw misuse(`there is no node ${fullName(name)}; there are ${this.names.join(", ")}`);
  }

  #links(
    what: string,
    one: NodeNames,
    other: NodeNames | undefined,
    change: (a: string, b: string) => void,
  ): void {
    const ours = this.#members(one);
    const theirs = other === undefined ? this.names : this.#members(other);
    this.#note(`${what} ${ours.join(", ")} and ${theirs.join(", ")}`);
    for (const a of ours) for (const b of theirs) if (a !== b) change(a, b);
  }

  #members(names: NodeNames): string[] {
    const list = typeof names === "string" ? [names] : names;
    return list.map((name) => this.#member(name).name);
  }

  #note(line: string): void {
    this.#world.note?.(line);
  }
}

function fullName(name: string): string {
  return name.includes("@") ? name : `${name}@cluster`;
}

function misuse(text: string): TestingError {
  return new TestingError("ERR_TESTING_CLUSTER", `cluster: ${text}`);
}
