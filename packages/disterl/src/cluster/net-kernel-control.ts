import type { Cookie } from "../handshake/cookie.ts";
import { NodeError } from "../node/errors.ts";
import type { NodeSubscriptions, MonitorNodesOptions } from "../node/node-subscriptions.ts";
import type { NetTickTime, NetTickTimeChange } from "../node/tick-time.ts";
import { nodeAtom } from "../process/destination.ts";
import type { Process } from "../process/process.ts";
import type { Atom } from "../term/atom.ts";
import { type DistributionOptions, distributionOptionNames } from "./distribution-options.ts";
import { inRange } from "./distribution-settings.ts";
import type { NetKernelState, NodeParts } from "./net-sup.ts";
import { nodeInfo, nodesInfo, type NodeTableEntry } from "./node-lists.ts";

/** Distribution of a node: starts and stops it, watches nodes, times, cookies. `node.netKernel`. */
export class NetKernelControl {
  readonly #parts: NodeParts;
  readonly #monitors: NodeSubscriptions;

  /** @internal */
  constructor(parts: NodeParts) {
    this.#parts = parts;
    this.#monitors = parts.nodeSubscriptions;
  }

  // ── start and stop ────────────────────────────────────────────────────────────────────────────

  /**
   * Makes the node part of a cluster (`net_kernel:start/2`), after `startNode({ distribution: false })`
   * or {@link stop}. Processes that run go on, and can be reached from other nodes from here on.
   *
   * @param name `app` or `app@host`; undefined: the first node that is connected to gives one.
   * @param options those of `startNode` are the defaults.
   * @throws NodeError `ERR_DISTRIBUTION_ALREADY_STARTED`, `ERR_NODE_STOPPED`, `ERR_DISTRIBUTION_NONE`
   *   (the node was started with the carrier `"none"`),
   *   `ERR_DISTRIBUTION_NOT_STARTED` (it was stopped before it had started); NodeNameError,
   *   CookieError, CarrierError, EpmdError as `startNode`; TypeError (options). It does not run then.
   */
  start(name: string | undefined, options: DistributionOptions = {}): Promise<void> {
    for (const key of Object.keys(options)) {
      if (!(distributionOptionNames as readonly string[]).includes(key)) {
        throw new TypeError(`netKernel.start has no option "${key}"`);
      }
    }
    return this.#parts.netSup.start(name, options, "dynamic");
  }

  /**
   * Takes the node out of the cluster (`net_kernel:stop/0`): it is `nonode@nohost` again, each link and
   * monitor across a connection fires once, and when this resolves port and name are free. Processes
   * live on. Differs in: also a node that was started with a name can be stopped.
   *
   * @throws NodeError `ERR_DISTRIBUTION_NOT_STARTED`.
   */
  stop(): Promise<void> {
    return this.#parts.netSup.stop();
  }

  /** Whether and how distribution was started (`net_kernel:get_state/0`). */
  get state(): NetKernelState {
    return this.#parts.netSup.state;
  }

  // ── other nodes ───────────────────────────────────────────────────────────────────────────────

  /**
   * Tells a process in messages which nodes come and go (`net_kernel:monitor_nodes/2`): `{nodeup, Node}`
   * and `{nodedown, Node}`, with options `{nodeup, Node, Info}` and `{nodedown, Node, Info}`. This node,
   * too, when it gets its name and when it loses it.
   *
   * A nodeup comes before everything that arrives over the connection, a nodedown after all of that. Each call
   * with `true` is one subscription more, and brings one message more for each event; one with `false`
   * takes all of the process with the same options back. `node.status()` has the same events for code
   * that is no process.
   *
   * @throws TypeError for unknown options and values.
   */
  monitorNodes(process: Process, on: boolean, options?: MonitorNodesOptions): void {
    if (on) this.#monitors.subscribe(process, options);
    else this.#monitors.unsubscribe(process, options);
  }

  /**
   * Connects as a hidden node, whatever this node is (`net_kernel:hidden_connect_node/1`).
   * @throws ConnectError
   */
  async hiddenConnect(name: string | Atom): Promise<void> {
    await this.#parts.netKernel.connect(nodeAtom(name), { hidden: true });
  }

  /** The nodes that may connect; undefined: all (`net_kernel:allowed/0`). */
  get allowed(): readonly string[] | undefined {
    const { entries } = this.#parts.allowList;
    return entries.length === 0 ? undefined : entries;
  }

  /** The node table: connections, those being set up, those coming to their end (`nodes_info/0`). */
  nodesInfo(): NodeTableEntry[] {
    return nodesInfo(this.#parts);
  }

  /** What the node table has about one node (`net_kernel:node_info/1`); its state may be `idle`. */
  nodeInfo(name: string | Atom): NodeTableEntry {
    return nodeInfo(this.#parts, nodeAtom(name).text);
  }

  // ── times ─────────────────────────────────────────────────────────────────────────────────────

  /**
   * Seconds of silence after which a node is given up (`net_kernel:get_net_ticktime/0`), or what that
   * is being changed to; undefined when distribution does not run.
   */
  get netTickTime(): NetTickTime | undefined {
    return this.#parts.netKernel.tickTime?.get();
  }

  /**
   * Changes the tick time of connections that are up and of later ones (`set_net_ticktime/2`). During
   * the transition, in seconds, ticks go out at the faster of both rates and silence counts by the
   * longer time: when all nodes are changed within it, none is given up by mistake.
   *
   * @throws TypeError; NodeError `ERR_DISTRIBUTION_NOT_STARTED`.
   */
  setNetTickTime(seconds: number, transition = 60): NetTickTimeChange {
    inRange("netTickTime", seconds, 1, 1e6);
    inRange("transition", transition, 0, 1e6);
    const { tickTime } = this.#parts.netKernel;
    if (tickTime === undefined) {
      const text = "distribution does not run: there is no tick time to change";
      throw new NodeError("ERR_DISTRIBUTION_NOT_STARTED", text);
    }
    return tickTime.set(seconds, transition);
  }

  // ── cookies ───────────────────────────────────────────────────────────────────────────────────

  /**
   * Sets the cookie for all nodes (`erlang:set_cookie/1`), or the one for a node (`/2`), which has to
   * have the same for us. Counts for later handshakes; connections that are up stay up.
   *
   * @throws TypeError when it is no cookie: 1 to 255 characters of Latin-1.
   */
  setCookie(cookie: Cookie | string): void;
  setCookie(node: string | Atom, cookie: Cookie | string): void;
  setCookie(nodeOrCookie: string | Atom | Cookie, cookie?: Cookie | string): void {
    const { auth } = this.#parts;
    if (cookie === undefined) auth.setCookie(nodeOrCookie as Cookie | string);
    else auth.setCookie(nodeAtom(nodeOrCookie as string | Atom).text, cookie);
  }

  /**
   * The cookie that is used with a node (`erlang:get_cookie/1`), or with those that have none of their
   * own (`/0`). It prints as `[secret]`.
   */
  getCookie(node?: string | Atom): Cookie {
    return this.#parts.auth.getCookie(node === undefined ? undefined : nodeAtom(node).text);
  }

  // ── looking ───────────────────────────────────────────────────────────────────────────────────

  /**
   * From level 1 on `node.status()` has `verbose` events, which say what is about to be done and why
   * (`net_kernel:verbose/1`). Nothing is printed. Returns the level before; 0 is the default.
   */
  verbose(level: number): number {
    const { netKernel } = this.#parts;
    const before = netKernel.verbose;
    netKernel.verbose = inRange("verbose", level, 0, 9);
    return before;
  }
}
