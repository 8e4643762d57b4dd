import type { Clock } from "../carrier/clock.ts";
import { matches, type Pattern } from "../term/match.ts";
import type { Term } from "../term/term.ts";
import { markHandled } from "./mark-handled.ts";
import { type ReceiveOptions, Receivers } from "./receivers.ts";

/** In place of a pattern: an iterator waits for whatever comes, and ends with the process. */
const EACH = Symbol("each");

type Next = IteratorResult<Term, undefined>;

/**
 * The receives of a process that wait for a message, oldest first.
 *
 * A program may have very many processes, and nearly all of them wait in one receive without a time
 * limit. The oldest, when it is one of that kind, takes three slots of the process itself, where an
 * object of its own would take twice that; `private` methods of this class and of those above it have
 * no slot, where `#` methods have one for each class.
 */
export abstract class Waiting {
  /** Of the promise of the oldest receive; a rejected promise rejects it. */
  #resolve: ((result: unknown) => void) | undefined = undefined;
  #promise: Promise<unknown> | undefined = undefined;
  #pattern: Pattern | typeof EACH | undefined = undefined;
  #others: Receivers | undefined = undefined;

  /** Gives a message that just arrived to who waits for it; false when nobody does. */
  protected offer(message: Term): boolean {
    const resolve = this.#resolve;
    if (resolve !== undefined) {
      const pattern = this.#pattern;
      if (pattern === EACH) {
        this.endFirst();
        resolve({ done: false, value: message });
        return true;
      }
      if (pattern === undefined || this.test(message, pattern, resolve)) {
        this.endFirst();
        resolve(message);
        return true;
      }
    }
    return this.#others?.offer(message) === true;
  }

  /** Functions in patterns may do anything, end this receive included. */
  private test(message: Term, pattern: Pattern, resolve: (result: unknown) => void): boolean {
    try {
      return matches(message, pattern) && this.#resolve === resolve;
    } catch (error) {
      if (this.#resolve === resolve) {
        this.endFirst();
        resolve(Promise.reject(error));
      }
      return false;
    }
  }

  /** Waits for a message that was not in the mailbox. */
  protected wait(
    pattern: Pattern | undefined,
    options: ReceiveOptions,
    clock: Clock,
  ): Promise<Term> {
    if (this.canBeFirst(options)) return this.beginFirst<Term>(pattern);
    this.#others ??= new Receivers();
    return this.#others.wait(pattern, options, clock);
  }

  /** As {@link wait}, for whatever comes, in the form of an iterator. */
  protected waitNext(clock: Clock): Promise<Next> {
    if (this.canBeFirst({})) return this.beginFirst<Next>(EACH);
    this.#others ??= new Receivers();
    return this.#others.next(clock);
  }

  private canBeFirst({ timeout = Number.POSITIVE_INFINITY, signal }: ReceiveOptions): boolean {
    if (timeout !== Number.POSITIVE_INFINITY || signal !== undefined) return false;
    return this.#resolve === undefined && this.#others?.waiting !== true;
  }

  private beginFirst<Result>(pattern: Pattern | typeof EACH | undefined): Promise<Result> {
    const promise = new Promise<Result>((resolve) => {
      this.#resolve = resolve as (result: unknown) => void;
    });
    this.#promise = promise;
    this.#pattern = pattern;
    return promise;
  }

  private endFirst(): void {
    this.#resolve = undefined;
    this.#promise = undefined;
    this.#pattern = undefined;
  }

  /** Whether anything waits. */
  protected get waits(): boolean {
    return this.#resolve !== undefined || this.#others?.waiting === true;
  }

  /** The process ended: every receive fails. */
  protected failReceives(reason: Error): void {
    const resolve = this.#resolve;
    const isIterator = this.#pattern === EACH;
    if (this.#promise !== undefined) void markHandled(this.#promise);
    this.endFirst();
    if (isIterator) resolve?.({ done: true, value: undefined });
    else resolve?.(Promise.reject(reason));
    this.#others?.fail(reason);
  }
}
