import type { NetAddress } from "./carrier/carrier.ts";
import { erpcCall, erpcCast } from "./cluster/erpc.ts";
import type { ExposedModule } from "./cluster/exposed-functions.ts";
import { NetKernelControl } from "./cluster/net-kernel-control.ts";
import { type ListedNode, listNodes, type NodesKind } from "./cluster/node-lists.ts";
import type { Global } from "./cluster/global/global.ts";
import { rpcResult } from "./cluster/rpc.ts";
import type { ConnectionTotals } from "./connection/connection-stats.ts";
import { CallError } from "./otp/errors.ts";
import { type CallOptions, call, cast } from "./otp/gen.ts";
import { type Destination, destinationNode, nodeAtom } from "./process/destination.ts";
import { NONODE } from "./process/identity.ts";
import { ProcessError } from "./process/errors.ts";
import type { MessageOptions, Process } from "./process/process.ts";
import { processInfo, type ProcessInfo } from "./process/process-info.ts";
import type { ProcessBody, ProcessOptions } from "./process/process-options.ts";
import type { SendResult } from "./signal/router.ts";
import type { Name } from "./signal/signal.ts";
import { type Atom, atom, atomOrBoolean } from "./term/atom.ts";
import type { List } from "./term/list.ts";
import type { Pid } from "./term/pid.ts";
import type { Term } from "./term/term.ts";
import { t } from "./term/tuple.ts";
import { type NodeParts, stopNode } from "./cluster/net-sup.ts";
import { type ConnectOptions, within } from "./node/connect-options.ts";
import { ConnectError, NodeError } from "./node/errors.ts";
import type { KeepConnectedOptions, KeptConnection } from "./node/kept-connections.ts";
import { type PeerInfo, peerInfo } from "./node/peer-info.ts";
import type { NodeStatus } from "./node/status.ts";

const NET_KERNEL = atom("net_kernel");
const IS_AUTH = atom("is_auth");

/** What a process of {@link Node.spawn} is started with. */
export interface SpawnOptions extends Omit<ProcessOptions, "system"> {}

/**
 * A node of a distributed Erlang system. Made by `startNode`.
 *
 * What it sends goes over the connection to the node in question, which is set up by itself. A call
 * on the node is made in the name of a process that the node keeps for that; so all of them keep
 * their order, like the messages of any process.
 */
export class Node {
  readonly #parts: NodeParts;
  /** Distribution: start, stop, node monitors, tick time, cookies. */
  readonly netKernel: NetKernelControl;
  /** Names and locks that all nodes of the mesh share. */
  readonly global: Global;
  #stopping: Promise<void> | undefined;

  /** @internal */
  constructor(parts: NodeParts) {
    this.#parts = parts;
    this.netKernel = new NetKernelControl(parts);
    this.global = parts.global;
  }

  /** Full name; `nonode@nohost` while it is not distributed or a dynamic name was not given yet. */
  get name(): string {
    return this.#parts.identity.node.text;
  }

  /** Tells this run of the node from earlier ones. */
  get creation(): number {
    return this.#parts.identity.creation;
  }

  /** Whether the node has a name, and so can be talked to (`erlang:is_alive/0`). */
  get alive(): boolean {
    return this.#stopping === undefined && this.#parts.identity.node !== NONODE;
  }

  /** Where it listens; undefined when it does not. With several carriers: where on the first. */
  get address(): NetAddress | undefined {
    return this.addresses[0];
  }

  /** Where it listens: one address for each of its carriers, in their order. */
  get addresses(): readonly NetAddress[] {
    return this.#parts.netSup.addresses;
  }

  // ── other nodes ───────────────────────────────────────────────────────────────────────────────

  /**
   * Connects to a node, or finds the connection that is there (`net_kernel:connect_node/1`).
   *
   * @throws ConnectError with the `layer` that failed: `name`, `discovery`, `carrier`, `handshake` or
   *   `policy`.
   */
  async connect(name: string | Atom, options: ConnectOptions = {}): Promise<PeerInfo> {
    this.#assertRunning();
    const node = nodeAtom(name);
    options.signal?.throwIfAborted();
    const { netKernel, clock } = this.#parts;
    await within(netKernel.connect(node), clock, node, options);
    const peer = this.peer(node);
    if (peer !== undefined) return peer;
    const text = `the connection to ${node.text} was lost as soon as it was up`;
    throw new ConnectError("ERR_CONNECT_HANDSHAKE", "handshake", node.text, text);
  }

  /** Closes the connection to a node: false when there was none. */
  disconnect(name: string | Atom): boolean {
    return this.#parts.netKernel.disconnect(nodeAtom(name));
  }

  /** What is known of a connected node; undefined when it is not. */
  peer(name: string | Atom): PeerInfo | undefined {
    const connection = this.#parts.nodes.connection(nodeAtom(name));
    return connection && peerInfo(connection);
  }

