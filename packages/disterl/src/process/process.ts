import type { Down, Exit, Name, Signal } from "../signal/signal.ts";
import { type Atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { ImproperList } from "../term/list.ts";
import { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { isTuple, t } from "../term/tuple.ts";
import { type Destination, namedDestination } from "./destination.ts";
import { ProcessError } from "./errors.ts";
import { reasonOf } from "./exit-reason.ts";
import type { Identity } from "./identity.ts";
import { Links } from "./links.ts";
import { Mailbox } from "./mailbox.ts";
import type { ProcessTable } from "./process-table.ts";
import { type ReceiveOptions, Receivers } from "./receivers.ts";
import { ReferenceTable } from "./reference-table.ts";
import { Watchers } from "./watchers.ts";

/** What a process is started with. */
export interface ProcessOptions {
  /** Registers the process under this name. */
  readonly name?: Name;
  /**
   * Called for each message, in order, with no promise in between. What it throws, or a promise of
   * its that rejects, ends the process. Without it the messages wait for {@link Process.receive}.
   */
  readonly onMessage?: ((message: Term, self: Process) => void | Promise<void>) | undefined;
  /** Exit signals become messages `{'EXIT', From, Reason}` instead of ending the process. */
  readonly trapExit?: boolean;
  /** A service of the node: exit signals of others are ignored. @internal */
  readonly system?: boolean;
}

/** A call that may be answered by a message to the pid of the caller. @internal */
export interface ExpectedReply {
  readonly ref: Reference;
  replied(reply: Term): void;
  /** The process that waits has ended. */
  callerEnded(error: ProcessError): void;
}

/**
 * A process of this node: an address with a mailbox, links and monitors, as real to Erlang nodes as
 * one of theirs. Mirrors the process part of `erl_proc_sig_queue.c`.
 */
export class Process {
  /** @internal */
  readonly links: Links;
  /** Who monitors this process. @internal */
  readonly watchers: Watchers;
  /** Registered names; kept by the name registry. @internal */
  readonly names: Name[] = [];
  /** Exit signals become messages `{'EXIT', From, Reason}` instead of ending the process. */
  trapExit: boolean;
  /** Who writes what the processes that this one starts print (`erlang:group_leader/0`). */
  groupLeader: Pid;
  /** Told when the process has ended. @internal */
  onExit: (() => void) | undefined = undefined;
  readonly #table: ProcessTable;
  readonly #mailbox = new Mailbox();
  readonly #receivers: Receivers;
  readonly #onMessage: ((message: Term, self: Process) => void | Promise<void>) | undefined;
  readonly #monitors = new Set<Reference>();
  readonly #aliases = new Set<Reference>();
  readonly #replies = new ReferenceTable<ExpectedReply>();
  readonly #system: boolean;
  #pid: Pid;
  #scheduled = false;
  #exitReason: Term | undefined;

  /** @internal */
  constructor(table: ProcessTable, pid: Pid, options: ProcessOptions) {
    this.#table = table;
    this.#pid = pid;
    this.#onMessage = options.onMessage;
    this.#system = options.system ?? false;
    this.trapExit = options.trapExit ?? false;
    this.groupLeader = pid;
    this.links = new Links(table.linkCounts);
    this.watchers = new Watchers(table.watcherCounts);
    this.#receivers = new Receivers(this.#mailbox, table.clock);
  }

  /** Whether it is a service of the node, which exit signals of others do not reach. @internal */
  get system(): boolean {
    return this.#system;
  }

  /** Its address. One that was read before the node had its name reaches it still, on this node. */
  get pid(): Pid {
    return this.#pid;
  }

  /** Whether it has not ended (`erlang:is_process_alive/1`). */
  get alive(): boolean {
    return this.#exitReason === undefined;
  }

  /** Messages that wait. */
  get messageQueueLength(): number {
    return this.#mailbox.length;
  }

  /** @internal */
  adoptIdentity(identity: Identity): void {
    const moved = ({ id, serial }: Pid): Pid =>
      new Pid(identity.node, id, serial, identity.creation);
    const before = this.#pid.node;
    if (this.groupLeader.node === before) this.groupLeader = moved(this.groupLeader);
    this.links.rename((pid) => (pid.node === before ? moved(pid) : undefined));
    this.#pid = moved(this.#pid);
  }

  // ── messages ──────────────────────────────────────────────────────────────────────────────────

  /** A message arrived. `bytes` is what it took on the wire. @internal */
  deliver(message: Term, bytes = 0): void {
    if (this.#exitReason !== undefined) return;
    if (this.#replies.size > 0 && this.#isReply(message)) return;
    if (this.#receivers.offer(message)) return;
    this.#mailbox.push(message, bytes);
    const { mailboxBytes, mailboxMessages } = this.#table.limits;
    if (this.#mailbox.length > mailboxMessages || this.#mailbox.bytes > mailboxBytes) {
      this.#table.onCrash(this, atoms.killed, new Error("the mailbox is over its limit"));
      this.exit(atoms.killed);
      return;
    }
    if (this.#onMessage !== undefined && !this.#scheduled) {
      this.#scheduled = true;
      this.#table.runQueue.schedule(this);
    }
  }

  /** Hands a limited number of messages to the callback. @internal */
  run(): boolean {
    const onMessage = this.#onMessage;
    if (onMessage === undefined) return false;
    for (let i = 0; i < 256; i++) {
      const message = this.#mailbox.shift();
      if (message === undefined) {
        this.#scheduled = false;
        return false;
      }
      try {
        const result = onMessage(message, this);
        if (result !== undefined)
          Promise.resolve(result).catch((error: unknown) => this.crash(error));
      } catch (error) {
        this.crash(error);
      }
    }
    return true;
  }

  /**
   * Takes the oldest message, or the oldest that `matches`; the others stay, in order. Waits when
   * there is none.
   *
   * @throws ProcessError `ERR_RECEIVE_TIMEOUT` after `timeout` ms, `ERR_PROCESS_EXITED` when the
   *   process ends meanwhile; the signal's reason on abort.
   */
  receive(options: ReceiveOptions = {}): Promise<Term> {
    if (this.#onMessage !== undefined) {
      throw new TypeError("this process hands its messages to onMessage: it cannot also receive");
    }
    if (this.#exitReason !== undefined) return Promise.reject(this.#exited());
    return this.#receivers.receive(options);
  }

  /** Message after message; ends when the process does. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Term, void> {
    while (this.alive) {
      let message: Term;
      try {
        message = await this.receive();
      } catch (error) {
        if (error instanceof ProcessError && error.code === "ERR_PROCESS_EXITED") return;
        throw error;
      }
      yield message;
    }
  }

  /**
   * Hands over `Reply` when a message `{Tag, Reply}` comes whose tag is the reference or
   * `[alias | reference]`: the answer to a call, which then is no message of the mailbox. @internal
   */
  expectReply(expected: ExpectedReply): void {
    this.#replies.set(expected);
  }

  /** @internal */
  forgetReply(ref: Reference): void {
    this.#replies.take(ref);
  }

  #isReply(message: Term): boolean {
    if (!isTuple(message) || message.length !== 2) return false;
    const tag = message[0];
    const ref = tag instanceof ImproperList ? tag.tail : tag;
    if (!(ref instanceof Reference)) return false;
    const expected = this.#replies.get(ref);
    expected?.replied(message[1] as Term);
    return expected !== undefined;
  }

  // ── relations ─────────────────────────────────────────────────────────────────────────────────

  /** What this process shares with the others of its node. @internal */
  get table(): ProcessTable {
    return this.#table;
  }

  /** Sends a signal of this process. @internal */
  route(node: Atom, signal: Signal): boolean {
    return this.#table.router.route(node, signal);
  }

  /**
   * Sends a message (`erlang:send/2`). To whom nobody is, it is lost, as everywhere in Erlang.
   *
   * @returns false when more waits for that node than the busy threshold: await `node.drained()`.
   * @throws NodeError `ERR_SEND_NOT_ENCODABLE` when the message is not a term,
   *   `ERR_SEND_QUEUE_FULL` when too much waits.
   */
  send(to: Destination, message: Term): boolean {
    const from = this.#pid;
    if (to instanceof Pid) {
      return this.route(to.node, { type: "send", from, to, message, token: undefined });
    }
    if (to instanceof Reference) {
      const signal = { type: "alias_send", from, to, message } as const;
      return this.route(to.node, { ...signal, priority: false, token: undefined });
    }
    const { name, node } = namedDestination(to, this.#pid.node);
    return this.route(node, { type: "reg_send", from, to: name, message, token: undefined });
  }

  /** Links with another process; an exit signal follows should it not exist (`erlang:link/1`). */
  link(pid: Pid): void {
    if (pid.equals(this.#pid) || this.#exitReason !== undefined) return;
    if (this.links.link(pid)) this.route(pid.node, { type: "link", from: this.#pid, to: pid });
  }

  /** Takes the link away: the end of one does not touch the other any more (`erlang:unlink/1`). */
  unlink(pid: Pid): void {
    const id = this.links.unlink(pid);
    if (id !== undefined) this.route(pid.node, { type: "unlink", id, from: this.#pid, to: pid });
  }

  /**
   * Watches a process: `{'DOWN', Ref, process, Pid | {Name, Node}, Reason}` arrives, once, when it is
   * gone or cannot be reached (`erlang:monitor/2`). Texts in `to` become atoms.
   */
  monitor(to: Exclude<Destination, Reference>): Reference {
    const { target, node } = to instanceof Pid ? { target: to, node: to.node } : this.#named(to);
    const ref = this.#table.identity.nextReference();
    if (this.#exitReason !== undefined) return ref;
    const from = this.#pid;
    const down = (reason: Term): void => {
      this.#monitors.delete(ref);
      const item = target instanceof Pid ? target : t(target, node);
      this.deliver(t(atoms.DOWN, ref, atoms.process, item, reason));
    };
    this.#monitors.add(ref);
    this.#table.monitors.add({ ref, from, node, target, down });
    this.route(node, { type: "monitor", from, to: target, ref });
    return ref;
  }

  #named(to: Exclude<Destination, Reference | Pid>): { target: Name; node: Atom } {
    const { name: target, node } = namedDestination(to, this.#pid.node);
    return { target, node };
  }

  /** Stops watching. With `flush`, a DOWN message that came already is removed, too. */
  demonitor(ref: Reference, options: { readonly flush?: boolean } = {}): void {
    this.#monitors.delete(ref);
    const monitor = this.#table.monitors.remove(ref);
    if (monitor !== undefined) {
      const { from, target: to, node } = monitor;
      this.route(node, { type: "demonitor", from, to, ref });
    } else if (options.flush === true) {
      this.#mailbox.take(
        (message) => Array.isArray(message) && message[0] === atoms.DOWN && ref.equals(message[1]),
      );
    }
  }

  /**
   * An address for replies that can be taken back at any time (`erlang:alias/1`). With `reply` the
   * first message takes it back.
   */
  alias(options: { readonly reply?: boolean } = {}): Reference {
    const ref = this.#table.identity.nextReference();
    if (this.#exitReason !== undefined) return ref;
    const once = options.reply ?? false;
    this.#aliases.add(ref);
    this.#table.aliases.activate({
      ref,
      once,
      receive: (message, bytes) => {
        if (once) this.#aliases.delete(ref);
        this.deliver(message, bytes);
      },
    });
    return ref;
  }

  /** Takes an alias back: what is sent to it is lost from now on. False when it was none. */
  unalias(ref: Reference): boolean {
    return this.#aliases.delete(ref) && this.#table.aliases.deactivate(ref);
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────

  /** Ends the process: its links and monitors hear of it, its names are free. */
  exit(reason: Term = atoms.normal): void {
    this.end(reason);
  }

  /** As {@link exit}; `unencodable` gives another reason for one that cannot be sent. @internal */
  end(reason: Term, unencodable: (error: unknown) => Term = () => atoms.badarg): void {
    if (this.#exitReason !== undefined) return;
    this.#exitReason = reason;
    this.#table.remove(this);
    for (const name of [...this.names]) this.#table.names.unregister(name);
    for (const ref of this.#aliases) this.#table.aliases.deactivate(ref);
    for (const ref of [...this.#monitors]) this.demonitor(ref);
    for (const to of this.links.takeWhere(() => true)) {
      const exit = { type: "exit", from: this.#pid, to, reason, token: undefined } as const;
      this.#routeEnd(to.node, exit, unencodable);
    }
    for (const { from: to, ref, as } of this.watchers.takeAll()) {
      this.#routeEnd(to.node, { type: "down", from: as, to, ref, reason }, unencodable);
    }
    this.#mailbox.clear();
    for (const expected of this.#replies.entries()) expected.callerEnded(this.#exited());
    this.#receivers.fail(this.#exited());
    this.onExit?.();
  }

  /** Code of the process threw. @internal */
  crash(error: unknown): void {
    if (this.#exitReason !== undefined) return;
    const reason = reasonOf(error);
    this.#table.onCrash(this, reason, error);
    // A service of the node goes on: what one peer has brought about is not felt by the others.
    if (!this.#system) this.exit(reason);
  }

  /** An exit signal along a link. @internal */
  linkExit(from: Pid, reason: Term): void {
    if (!this.links.exitReceived(from)) return;
    if (this.trapExit) this.deliver(t(atoms.EXIT, from, reason));
    else if (reason !== atoms.normal && !this.#system) this.exit(reason);
  }

  /** `exit(Pid, Reason)` by another process. @internal */
  exitSignal(from: Pid, reason: Term): void {
    if (this.#system) return;
    if (reason === atoms.kill) this.exit(atoms.killed);
    else if (this.trapExit) this.deliver(t(atoms.EXIT, from, reason));
    else if (reason !== atoms.normal || from.equals(this.#pid)) this.exit(reason);
  }

  /** The connection to a node is gone; monitors held are handled by the table. @internal */
  nodeDown(node: Atom): void {
    this.watchers.removeNode(node);
    for (const pid of this.links.takeWhere((linked) => linked.node === node)) {
      if (this.trapExit) this.deliver(t(atoms.EXIT, pid, atoms.noconnection));
      else if (!this.#system) this.exit(atoms.noconnection);
    }
  }

  /** The reason is a term of the program's: one that cannot be encoded must not keep others waiting. */
  #routeEnd(node: Atom, signal: Exit | Down, unencodable: (error: unknown) => Term): void {
    try {
      this.route(node, signal);
    } catch (error) {
      this.#table.onCrash(this, signal.reason, error);
      this.route(node, { ...signal, reason: unencodable(error) });
    }
  }

  #exited(): ProcessError {
    return new ProcessError(
      "ERR_PROCESS_EXITED",
      `the process ${this.#pid.toString()} has ended`,
      this.#exitReason,
    );
  }
}
