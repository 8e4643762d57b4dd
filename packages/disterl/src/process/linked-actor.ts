import type { Down, Exit, Name, Signal } from "../signal/signal.ts";
import { type Atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import type { Term } from "../term/term.ts";
import { t } from "../term/tuple.ts";
import { Actor } from "./actor.ts";
import type { Alias } from "./aliases.ts";
import { ExitReason, reasonOf } from "./exit-reason.ts";
import type { Identity } from "./identity.ts";
import { Links } from "./links.ts";
import type { ProcessMonitor } from "./monitor.ts";
import type { Process } from "./process.ts";
import type { ProcessBody, ProcessOptions } from "./process-options.ts";
import type { ProcessTable } from "./process-table.ts";
import type { ProcessTimer } from "./timers.ts";
import type { PendingSpawn } from "./spawn-request.ts";
import { KEEP_TOKEN, type MessageToken } from "./trace-token.ts";
import { Watchers } from "./watchers.ts";

/** The part of a process that others are related with, and how it ends. */
export abstract class LinkedActor extends Actor {
  /** Who writes what this process and those that it starts print (`erlang:group_leader/0`). */
  groupLeader: Pid;
  /** The name it is registered under; kept by the name registry. */
  registeredName: Name | undefined = undefined;
  #pid: Pid;
  #links: Links<Process> | undefined = undefined;
  #watchers: Watchers<Process> | undefined = undefined;
  #monitors: Set<ProcessMonitor> | undefined = undefined;

  protected constructor(
    table: ProcessTable,
    pid: Pid,
    options: ProcessOptions,
    body: ProcessBody | undefined,
  ) {
    super(table, options, body);
    this.#pid = pid;
    this.groupLeader = options.groupLeader ?? table.groupLeader ?? pid;
  }

  /** Its address. One that was read before the node had its name reaches it still, on this node. */
  override get pid(): Pid {
    return this.#pid;
  }

  /** The same as a list: a policy asks for all names. @internal */
  get names(): readonly Name[] {
    return this.registeredName === undefined ? [] : [this.registeredName];
  }

  /** Sends a signal of this process. @internal */
  route(node: Atom, signal: Signal): boolean {
    return this.table.router.route(node, signal);
  }

  // ── what it is made of, when needed ───────────────────────────────────────────────────────────

  /** @internal */
  get links(): Links<Process> {
    this.#links ??= new Links(this.table.linkCounts, this.self, this.table.identity);
    return this.#links;
  }

  /** Who monitors this process. @internal */
  get watchers(): Watchers<Process> {
    this.#watchers ??= new Watchers(this.self, this.table);
    return this.#watchers;
  }

  /** @internal */
  get heldMonitors(): Set<ProcessMonitor> {
    this.#monitors ??= new Set();
    return this.#monitors;
  }

  /** @internal */
  get heldAliases(): Set<Alias> {
    this.more.aliases ??= new Set();
    return this.more.aliases;
  }

  /** Told when the process has ended. @internal */
  get onExit(): (() => void) | undefined {
    return this.extras?.onExit;
  }

  set onExit(told: (() => void) | undefined) {
    this.more.onExit = told;
  }

  /** @internal */
  get timers(): Set<ProcessTimer> {
    this.more.timers ??= new Set();
    return this.more.timers;
  }

  /** @internal */
  get monitoredNodes(): Set<Atom> {
    this.more.monitoredNodes ??= new Set();
    return this.more.monitoredNodes;
  }

  /** @internal */
  get spawnRequests(): Set<PendingSpawn> {
    this.more.spawnRequests ??= new Set();
    return this.more.spawnRequests;
  }

  /** Whether anything of this kind was made: reading the property would. @internal */
  has(what: "links" | "watchers" | "monitors" | "aliases" | "dictionary"): boolean {
    switch (what) {
      case "links":
        return this.#links !== undefined;
      case "watchers":
        return this.#watchers !== undefined;
      case "monitors":
        return this.#monitors !== undefined;
      case "aliases":
        return this.extras?.aliases !== undefined;
      case "dictionary":
        return this.extras?.dictionary !== undefined;
    }
  }

  /** @internal */
  adoptIdentity(identity: Identity): void {
    const moved = ({ id, serial }: Pid): Pid =>
      new Pid(identity.node, id, serial, identity.creation);
    const before = this.#pid.node;
    if (this.groupLeader.node === before) this.groupLeader = moved(this.groupLeader);
    this.#links?.rename(moved);
    this.#pid = moved(this.#pid);
  }

  // ── exit signals ──────────────────────────────────────────────────────────────────────────────

  /** An exit signal along a link. @internal */
  linkExit(from: Pid, reason: Term, token?: Term): void {
    if (this.#links?.exitReceived(from) !== true) return;
    if (this.trapExit) this.trapped(from, reason, token, false);
    else if (reason !== atoms.normal && !this.system) this.exit(reason);
  }

  /** `exit(Pid, Reason)` by a process. @internal */
  exitReceived(from: Pid, reason: Term, token?: Term, urgent = false): void {
    if (this.system) return;
    if (reason === atoms.kill) this.exit(atoms.killed);
    else if (this.trapExit) this.trapped(from, reason, token, urgent);
    else if (reason !== atoms.normal || from.equals(this.#pid)) this.exit(reason);
  }

  private trapped(from: Pid, reason: Term, token: MessageToken, urgent: boolean): void {
    this.deliver(t(atoms.EXIT, from, reason), 0, token ?? KEEP_TOKEN, urgent);
  }

  /** The links across a connection that is gone. @internal */
  linksDown(node: Atom): void {
    for (const pid of this.links.takeWhere((linked) => linked.node === node)) {
      if (this.trapExit) this.trapped(pid, atoms.noconnection, undefined, false);
      else if (!this.system) this.exit(atoms.noconnection);
    }
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────

  /** Ends the process: its links and monitors hear of it, its name is free. */
  override exit(reason: Term = atoms.normal): void {
    if (!this.alive) return;
    this.die(reason);
    this.table.remove(this.self);
    this.table.ending.add(this.self);
  }

  /** As {@link exit}; `unencodable` gives another reason for one that cannot be sent. @internal */
  end(reason: Term, unencodable?: (error: unknown) => Term): void {
    if (this.alive && unencodable !== undefined) this.more.unencodable = unencodable;
    this.exit(reason);
  }

  /** Code of the process threw. @internal */
  override crash(error: unknown): void {
    if (!this.alive) return;
    const reason = reasonOf(error);
    if (!(error instanceof ExitReason)) this.table.onCrash(this.self, reason, error);
    // A service of the node goes on: what one peer has brought about is not felt by the others.
    if (!this.system) this.exit(reason);
  }

  /** Everybody who has to do with the process that ended is told. @internal */
  finish(): void {
    const { table } = this;
    const reason = this.exitReason as Term;
    const { extras } = this;
    if (extras?.timers !== undefined) table.timers.forget(extras.timers);
    if (this.registeredName !== undefined) table.names.unregister(this.registeredName);
    for (const { ref } of extras?.aliases ?? []) table.aliases.deactivate(ref);
    for (const request of extras?.spawnRequests ?? []) request.requesterEnded(reason);
    this.tellLinks(reason);
    if (this.#monitors !== undefined) for (const monitor of [...this.#monitors]) monitor.stop();
    if (extras?.monitoredNodes !== undefined) {
      table.nodeMonitors.forget(this.self, extras.monitoredNodes);
    }
    this.tellWatchers(reason);
    this.failWaits();
    extras?.onExit?.();
  }

  private tellLinks(reason: Term): void {
    if (this.#links === undefined) return;
    const from = this.#pid;
    const token = this.nextToken();
    for (const to of this.#links.takeWhere(() => true)) {
      this.routeEnd(to.node, { type: "exit", from, to, reason, token });
    }
  }

  private tellWatchers(reason: Term): void {
    if (this.#watchers === undefined) return;
    for (const { from: to, ref, as } of this.#watchers.takeAll()) {
      this.routeEnd(to.node, { type: "down", from: as, to, ref, reason });
    }
  }

  /** The reason is a term of the program's: one that cannot be encoded must not keep others waiting. */
  private routeEnd(node: Atom, signal: Exit | Down): void {
    try {
      this.route(node, signal);
    } catch (error) {
      this.table.onCrash(this.self, signal.reason, error);
      this.route(node, { ...signal, reason: this.extras?.unencodable?.(error) ?? atoms.badarg });
    }
  }
}
