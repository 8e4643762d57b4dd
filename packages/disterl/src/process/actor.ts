import { atoms } from "../term/atom.ts";
import { ImproperList } from "../term/list.ts";
import { type Matched, type Pattern, requiredReference } from "../term/match.ts";
import type { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { isTuple } from "../term/tuple.ts";
import { currentProcess, takeTurn } from "./current-process.ts";
import { assertTimeout } from "./deadlines.ts";
import { type ProcessError, processExited } from "./errors.ts";
import { referenceNumber } from "./identity.ts";
import { Mailbox } from "./mailbox.ts";
import { markHandled } from "./mark-handled.ts";
import { MessageIterator } from "./message-iterator.ts";
import type { Process } from "./process.ts";
import { ProcessExtras } from "./process-extras.ts";
import type { ProcessBody, ProcessOptions } from "./process-options.ts";
import type { ProcessTable } from "./process-table.ts";
import { isReceiveOptions, type ReceiveOptions, timedOut } from "./receivers.ts";
import { ReferenceTable } from "./reference-table.ts";
import type { Runnable } from "./run-queue.ts";
import {
  type Entry,
  KEEP_TOKEN,
  messageOf,
  type MessageToken,
  Traced,
  TraceState,
  type TraceToken,
} from "./trace-token.ts";
import { Waiting } from "./waiting.ts";

/** Messages that a callback gets in one turn, before others have theirs. */
const TURN = 256;

/** A call that may be answered by a message to the pid of the caller. @internal */
export interface ExpectedReply {
  readonly ref: Reference;
  replied(reply: Term): void;
  /** The process that waits has ended. */
  callerEnded(error: ProcessError): void;
}

/** Yes or no of a process, in one number. */
const Flag = {
  trapExit: 1,
  system: 2,
  asyncContext: 4,
  /** It waits for its turn, or has it. */
  scheduled: 8,
  /** It has a callback. */
  callback: 16,
  /** Its body has not started. */
  body: 32,
} as const;

type OnMessage = NonNullable<ProcessOptions["onMessage"]>;

/** The part of a process that takes messages and runs code. What it is made of is made when needed. */
export abstract class Actor extends Waiting implements Runnable {
  /** What this process shares with the others of its node. @internal */
  readonly table: ProcessTable;
  /** What few processes have. @internal */
  protected extras: ProcessExtras | undefined = undefined;
  /** The callback, or the body until it starts. */
  readonly #code: OnMessage | ProcessBody | undefined;
  /** Bits: see {@link Flag}. */
  #flags = 0;
  #exitReason: Term | undefined = undefined;
  #mailbox: Mailbox | undefined = undefined;

  protected constructor(table: ProcessTable, options: ProcessOptions, body?: ProcessBody) {
    super();
    this.table = table;
    this.#code = body ?? options.onMessage;
    if (options.asyncContext === true) this.#flags |= Flag.asyncContext;
    if (options.trapExit === true) this.#flags |= Flag.trapExit;
    if (options.system === true) this.#flags |= Flag.system;
    if (body !== undefined) {
      this.#flags |= Flag.body;
      this.schedule();
    } else if (options.onMessage !== undefined) {
      this.#flags |= Flag.callback;
    }
  }

  /** Exit signals become messages `{'EXIT', From, Reason}` instead of ending the process. */
  get trapExit(): boolean {
    return (this.#flags & Flag.trapExit) !== 0;
  }

  set trapExit(on: boolean) {
    this.setFlag(Flag.trapExit, on);
  }

  /** Whether it is a service of the node, which exit signals of others do not reach. @internal */
  get system(): boolean {
    return (this.#flags & Flag.system) !== 0;
  }

  /** @internal */
  get asyncContext(): boolean {
    return (this.#flags & Flag.asyncContext) !== 0;
  }

  private setFlag(flag: number, on: boolean): void {
    this.#flags = on ? this.#flags | flag : this.#flags & ~flag;
  }

  /** @internal */
  protected get more(): ProcessExtras {
    this.extras ??= new ProcessExtras();
    return this.extras;
  }

  abstract get pid(): Pid;
  /** Ends the process. */
  abstract exit(reason?: Term): void;
  /** Code of the process threw. @internal */
  abstract crash(error: unknown): void;
  /** This, as the code of the process sees it. */
  protected abstract get self(): Process;

  /** Whether it has not ended (`erlang:is_process_alive/1`). */
  get alive(): boolean {
    return this.#exitReason === undefined;
  }

  /** Why it ended; undefined while it lives. */
  get exitReason(): Term | undefined {
    return this.#exitReason;
  }

  /** Messages that wait. */
  get messageQueueLength(): number {
    return this.#mailbox?.length ?? 0;
  }

  /** The messages that wait, oldest first. */
  messages(): Term[] {
    return this.#mailbox?.messages() ?? [];
  }

  /** What it does at this moment, in the words of `process_info(Pid, status)`. */
  get status(): "running" | "runnable" | "waiting" | "exiting" {
    if (!this.alive) return "exiting";
    if (currentProcess() === this.self) return "running";
    return (this.#flags & Flag.scheduled) !== 0 ? "runnable" : "waiting";
  }

  /** What it was started with: the body, or the callback. @internal */
  get initialCall(): string {
    return this.#code?.name ?? "";
  }

  // ── messages ──────────────────────────────────────────────────────────────────────────────────

  /**
   * A message arrived. `bytes` is what it took on the wire; `token` is the sequential trace token it
   * came with; an `urgent` one goes before those that are not.
   * @internal
   */
  deliver(message: Term, bytes = 0, token?: MessageToken, urgent = false): void {
    if (this.#exitReason !== undefined) return;
    if (token !== undefined && token !== KEEP_TOKEN) this.table.tracing = true;
    if (this.extras?.replies !== undefined && this.isReply(message)) return this.took(token);
    if (this.offer(message)) return this.took(token);
    const entry = token === undefined || !this.table.tracing ? message : new Traced(message, token);
    this.keep(entry, bytes, urgent);
    if ((this.#flags & (Flag.callback | Flag.scheduled)) === Flag.callback) this.schedule();
  }

  private keep(entry: Entry, bytes: number, urgent: boolean): void {
    this.#mailbox ??= new Mailbox(this.table.identity);
    const mailbox = this.#mailbox;
    if (urgent) mailbox.pushUrgent(entry, bytes);
    else mailbox.push(entry, bytes);
    if (mailbox.exceeds(this.table.limits)) {
      this.table.onCrash(this.self, atoms.killed, new Error("the mailbox is over its limit"));
      // What a peer sends ends no service of the node.
      if (this.system) mailbox.clear();
      else this.exit(atoms.killed);
    }
  }

  /** The token of a message that was taken is the process's own from then on. */
  private took(token: MessageToken): void {
    if (!this.table.tracing || token === KEEP_TOKEN) return;
    if (token !== undefined) this.more.trace ??= new TraceState();
    this.extras?.trace?.received(token);
  }

  private open(entry: Entry): Term {
    if (this.table.tracing) this.took(entry instanceof Traced ? entry.token : undefined);
    return messageOf(entry);
  }

  /**
   * Takes the oldest message, or the oldest that matches; the others stay, in order. Waits when there
   * is none.
   *
   *     const [, from, key] = await self.receive(t(atom("get"), match.pid, match.atom));
   *
   * @throws ProcessError `ERR_RECEIVE_TIMEOUT` after `timeout` ms, `ERR_PROCESS_EXITED` when the
   *   process ends meanwhile; the signal's reason on abort; what the pattern throws.
   */
  receive(options?: ReceiveOptions): Promise<Term>;
  receive<const P extends Pattern>(pattern: P, options?: ReceiveOptions): Promise<Matched<P>>;
  receive(first?: Pattern | ReceiveOptions, second?: ReceiveOptions): Promise<Term> {
    this.assertReceives();
    const isOptions = first === undefined || isReceiveOptions(first);
    const options = (isOptions ? first : second) ?? {};
    if (options.timeout !== undefined) assertTimeout(options.timeout);
    return this.receiveWhen(isOptions ? undefined : first, options);
  }

  private receiveWhen(pattern: Pattern | undefined, options: ReceiveOptions): Promise<Term> {
    const pause = this.table.runQueue.breathe(this.#code !== undefined);
    if (pause !== undefined)
      return markHandled(pause.then(() => this.receiveWhen(pattern, options)));
    if (this.#exitReason !== undefined) return markHandled(Promise.reject(this.exited()));
    const { timeout, signal } = options;
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    let found: Entry | undefined;
    try {
      found = this.take(pattern);
    } catch (error) {
      return Promise.reject(error);
    }
    if (found !== undefined) return Promise.resolve(this.open(found));
    if (timeout === 0) return Promise.reject(timedOut(0));
    return this.wait(pattern, options, this.table.clock);
  }

  private take(pattern: Pattern | undefined): Entry | undefined {
    const mailbox = this.#mailbox;
    if (mailbox === undefined) return undefined;
    if (pattern === undefined) return mailbox.shift();
    const ref = mailbox.length > 1 ? requiredReference(pattern) : undefined;
    if (ref === undefined || !this.table.identity.isOwn(ref.node, ref.creation)) {
      return mailbox.take(pattern);
    }
    return mailbox.take(pattern, mailbox.positionSince(referenceNumber(ref)));
  }

  /** Removes the oldest message that matches, as if it had never come. @internal */
  flush(pattern: Pattern): boolean {
    return this.#mailbox?.take(pattern) !== undefined;
  }

  /** Message after message; ends when the process does. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Term, undefined> {
    this.assertReceives();
    return new MessageIterator(this);
  }

  /** The next message for an iterator. @internal */
  nextMessage(): Promise<IteratorResult<Term, undefined>> {
    const pause = this.table.runQueue.breathe(this.#code !== undefined);
    if (pause !== undefined) return pause.then(() => this.nextMessage());
    if (!this.alive) return Promise.resolve({ done: true, value: undefined });
    const found = this.#mailbox?.shift();
    if (found !== undefined) return Promise.resolve({ done: false, value: this.open(found) });
    return this.waitNext(this.table.clock);
  }

  private assertReceives(): void {
    if ((this.#flags & Flag.callback) === 0) return;
    throw new TypeError("this process has onMessage: it cannot also receive");
  }

  /**
   * Hands over `Reply` when a message `{Tag, Reply}` comes whose tag is the reference or
   * `[alias | reference]`: the answer to a call, which then is no message of the mailbox. @internal
   */
  expectReply(expected: ExpectedReply): void {
    const { more } = this;
    more.replies ??= new ReferenceTable();
    more.replies.set(expected);
  }

  /** @internal */
  forgetReply(ref: Reference): void {
    this.extras?.replies?.take(ref);
  }

  private isReply(message: Term): boolean {
    const replies = this.extras?.replies;
    if (replies?.size === 0 || !isTuple(message) || message.length !== 2) return false;
    const tag = message[0];
    const ref = tag instanceof ImproperList ? tag.tail : tag;
    if (!(ref instanceof Reference)) return false;
    const expected = replies?.get(ref);
    expected?.replied(message[1] as Term);
    return expected !== undefined;
  }

  // ── tracing ───────────────────────────────────────────────────────────────────────────────────

  /**
   * The sequential trace token, `{Flags, Label, Serial, From, LastCount}`: the one of the message
   * received last. What the process sends carries it on (`seq_trace`). Undefined: not traced.
   */
  get traceToken(): TraceToken | undefined {
    return this.extras?.trace?.token;
  }

  set traceToken(token: TraceToken | undefined) {
    if (token !== undefined) this.table.tracing = true;
    this.took(token);
  }

  /** The token for the next signal. @internal */
  nextToken(): TraceToken | undefined {
    return this.extras?.trace?.sending(this.pid);
  }

  // ── running ───────────────────────────────────────────────────────────────────────────────────

  private schedule(): void {
    this.#flags |= Flag.scheduled;
    this.table.runQueue.schedule(this);
  }

  /** Has its turn in the run queue: true when there is more to do. */
  run(): boolean {
    return takeTurn(this.self);
  }

  /** Starts the body, or hands a limited number of messages to the callback. @internal */
  turn(): boolean {
    if ((this.#flags & Flag.body) === 0) return this.handleMessages();
    const body = this.#code as ProcessBody;
    this.#flags &= ~(Flag.body | Flag.scheduled);
    if (this.alive) this.start(body);
    return false;
  }

  private start(body: ProcessBody): void {
    try {
      const result = body(this.self);
      if (result === undefined) return this.exit(atoms.normal);
      // Bound functions take less than closures: an idle process holds both.
      Promise.resolve(result).then(this.ended.bind(this), this.crash.bind(this));
    } catch (error) {
      this.crash(error);
    }
  }

  private ended(): void {
    this.exit(atoms.normal);
  }

  private handleMessages(): boolean {
    if ((this.#flags & Flag.callback) === 0) return false;
    const onMessage = this.#code as OnMessage;
    for (let i = 0; i < TURN; i++) {
      const entry = this.#mailbox?.shift();
      if (entry === undefined) {
        this.#flags &= ~Flag.scheduled;
        return false;
      }
      try {
        const result = onMessage(this.open(entry), this.self);
        if (result !== undefined)
          Promise.resolve(result).catch((error: unknown) => this.crash(error));
      } catch (error) {
        this.crash(error);
      }
    }
    return true;
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────

  /** From now on the process is dead. @internal */
  protected die(reason: Term): void {
    this.#exitReason = reason;
    this.#mailbox?.clear();
  }

  /** Who waits in the name of the process is told. @internal */
  protected failWaits(): void {
    const replies = this.extras?.replies;
    if (replies !== undefined) {
      for (const expected of replies.entries()) expected.callerEnded(this.exited());
    }
    if (this.waits) this.failReceives(this.exited());
  }

  /** What those get who ask something of a process that has ended. @internal */
  exited(): ProcessError {
    return processExited(this.pid.toString(), this.#exitReason);
  }
}