  /**
   * Names of nodes; by default of the connected visible ones (`erlang:nodes/1`). With `info` each comes
   * with its type and the id of its connection (`/2`).
   *
   * @throws TypeError for a kind that there is not.
   */
  nodes(kind?: NodesKind | readonly NodesKind[]): string[];
  nodes(kind: NodesKind | readonly NodesKind[], info: { readonly info: true }): ListedNode[];
  nodes(
    kind: NodesKind | readonly NodesKind[] = "visible",
    info?: { readonly info: boolean },
  ): string[] | ListedNode[] {
    const listed = listNodes(this.#parts, typeof kind === "string" ? [kind] : kind);
    return info?.info === true ? listed : listed.map(({ name }) => name);
  }

  /**
   * Stays connected with a node: dials it, and dials again whenever it is lost or cannot be reached,
   * until the handle is released. `node.status()` tells of each `reconnecting`.
   *
   * @throws TypeError when an option is unknown or out of its range.
   */
  keepConnected(name: string | Atom, options?: KeepConnectedOptions): KeptConnection {
    this.#assertRunning();
    return this.#parts.kept.keep(nodeAtom(name), options);
  }

  /**
   * Asks a node whether it is there and would have us (`net_adm:ping/1`). Throws what
   * {@link connect} and {@link call} throw, so that the reason is known; the answer is the round trip.
   */
  async ping(
    name: string | Atom,
    options: ConnectOptions = {},
  ): Promise<{ readonly roundTripMs: number }> {
    const node = nodeAtom(name);
    const { clock, caller, identity } = this.#parts;
    if (node !== identity.node) await this.connect(node, options);
    else this.#assertRunning();
    const start = clock.now();
    await call(caller, { name: NET_KERNEL, node }, t(IS_AUTH, caller.pid.node), options);
    return { roundTripMs: clock.now() - start };
  }

  /**
   * Nodes that may connect, added to those allowed before (`net_kernel:allow/1`): `name@host`, `host`, or
   * `name@` for that name on any host. All may until there is a first entry; only those in full may be
   * connected to from then on.
   */
  allow(entries: readonly string[]): void {
    this.#parts.allowList.allow(entries);
  }

  /** What happens from now on, until the node stops. */
  status(): AsyncIterableIterator<NodeStatus> {
    return this.#parts.status.events();
  }

  /** Counters of all connections since the node started; those of one are in {@link PeerInfo}. */
  get stats(): ConnectionTotals {
    return this.#parts.netKernel.connections.totals;
  }

  // ── processes ─────────────────────────────────────────────────────────────────────────────────

  /**
   * Starts a process: an address that others can send to, call, link and monitor. With a function it
   * does what that does, and ends when it returns; with `onMessage` it is driven by its messages;
   * without either, messages wait for `receive` of whoever has the process.
   *
   *     node.spawn(async (self) => {
   *       for await (const message of self) …
   *     }, { name: "counter" });
   *
   * @throws ProcessError `ERR_NAME_REGISTERED`.
   */
  spawn(body: ProcessBody, options?: SpawnOptions): Process;
  spawn(options?: SpawnOptions): Process;
  spawn(first: ProcessBody | SpawnOptions = {}, second: SpawnOptions = {}): Process {
    this.#assertRunning();
    const { processes } = this.#parts;
    return typeof first === "function" ? processes.spawn(second, first) : processes.spawn(first);
  }

  /** The processes of this node that live (`erlang:processes/0`). */
  processes(): Pid[] {
    return Array.from(this.#parts.processes.processes(), ({ pid }) => pid);
  }

  /** What is known of a process of this node; undefined when it has ended (`erlang:process_info/1`). */
  processInfo(pid: Pid): ProcessInfo | undefined {
    const process = this.#parts.processes.find(pid);
    return process && processInfo(process);
  }

  /**
   * Gives a process of this node a name (`erlang:register/2`).
   * @throws ProcessError `ERR_NO_PROCESS`, `ERR_NAME_REGISTERED`, `ERR_PROCESS_NAMED`; TypeError for
   *   the name `undefined`.
   */
  register(name: Name | string, pid: Pid): void {
    const process = this.#parts.processes.find(pid);
    if (process === undefined) {
      throw new ProcessError("ERR_NO_PROCESS", `there is no process ${pid.toString()} here`);
    }
    this.#parts.processes.names.register(nameOf(name), process);
  }

  /**
   * Takes a name away from its process (`erlang:unregister/1`).
   * @throws ProcessError `ERR_NAME_UNKNOWN`.
   */
  unregister(name: Name | string): void {
    if (this.#parts.processes.names.unregister(nameOf(name))) return;
    throw new ProcessError("ERR_NAME_UNKNOWN", `nothing is registered as ${String(name)}`);
  }

  /** The registered names of this node (`erlang:registered/0`). */
  registered(): Name[] {
    return this.#parts.processes.names.names();
  }

  /** The process registered here under a name. */
  whereis(name: Name | string): Pid | undefined {
    return this.#parts.processes.names.whereis(nameOf(name));
  }

  // ── messages and calls ────────────────────────────────────────────────────────────────────────

  /**
   * Sends a message to a pid, an alias, a name here or `{ name, node }`.
   * @returns false when more waits for that node than the busy threshold: await {@link drained}. With
   *   `nosuspend` or `noconnect` that word, when the message was not sent for this reason.
   * @throws NodeError `ERR_SEND_NOT_ENCODABLE`, `ERR_SEND_QUEUE_FULL`.
   */
  send(to: Destination, message: Term): boolean;
  send(to: Destination, message: Term, options: MessageOptions | undefined): SendResult;
  send(to: Destination, message: Term, options?: MessageOptions): SendResult {
    this.#assertRunning();
    return this.#parts.caller.send(to, message, options);
  }

  /** Resolves when there is room again for messages to a node, or the node is gone. */
  drained(name: string | Atom): Promise<void> {
    return this.#parts.netKernel.drained(nodeAtom(name));
  }

  /**
   * Calls a `gen_server` and gives its reply (`gen_server:call/3`). Default timeout 5000 ms.
   * @throws CallError; its `cause` is why the connection failed, where that was it.
   */
  call(to: Destination, request: Term, options?: CallOptions): Promise<Term> {
    this.#assertRunning();
    return this.#explained(call(this.#parts.caller, to, request, options), to);
  }

  /** Sends a `gen_server` a request that is not answered. */
  cast(to: Destination, request: Term): boolean {
    this.#assertRunning();
    return cast(this.#parts.caller, to, request);
  }

  /**
   * Calls a function on another node and gives its value (`erpc:call/5`); what it raises is thrown.
   * @throws CallError `ERR_CALL_REMOTE` and others, see `erpcCall`.
   */
  erpc(
    name: string | Atom,
    module: string,
    fun: string,
    args: List,
    options?: CallOptions,
  ): Promise<Term> {
    this.#assertRunning();
    const node = nodeAtom(name);
    const { caller: process, spawnRequests } = this.#parts;
    return this.#explained(erpcCall({ process, spawnRequests }, node, module, fun, args, options), {
      name: "erpc",
      node,
    });
  }

  /** Runs a function on another node, and does not wait for it (`erpc:cast/4`). */
  erpcCast(name: string | Atom, module: string, fun: string, args: List): void {
    this.#assertRunning();
    const { caller: process, spawnRequests } = this.#parts;
    erpcCast({ process, spawnRequests }, nodeAtom(name), module, fun, args);
  }

  /** As {@link erpc}, with the results of `rpc:call/5`: failures are `{badrpc, Reason}` terms. */
  rpc(
    name: string | Atom,
    module: string,
    fun: string,
    args: List,
    options?: CallOptions,
  ): Promise<Term> {
    return rpcResult(this.erpc(name, module, fun, args, options));
  }

  // ── functions for other nodes ─────────────────────────────────────────────────────────────────

  /**
   * Makes functions callable from other nodes, as the functions of an Erlang module: by `rpc`, `erpc`
   * and `spawn`. Nothing else of the program can be called. Exposing a module again replaces all its
   * functions, as loading new code does.
   *
   * A function is given the arguments as terms, may be async, and runs in a process of its own. What
   * it throws is raised at the caller; see `ErlangError`, `ErlangThrow` and `ExitReason`.
   *
   * @param module - its name in Erlang: `pricing`; `Elixir.Pricing` is Elixir's `Pricing`.
   * @throws TypeError when one is no function.
   */
  expose(module: Atom | string, functions: ExposedModule): void {
    this.#parts.functions.expose(module, functions);
  }

  /** Takes a module back; calls that run go on. False when it was not exposed. */
  unexpose(module: Atom | string): boolean {
    return this.#parts.functions.unexpose(module);
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────

  /**
   * Leaves the distribution: stops listening, unregisters, ends processes and connections. Resolves
   * when the port and the name are free again.
   */
  stop(): Promise<void> {
    this.#stopping ??= stopNode(this.#parts);
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** A call that found no connection says why there was none. */
  async #explained(calling: Promise<Term>, to: Destination): Promise<Term> {
    try {
      return await calling;
    } catch (error) {
      if (!(error instanceof CallError) || error.code !== "ERR_CALL_NO_CONNECTION") throw error;
      const node = destinationNode(to, this.#parts.identity.node);
      const cause = this.#parts.netKernel.lastFailure(node) ?? this.#nameless();
      if (cause === undefined) throw error;
      const text = `${error.message}: ${cause.message}`;
      throw new CallError(error.code, text, error.reason, { cause });
    }
  }

  #nameless(): Error | undefined {
    if (this.alive) return undefined;
    const text =
      this.netKernel.state.started === "no"
        ? "this node is not distributed: netKernel.start() makes it so"
        : "this node has no name yet: connect() to the node that shall give it one";
    return new NodeError("ERR_NODE_NOT_ALIVE", text);
  }

  #assertRunning(): void {
    if (this.#stopping !== undefined) {
      throw new NodeError("ERR_NODE_STOPPED", `the node ${this.name} was stopped`);
    }
  }
}

function nameOf(name: Name | string): Name {
  return typeof name === "string" ? atomOrBoolean(name) : name;
}
