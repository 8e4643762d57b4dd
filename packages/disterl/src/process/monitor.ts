import type { Name } from "../signal/signal.ts";
import { type Atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import type { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { t } from "../term/tuple.ts";
import type { Alias } from "./aliases.ts";
import { type Destination, namedDestination } from "./destination.ts";
import { match } from "../term/match.ts";
import type { OutgoingMonitor } from "./monitors.ts";
import type { Process } from "./process.ts";
import { KEEP_TOKEN } from "./trace-token.ts";

/**
 * When the alias of a monitor ends: only by `unalias`; with the monitor; or with the monitor or the
 * first message, which ends the monitor, too.
 */
export type AliasMode = "explicit_unalias" | "demonitor" | "reply_demonitor";

/** What can be monitored: a pid, a name here, or a name on another node. */
export type MonitorTarget = Exclude<Destination, Reference>;

/** Options of {@link Process.monitor} (`erlang:monitor/3`). */
export interface MonitorOptions {
  /** Makes the reference an alias of the process, too. */
  readonly alias?: AliasMode | undefined;
  /** First element of the message in place of `'DOWN'`. */
  readonly tag?: Term | undefined;
  /** The message stands before ordinary ones in the mailbox (OTP 28). */
  readonly priority?: boolean | undefined;
}

/** Options of {@link Process.demonitor} (`erlang:demonitor/2`). */
export interface DemonitorOptions {
  /** Removes the message of the monitor from the mailbox, should it have come. */
  readonly flush?: boolean | undefined;
  /** The result says whether there was a monitor. */
  readonly info?: boolean | undefined;
}

/** A monitor that a process holds; also its alias, if it has one. */
export class ProcessMonitor implements OutgoingMonitor, Alias {
  readonly ref: Reference;
  readonly owner: Process;
  readonly from: Pid;
  readonly node: Atom;
  readonly target: Pid | Name;
  readonly priority: boolean;
  previousOfNode: OutgoingMonitor | undefined = undefined;
  nextOfNode: OutgoingMonitor | undefined = undefined;
  readonly #tag: Term;
  readonly #mode: AliasMode | undefined;

  constructor(
    owner: Process,
    ref: Reference,
    node: Atom,
    target: Pid | Name,
    options: MonitorOptions,
  ) {
    this.ref = ref;
    this.owner = owner;
    this.from = owner.pid;
    this.node = node;
    this.target = target;
    this.priority = options.priority ?? false;
    this.#tag = options.tag ?? atoms.DOWN;
    this.#mode = options.alias;
  }

  get once(): boolean {
    return this.#mode === "reply_demonitor";
  }

  /** Starts to count as a monitor. */
  watch(): void {
    this.owner.heldMonitors.add(this);
    this.owner.table.monitors.add(this);
  }

  /** Makes the reference an address. */
  activateAlias(): void {
    if (this.#mode === undefined) return;
    this.owner.heldAliases.add(this);
    this.owner.table.aliases.activate(this);
  }

  /** The monitor is no more: neither is its alias, unless it is one that must be taken back. */
  ended(): void {
    this.owner.heldMonitors.delete(this);
    if (this.#mode !== undefined && this.#mode !== "explicit_unalias") this.deactivate();
  }

  /** The alias is taken back: false when it was not active. */
  deactivate(): boolean {
    this.owner.heldAliases.delete(this);
    return this.owner.table.aliases.deactivate(this.ref);
  }

  down(reason: Term): void {
    this.ended();
    const { target, node, ref } = this;
    const item = target instanceof Pid ? target : t(target, node);
    const message = t(this.#tag, ref, atoms.process, item, reason);
    this.owner.deliver(message, 0, KEEP_TOKEN, this.priority);
  }

  /** A message to the alias. */
  receive(message: Term, bytes: number, token: Term | undefined, urgent: boolean): void {
    if (this.once) {
      this.owner.heldAliases.delete(this);
      this.stop();
    }
    this.owner.deliver(message, bytes, token, urgent);
  }

  /** Ends the monitor and tells the other side: false when it had ended. */
  stop(): boolean {
    const { from, target: to, node, ref } = this;
    if (this.owner.table.monitors.remove(ref) === undefined) return false;
    this.ended();
    this.owner.route(node, { type: "demonitor", from, to, ref });
    return true;
  }
}

/** `erlang:monitor/3` of a process. */
export function startMonitor(
  self: Process,
  to: MonitorTarget,
  options: MonitorOptions = {},
): Reference {
  const { table } = self;
  const ref = table.identity.nextReference();
  if (!self.alive) return ref;
  const { target, node } = to instanceof Pid ? { target: to, node: to.node } : named(self, to);
  // Nobody is told of its own end: there is no monitor then, and no alias.
  if (isSelf(self, target, node)) return ref;
  const monitor = new ProcessMonitor(self, ref, node, target, options);
  monitor.activateAlias();
  monitor.watch();
  self.route(node, { type: "monitor", from: monitor.from, to: target, ref });
  return ref;
}

function named(self: Process, to: Exclude<MonitorTarget, Pid>): { target: Name; node: Atom } {
  const { name: target, node } = namedDestination(to, self.pid.node);
  return { target, node };
}

function isSelf(self: Process, target: Pid | Name, node: Atom): boolean {
  if (target instanceof Pid) return target.equals(self.pid);
  return node === self.pid.node && self.table.names.find(target) === self;
}

/** `erlang:demonitor/2` of a process. A monitor of another process stays, as if it were not there. */
export function endMonitor(self: Process, ref: Reference, options: DemonitorOptions): boolean {
  const monitor = self.table.monitors.get(ref);
  const wasThere = monitor instanceof ProcessMonitor && monitor.owner === self && monitor.stop();
  if (!wasThere) {
    const alias = self.table.aliases.get(ref);
    if (alias instanceof ProcessMonitor && alias.owner === self) alias.ended();
    if (options.flush === true) self.flush(downOf(ref));
  }
  return wasThere || options.info !== true;
}

/** Whatever its tag: `{_, Ref, _, _, _}`. */
function downOf(ref: Reference) {
  const any = match.any;
  return t(any, ref, any, any, any);
}
