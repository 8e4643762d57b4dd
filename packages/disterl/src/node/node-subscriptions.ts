import type { NodedownReason } from "../connection/errors.ts";
import type { Process } from "../process/process.ts";
import { type Atom, atom } from "../term/atom.ts";
import { TermMap } from "../term/term-map.ts";
import type { Term } from "../term/term.ts";
import { t } from "../term/tuple.ts";
import type { NodeWatcher, WatchedNode } from "./node-watcher.ts";

/** What a subscription to nodes that come and go is about (`net_kernel:monitor_nodes/2`). */
export interface MonitorNodesOptions {
  /** Which nodes. Default `visible`. With it the messages tell the type of the node. */
  readonly nodeType?: "visible" | "hidden" | "all";
  /** Tells why a node is down. */
  readonly nodedownReason?: boolean;
  /** Tells connections apart. */
  readonly connectionId?: boolean;
  /** What the information is given as: Erlang's options as a list, or as a map. Default `list`. */
  readonly info?: "list" | "map";
}

const NODEUP = atom("nodeup");
const NODEDOWN = atom("nodedown");
const VISIBLE = atom("visible");
const HIDDEN = atom("hidden");
const NODE_TYPE = atom("node_type");
const NODEDOWN_REASON = atom("nodedown_reason");
const CONNECTION_ID = atom("connection_id");
const UNDEFINED = atom("undefined");

interface Subscription {
  /** Undefined for messages without information. */
  readonly options: MonitorNodesOptions | undefined;
  /** Equal for equal options. */
  readonly key: string;
}

/**
 * Who is told in messages which nodes come and go: `{nodeup, Node}`, `{nodedown, Node}`, or with
 * options `{nodeup, Node, Info}` and `{nodedown, Node, Info}` (kernel MN-20 to MN-26). The messages
 * are put in the mailboxes within the event: a nodeup precedes all that arrives over the connection, a
 * nodedown follows all of it.
 */
export class NodeSubscriptions implements NodeWatcher {
  readonly #byProcess = new Map<Process, Subscription[]>();
  /** Beyond so many processes those that have ended are looked for. */
  #sweepAt = 64;

  /** One subscription more: with n of them a process gets each message n times. */
  subscribe(process: Process, options: MonitorNodesOptions | undefined): void {
    if (!process.alive) return;
    const key = keyOf(options);
    const subscription = { options: key === PLAIN ? undefined : options, key };
    const subscriptions = this.#byProcess.get(process);
    if (subscriptions !== undefined) {
      subscriptions.push(subscription);
      return;
    }
    this.#byProcess.set(process, [subscription]);
    if (this.#byProcess.size > this.#sweepAt) this.#sweep();
  }

  /** Takes all subscriptions of a process with exactly these options back. */
  unsubscribe(process: Process, options: MonitorNodesOptions | undefined): void {
    const key = keyOf(options);
    const left = this.#byProcess.get(process)?.filter((each) => each.key !== key) ?? [];
    if (left.length === 0) this.#byProcess.delete(process);
    else this.#byProcess.set(process, left);
  }

  #sweep(): void {
    for (const process of this.#byProcess.keys()) {
      if (!process.alive) this.#byProcess.delete(process);
    }
    this.#sweepAt = Math.max(64, 2 * this.#byProcess.size);
  }

  nodeUp(node: WatchedNode): void {
    this.#tell(NODEUP, node, undefined);
  }

  nodeDown(node: WatchedNode, reason: NodedownReason): void {
    this.#tell(NODEDOWN, node, atom(reason));
  }

  #tell(event: Atom, watched: WatchedNode, reason: Atom | undefined): void {
    for (const [process, subscriptions] of [...this.#byProcess]) {
      if (!process.alive) {
        this.#byProcess.delete(process);
        continue;
      }
      for (const { options } of subscriptions) {
        if (!concerns(options, watched)) continue;
        const { node } = watched;
        if (options === undefined) process.deliver(t(event, node));
        else process.deliver(t(event, node, information(options, watched, reason)));
      }
    }
  }
}

function concerns(options: MonitorNodesOptions | undefined, { hidden }: WatchedNode): boolean {
  const type = options?.nodeType ?? "visible";
  return type === "all" || (type === "hidden") === hidden;
}

/** What was asked for, in Erlang's order. */
function information(
  options: MonitorNodesOptions,
  { hidden, connectionId }: WatchedNode,
  reason: Atom | undefined,
): Term {
  const entries: [Term, Term][] = [];
  if (options.connectionId === true) {
    entries.push([CONNECTION_ID, connectionId ?? UNDEFINED]);
  }
  if (options.nodedownReason === true && reason !== undefined) {
    entries.push([NODEDOWN_REASON, reason]);
  }
  if (options.nodeType !== undefined) entries.push([NODE_TYPE, hidden ? HIDDEN : VISIBLE]);
  return options.info === "map"
    ? new TermMap(entries)
    : entries.map(([key, value]) => t(key, value));
}

const OPTION_NAMES = new Set(["nodeType", "nodedownReason", "connectionId", "info"]);
const NODE_TYPES = new Set<string>(["visible", "hidden", "all"]);

/** The key of Erlang's empty list of options, which is as none. */
const PLAIN = keyOf({});

/** @throws TypeError when there is no such option, or no such value. */
function keyOf(options: MonitorNodesOptions = {}): string {
  for (const name of Object.keys(options)) {
    if (!OPTION_NAMES.has(name)) throw new TypeError(`monitorNodes has no option "${name}"`);
  }
  const { nodeType, nodedownReason = false, connectionId = false, info = "list" } = options;
  if (nodeType !== undefined && !NODE_TYPES.has(nodeType)) {
    throw new TypeError(`nodeType is "visible", "hidden" or "all", not "${nodeType}"`);
  }
  if (info !== "list" && info !== "map") {
    throw new TypeError(`info is "list" or "map", not "${String(info)}"`);
  }
  return `${nodeType},${nodedownReason},${connectionId},${info}`;
}
