import type { SendOptions, SendResult } from "../signal/router.ts";
import type { Name, Signal } from "../signal/signal.ts";
import { type Atom } from "../term/atom.ts";
import type { List } from "../term/list.ts";
import { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { type AliasOptions, ProcessAlias } from "./aliases.ts";
import { type Destination, destinationNode, namedDestination, nodeAtom } from "./destination.ts";
import { Dictionary } from "./dictionary.ts";
import { LinkedActor } from "./linked-actor.ts";
import {
  type DemonitorOptions,
  endMonitor,
  type MonitorOptions,
  type MonitorTarget,
  startMonitor,
} from "./monitor.ts";
import type { MonitorNodeOptions } from "./node-monitors.ts";
import type { ChildOptions, ProcessBody, ProcessOptions } from "./process-options.ts";
import type { ProcessTable } from "./process-table.ts";
import {
  abandonSpawn,
  type SpawnAtOptions,
  type SpawnRequestOptions,
  spawnAt,
  spawnRequest,
} from "./spawn-request.ts";
import type { TimerTarget } from "./timers.ts";

/** Options of {@link Process.send}. */
export interface MessageOptions extends SendOptions {
  /** To an alias made with `priority`, at OTP 28 and later: before ordinary messages. */
  readonly priority?: boolean | undefined;
}

/**
 * A process of this node: an address with a mailbox, links and monitors, as real to Erlang nodes as
 * one of theirs. Mirrors the process part of `erl_proc_sig_queue.c`.
 *
 * Code of the process gets it as `self`; to everybody else it is a handle. One that has ended sends
 * nothing any more.
 */
export class Process extends LinkedActor {
  /** Who started it; undefined when that was the program. */
  readonly parent: Pid | undefined;

  /** @internal */
  constructor(
    table: ProcessTable,
    pid: Pid,
    options: ProcessOptions,
    body?: ProcessBody,
    parent?: Pid,
  ) {
    super(table, pid, options, body);
    this.parent = parent;
  }

  protected override get self(): this {
    return this;
  }

  /** The monitor that its parent holds on it, when it was started with one. */
  get monitorRef(): Reference | undefined {
    return this.extras?.monitorRef;
  }

  /** Its dictionary: terms by terms. */
  get dictionary(): Dictionary {
    this.more.dictionary ??= new Dictionary();
    return this.more.dictionary;
  }

  /** Aborted when the process ends: for what its code waits for besides messages. */
  get signal(): AbortSignal {
    this.more.abort ??= new AbortController();
    const { abort } = this.more;
    if (!this.alive) abort.abort(this.exited());
    return abort.signal;
  }

  // ── children ──────────────────────────────────────────────────────────────────────────────────

  /**
   * Starts a process that prints where this one does, linked or monitored if so asked.
   * @throws ProcessError `ERR_NAME_REGISTERED`, `ERR_PROCESS_EXITED` when this one has ended.
   */
  spawn(body: ProcessBody, options?: ChildOptions): Process;
  spawn(options?: ChildOptions): Process;
  spawn(first: ProcessBody | ChildOptions = {}, second: ChildOptions = {}): Process {
    if (!this.alive) throw this.exited();
    const body = typeof first === "function" ? first : undefined;
    const { link, monitor, ...rest } = typeof first === "function" ? second : first;
    const { groupLeader, asyncContext, table } = this;
    const child = table.spawn({ groupLeader, asyncContext, ...rest }, body, this.pid);
    if (link === true) {
      this.links.link(child.pid);
      child.links.link(this.pid);
    }
    if (monitor !== undefined && monitor !== false) {
      child.more.monitorRef = this.monitor(child.pid, monitor === true ? {} : monitor);
    }
    return child;
  }

  // ── messages ──────────────────────────────────────────────────────────────────────────────────

  /**
   * Sends a message (`erlang:send/2`). To whom nobody is, it is lost, as everywhere in Erlang.
   *
   * @returns false when more waits for that node than the busy threshold: await `node.drained()`.
   *   With `nosuspend` or `noconnect` that word, when the message was not sent for this reason.
   * @throws NodeError `ERR_SEND_NOT_ENCODABLE` when the message is not a term,
   *   `ERR_SEND_QUEUE_FULL` when too much waits; TypeError for `undefined`.
   */
  send(to: Destination, message: Term): boolean;
  send(to: Destination, message: Term, options: MessageOptions | undefined): SendResult;
  send(to: Destination, message: Term, options?: MessageOptions): SendResult {
    assertTerm(message);
    if (!this.alive) return true;
    const from = this.pid;
    const token = this.nextToken();
    if (to instanceof Pid) {
      if (to.node === from.node) {
        this.table.find(to)?.deliver(message, 0, token);
        return true;
      }
      return this.routeWith(to.node, { type: "send", from, to, message, token }, options);
    }
    if (to instanceof Reference) {
      const priority = options?.priority ?? false;
      const signal = { type: "alias_send", from, to, message, priority, token } as const;
      return this.routeWith(to.node, signal, options);
    }
    const { name, node } = namedDestination(to, from.node);
    return this.routeWith(node, { type: "reg_send", from, to: name, message, token }, options);
  }

  /**
   * Resolves when there is room again for messages to `to`, or its node is gone.
   *
   *     while (more()) if (!self.send(to, next())) await self.drained(to);
   */
  drained(to: Destination): Promise<void> {
    return this.table.router.drained(destinationNode(to, this.pid.node));
  }

  private routeWith(node: Atom, signal: Signal, options: SendOptions | undefined): SendResult {
    const { router } = this.table;
    return options === undefined ? router.route(node, signal) : router.route(node, signal, options);
  }

  // ── links and monitors ────────────────────────────────────────────────────────────────────────

  /** Links with another process; an exit signal follows should it not exist (`erlang:link/1`). */
  link(pid: Pid): void {
    if (pid.equals(this.pid) || !this.alive) return;
    if (this.links.link(pid)) this.route(pid.node, { type: "link", from: this.pid, to: pid });
  }

  /** Takes the link away: the end of one does not touch the other any more (`erlang:unlink/1`). */
  unlink(pid: Pid): void {
    const id = this.links.unlink(pid);
    if (id !== undefined) this.route(pid.node, { type: "unlink", id, from: this.pid, to: pid });
  }

  /**
   * Watches a process: `{'DOWN', Ref, process, Pid | {Name, Node}, Reason}` arrives, once, when it is
   * gone or cannot be reached (`erlang:monitor/2,3`). Texts in `to` become atoms.
   */
  monitor(to: MonitorTarget, options?: MonitorOptions): Reference {
    return startMonitor(this, to, options);
  }

  /**
   * Stops watching (`erlang:demonitor/2`). With `flush`, the message of the monitor is removed, should
   * it have come.
   * @returns true; with `info` whether there was a monitor still.
   */
  demonitor(ref: Reference, options: DemonitorOptions = {}): boolean {
    return endMonitor(this, ref, options);
  }

  /**
   * Watches a node: a message `{nodedown, Node}` arrives when it is gone, or at once when it cannot be
   * reached (`erlang:monitor_node/2,3`). Every call counts; `false` takes one back.
   */
  monitorNode(name: Atom | string, on: boolean, options: MonitorNodeOptions = {}): void {
    const node = nodeAtom(name);
    if (!this.alive) return;
    const { nodeMonitors, reachNode } = this.table;
    nodeMonitors.add(this, node, on ? 1 : -1);
    if (on && node !== this.pid.node) {
      reachNode(node, options, () => nodeMonitors.nodeDown(node));
    }
  }

  /**
   * An address for messages that can be taken back at any time (`erlang:alias/1`). With `reply` the
   * first message takes it back.
   */
  alias(options: AliasOptions = {}): Reference {
    const ref = this.table.identity.nextReference();
    if (!this.alive) return ref;
    const alias = new ProcessAlias(this, ref, options);
    this.heldAliases.add(alias);
    this.table.aliases.activate(alias);
    return ref;
  }

  /** Takes an alias back: what is sent to it is lost from now on. False when it was none. */
  unalias(ref: Reference): boolean {
    const alias = this.table.aliases.get(ref);
    if (alias === undefined || alias.owner !== this) return false;
    this.heldAliases.delete(alias);
    return this.table.aliases.deactivate(ref);
  }

  /** Makes `leader` the group leader of a process, here or on another node (`erlang:group_leader/2`). */
  setGroupLeader(leader: Pid, to: Pid): void {
    if (this.alive) this.route(to.node, { type: "group_leader", leader, to });
  }

  // ── timers ────────────────────────────────────────────────────────────────────────────────────

  /**
   * Sends a message after so many milliseconds to a process of this node, or to whoever has the name
   * then (`erlang:send_after/3`). The end of the process takes its timers away.
   * @throws TypeError when the time is no whole number, or the pid one of another node.
   */
  sendAfter(milliseconds: number, to: TimerTarget, message: Term): Reference {
    return this.beginTimer(milliseconds, to, message, false);
  }

  /** As {@link sendAfter}, with the message `{timeout, Ref, Message}` (`erlang:start_timer/3`). */
  startTimer(milliseconds: number, to: TimerTarget, message: Term): Reference {
    return this.beginTimer(milliseconds, to, message, true);
  }

  private beginTimer(
    milliseconds: number,
    to: TimerTarget,
    message: Term,
    wrapped: boolean,
  ): Reference {
    assertTerm(message);
    const { timers, identity } = this.table;
    return this.alive ? timers.start(milliseconds, to, message, wrapped) : identity.nextReference();
  }

  /** Milliseconds that were left; false when there is no such timer (`erlang:cancel_timer/1`). */
  cancelTimer(ref: Reference): number | false {
    return this.table.timers.cancel(ref) ?? false;
  }

  /** Milliseconds that are left; false when there is no such timer (`erlang:read_timer/1`). */
  readTimer(ref: Reference): number | false {
    return this.table.timers.read(ref) ?? false;
  }

  // ── processes on other nodes ──────────────────────────────────────────────────────────────────

  /**
   * Asks a node for a process that runs `module:fun(...args)` (`erlang:spawn_request/5`). The result
   * comes as a message: `{spawn_reply, ReqId, ok, Pid}` or `{spawn_reply, ReqId, error, Reason}`, with
   * the reasons `noconnection`, `notsup`, `badopt`, `system_limit` and what the node answers.
   *
   * @returns the `ReqId`; with `monitor` it is the reference of the monitor, too.
   */
  spawnRequest(
    node: Atom | string,
    module: Name | string,
    fun: Name | string,
    args: List,
    options: SpawnRequestOptions = {},
  ): Reference {
    return spawnRequest(this, { node, module, fun, args }, options);
  }

  /**
   * As {@link spawnRequest}; resolves to the new process (`erlang:spawn_link/4`, `spawn_monitor/4`, …).
   * @throws ProcessError `ERR_SPAWN_REFUSED` with the `reason`, `ERR_PROCESS_EXITED`.
   */
  spawnAt(
    node: Atom | string,
    module: Name | string,
    fun: Name | string,
    args: List,
    options: SpawnAtOptions & { readonly monitor: true | MonitorOptions },
  ): Promise<readonly [pid: Pid, ref: Reference]>;
  spawnAt(
    node: Atom | string,
    module: Name | string,
    fun: Name | string,
    args: List,
    options?: SpawnAtOptions & { readonly monitor?: false | undefined },
  ): Promise<Pid>;
  spawnAt(
    node: Atom | string,
    module: Name | string,
    fun: Name | string,
    args: List,
    options: SpawnAtOptions = {},
  ): Promise<Pid | readonly [Pid, Reference]> {
    return spawnAt(this, { node, module, fun, args }, options);
  }

  /**
   * Gives up a request: no message will come, and a process that was started loses its link and its
   * monitor (`erlang:spawn_request_abandon/1`). False when the reply had come.
   */
  abandonSpawnRequest(ref: Reference): boolean {
    return abandonSpawn(this, ref);
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────

  /**
   * Sends an exit signal (`erlang:exit/2`): `kill` cannot be trapped, `normal` ends nobody but the
   * process itself. To names on other nodes, and to aliases, only at OTP 28 and later.
   */
  exitSignal(
    to: Destination,
    reason: Term,
    options: { readonly priority?: boolean | undefined } = {},
  ): void {
    assertTerm(reason);
    if (!this.alive) return;
    const from = this.pid;
    const isAddress = to instanceof Pid || to instanceof Reference;
    const { name: target, node } = isAddress
      ? { name: to, node: to.node }
      : namedDestination(to, from.node);
    const priority = options.priority ?? false;
    this.route(node, {
      type: "exit2",
      from,
      to: target,
      reason,
      priority,
      token: this.nextToken(),
    });
  }

  /** @internal */
  override finish(): void {
    super.finish();
    this.extras?.abort?.abort(this.exited());
  }
}

/** Within the node terms are not looked at; this one would be taken for "no message". */
function assertTerm(term: Term | undefined): void {
  if (term === undefined) throw new TypeError("undefined is no term, and cannot be sent");
}
