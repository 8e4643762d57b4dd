import type { Clock } from "../carrier/clock.ts";
import type { Name } from "../signal/signal.ts";
import { atomOrBoolean, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import type { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { t } from "../term/tuple.ts";
import { Expiring } from "./deadlines.ts";
import type { Process } from "./process.ts";
import type { ProcessTable } from "./process-table.ts";
import { ReferenceTable } from "./reference-table.ts";
import { KEEP_TOKEN } from "./trace-token.ts";

/** Who can get the message of a timer: a process of this node, or who has a name when it is due. */
export type TimerTarget = Pid | Name | string;

/** A message that waits for its time. */
export class ProcessTimer extends Expiring {
  readonly ref: Reference;
  readonly to: Process | Name;
  readonly message: Term;
  readonly #timers: ProcessTimers;

  constructor(timers: ProcessTimers, ref: Reference, to: Process | Name, message: Term) {
    super();
    this.#timers = timers;
    this.ref = ref;
    this.to = to;
    this.message = message;
  }

  expired(): void {
    this.#timers.expired(this);
  }
}

/** The timers of a node (`erlang:start_timer/3`, `erlang:send_after/3`). */
export class ProcessTimers {
  readonly #table: ProcessTable;
  readonly #clock: Clock;
  readonly #byRef = new ReferenceTable<ProcessTimer>();

  constructor(table: ProcessTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  get size(): number {
    return this.#byRef.size;
  }

  /**
   * Sends the message, or `{timeout, Ref, Message}`, after so many milliseconds.
   * @throws TypeError when the time is out of range, or the pid is one of another node.
   */
  start(milliseconds: number, to: TimerTarget, message: Term, wrapped: boolean): Reference {
    if (!Number.isSafeInteger(milliseconds) || milliseconds < 0) {
      throw new TypeError(`a timer takes whole milliseconds from 0 up, not ${milliseconds}`);
    }
    const { identity } = this.#table;
    const ref = identity.nextReference();
    const target = this.#target(to);
    if (target === undefined) return ref;
    const timer = new ProcessTimer(
      this,
      ref,
      target,
      wrapped ? t(atoms.timeout, ref, message) : message,
    );
    this.#byRef.set(timer);
    if (!isName(target)) target.timers.add(timer);
    this.#table.deadlines.add(timer, milliseconds);
    return ref;
  }

  /** A process that has ended gets nothing: undefined. */
  #target(to: TimerTarget): Process | Name | undefined {
    if (typeof to === "string") return atomOrBoolean(to);
    if (!(to instanceof Pid)) return to;
    if (!this.#table.identity.isOwnPid(to)) {
      throw new TypeError(`a timer is for processes of this node, not for ${to.toString()}`);
    }
    return this.#table.find(to);
  }

  /** Milliseconds that were left; undefined when there is no such timer (any more). */
  cancel(ref: Reference): number | undefined {
    const left = this.read(ref);
    const timer = this.#byRef.take(ref);
    if (timer !== undefined) this.#drop(timer);
    return left;
  }

  /** Milliseconds that are left; undefined when there is no such timer (any more). */
  read(ref: Reference): number | undefined {
    const timer = this.#byRef.get(ref);
    return timer && Math.max(0, Math.ceil(timer.dueAt - this.#clock.now()));
  }

  expired(timer: ProcessTimer): void {
    // It may have been cancelled by another that was due at the same moment.
    if (this.#byRef.take(timer.ref) === undefined) return;
    this.#drop(timer);
    const { to, message } = timer;
    const process = isName(to) ? this.#table.names.find(to) : to;
    process?.deliver(message, 0, KEEP_TOKEN);
  }

  /** The process ended, and what it would have got is gone. */
  forget(timers: Iterable<ProcessTimer>): void {
    for (const timer of timers) {
      this.#byRef.take(timer.ref);
      this.#table.deadlines.remove(timer);
    }
  }

  /** The node has stopped: nothing is due any more. */
  stop(): void {
    for (const timer of this.#byRef.entries()) this.cancel(timer.ref);
  }

  #drop(timer: ProcessTimer): void {
    this.#table.deadlines.remove(timer);
    if (!isName(timer.to)) timer.to.timers.delete(timer);
  }
}

function isName(to: Process | Name): to is Name {
  return typeof to === "boolean" || "text" in to;
}
