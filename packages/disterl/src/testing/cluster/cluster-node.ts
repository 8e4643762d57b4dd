import { type Node, startNode, type StartNodeOptions } from "disterl";
import type { MemoryNetwork, VirtualClock } from "disterl/carrier";
import type { ClusterDiscovery } from "./cluster-discovery.ts";
import type { ClusterNodeSettings } from "./cluster-options.ts";
import { NodeCarrier } from "./node-carrier.ts";
import { NodeClock } from "./node-clock.ts";

/** What the nodes of a cluster share. */
export interface ClusterWorld {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly discovery: ClusterDiscovery;
  readonly random: () => number;
  /** Writes a line of the trace; undefined when nobody reads it. */
  readonly note: ((line: string) => void) | undefined;
}

/** One run of a node, from its start to its end: what can be frozen and killed. */
interface Run {
  readonly clock: NodeClock;
  readonly carrier: NodeCarrier;
  readonly options: StartNodeOptions;
  node: Node | undefined;
}

/** A place in the cluster where a node of one name runs, again and again. */
export class ClusterNode {
  /** Name in the network, and full name unless that is given by others. */
  readonly name: string;
  readonly #world: ClusterWorld;
  readonly #settings: ClusterNodeSettings;
  #run: Run | undefined;

  constructor(name: string, settings: ClusterNodeSettings, world: ClusterWorld) {
    this.name = name;
    this.#settings = settings;
    this.#world = world;
  }

  /** The node of now; undefined while none runs. */
  get node(): Node | undefined {
    return this.#run?.node;
  }

  get state(): "running" | "frozen" | "down" {
    if (this.#run === undefined) return "down";
    return this.#run.clock.frozen ? "frozen" : "running";
  }

  get pendingTimers(): number {
    return this.#run?.clock.pendingTimers ?? 0;
  }

  /** What `startNode` is given for the next run. */
  prepare(): StartNodeOptions {
    this.#run = this.#newRun();
    return this.#run.options;
  }

  /** Nobody runs here (any more). */
  async start(): Promise<Node> {
    const run = this.#newRun();
    this.#run = run;
    try {
      run.node = await startNode(run.options);
    } catch (error) {
      this.kill();
      throw error;
    }
    this.#world.note?.(`${this.name} started, creation ${run.node.creation}`);
    if (this.#world.note !== undefined) void this.#traceStatus(run.node);
    await this.#settings.program?.(run.node);
    return run.node;
  }

  /** The node was stopped and gave everything back. */
  forget(): void {
    this.#run = undefined;
  }

  freeze(): void {
    this.#run?.clock.freeze();
    this.#run?.carrier.freeze();
  }

  thaw(): void {
    this.#run?.clock.thaw();
    this.#run?.carrier.thaw();
  }

  kill(): void {
    const run = this.#run;
    this.#run = undefined;
    run?.clock.die();
    run?.carrier.die();
    this.#world.discovery.forget(this.name);
  }

  #newRun(): Run {
    const { clock: clusterClock, network, discovery, random, note } = this.#world;
    const clock = new NodeClock(clusterClock);
    const carrier = new NodeCarrier(network.carrier(this.name), clock, (from, chunk) => {
      note?.(`${this.name} <- ${from} ${Buffer.from(chunk).toString("hex")}`);
    });
    const { program: _, discovery: wrap, ...settings } = this.#settings;
    const own = discovery.of(this.name.slice(this.name.indexOf("@") + 1), this.name);
    return {
      clock,
      carrier,
      options: {
        cookie: "cluster",
        ...settings,
        name: this.name,
        carrier,
        clock,
        random,
        discovery: wrap?.(own) ?? own,
      },
      node: undefined,
    };
  }

  async #traceStatus(node: Node): Promise<void> {
    for await (const event of node.status()) {
      const peer = "node" in event ? ` ${event.node}` : "";
      const reason = event.type === "nodedown" ? ` ${event.reason}` : "";
      this.#world.note?.(`${this.name} ${event.type}${peer}${reason}`);
    }
  }
}
