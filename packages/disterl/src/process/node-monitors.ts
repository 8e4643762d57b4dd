import { type Atom, atom } from "../term/atom.ts";
import { t } from "../term/tuple.ts";
import type { Process } from "./process.ts";
import { KEEP_TOKEN } from "./trace-token.ts";

const NODEDOWN = atom("nodedown");

/** Options of {@link Process.monitorNode} (`erlang:monitor_node/3`). */
export interface MonitorNodeOptions {
  /**
   * Waits for the other node to connect for as long as a connection may take to be set up, where
   * this one may not connect to it (`dist_auto_connect` is `once`). Default false.
   */
  readonly allowPassiveConnect?: boolean | undefined;
}

/**
 * Sees to it that there is a connection to a node; calls `unreachable`, later or at once, when there
 * is none and none can be made.
 */
export type ReachNode = (node: Atom, options: MonitorNodeOptions, unreachable: () => void) => void;

/** Who monitors which nodes (`erlang:monitor_node/2`): each call counts. */
export class NodeMonitors {
  readonly #byNode = new Map<Atom, Map<Process, number>>();

  /** One monitor more, or one less if there is any. */
  add(process: Process, node: Atom, delta: 1 | -1): void {
    const counts = this.#byNode.get(node) ?? new Map<Process, number>();
    const count = Math.max(0, (counts.get(process) ?? 0) + delta);
    if (count > 0) counts.set(process, count);
    else counts.delete(process);
    if (counts.size > 0) this.#byNode.set(node, counts);
    else this.#byNode.delete(node);
    if (count > 0) process.monitoredNodes.add(node);
    else process.monitoredNodes.delete(node);
  }

  /** How many monitors there are on a node. */
  of(node: Atom): number {
    let total = 0;
    for (const count of this.#byNode.get(node)?.values() ?? []) total += count;
    return total;
  }

  /** How many of a process there are. */
  count(process: Process, node: Atom): number {
    return this.#byNode.get(node)?.get(process) ?? 0;
  }

  /** The node is gone, or cannot be reached: a message `{nodedown, Node}` for each monitor. */
  nodeDown(node: Atom): void {
    const counts = this.#byNode.get(node);
    if (counts === undefined) return;
    this.#byNode.delete(node);
    for (const [process, count] of counts) {
      process.monitoredNodes.delete(node);
      for (let i = 0; i < count; i++) process.deliver(t(NODEDOWN, node), 0, KEEP_TOKEN);
    }
  }

  /** The process ended. */
  forget(process: Process, nodes: Iterable<Atom>): void {
    for (const node of nodes) {
      const counts = this.#byNode.get(node);
      counts?.delete(process);
      if (counts?.size === 0) this.#byNode.delete(node);
    }
  }
}
