import { type Destination, namedDestination } from "../process/destination.ts";
import type { Alias } from "../process/aliases.ts";
import { assertTimeout, Expiring } from "../process/deadlines.ts";
import type { OutgoingMonitor } from "../process/monitors.ts";
import type { ExpectedReply } from "../process/actor.ts";
import type { Process } from "../process/process.ts";
import { markHandled } from "../process/mark-handled.ts";
import type { SendOptions } from "../signal/router.ts";
import type { Name } from "../signal/signal.ts";
import { type Atom, atom, atoms } from "../term/atom.ts";
import { ImproperList } from "../term/list.ts";
import { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { isTuple, t, type Tuple } from "../term/tuple.ts";
import { CallError } from "./errors.ts";

const GEN_CALL = atom("$gen_call");
const GEN_CAST = atom("$gen_cast");
const ALIAS = atom("alias");

/** How long a call waits unless told otherwise, in milliseconds (`gen_server:call/2`). */
export const DEFAULT_CALL_TIMEOUT = 5000;

/** Options of a call. */
export interface CallOptions {
  /** Milliseconds; `Infinity` for ever. Default 5000, for `erpc` and `rpc` for ever. */
  readonly timeout?: number | undefined;
  /** Gives the call up: monitor and alias are withdrawn, a late reply vanishes. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Calls a `gen_server`, `gen_statem` or anything else that speaks their protocol. Mirrors `gen:call/4`
 * of OTP 24 and later: one reference is monitor, alias and tag at once.
 *
 *     MONITOR_P {From, To, Ref}        {'$gen_call', {From, [alias | Ref]}, Request}
 *     answer:   {[alias | Ref], Reply} to the alias
 *
 * @throws CallError `ERR_CALL_TIMEOUT`, `ERR_CALL_NO_PROC`, `ERR_CALL_NO_CONNECTION`,
 *   `ERR_CALL_EXITED` (the server ended with `reason`); ProcessError `ERR_PROCESS_EXITED` when the
 *   caller ends meanwhile; the signal's reason on abort.
 */
export function call(
  from: Process,
  to: Destination,
  request: Term,
  { timeout = DEFAULT_CALL_TIMEOUT, signal }: CallOptions = {},
): Promise<Term> {
  assertTimeout(timeout);
  if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
  if (!from.alive) return markHandled(Promise.reject(from.exited()));
  const { node, target } = callTarget(to, from.pid.node);
  let pending: PendingCall | undefined;
  const answer = new Promise<Term>((resolve, reject) => {
    pending = new PendingCall(from, to, node, target, { resolve, reject });
    pending.begin(request, timeout, signal);
  });
  (pending as unknown as PendingCall).answer = answer;
  return answer;
}

/** A call that waits: its reference is monitor, alias and tag at once, and so is this. */
class PendingCall extends Expiring implements Alias, ExpectedReply, OutgoingMonitor {
  readonly ref: Reference;
  readonly from: Pid;
  readonly node: Atom;
  readonly target: Pid | Name;
  readonly once = true;
  /** What the caller waits for. */
  answer: Promise<Term> | undefined = undefined;
  readonly #caller: Process;
  readonly #to: Destination;
  readonly #settlers: Settlers;
  #timeout = 0;
  #signal: AbortSignal | undefined = undefined;
  #abort: (() => void) | undefined = undefined;

  constructor(
    caller: Process,
    to: Destination,
    node: Atom,
    target: Pid | Name,
    settlers: Settlers,
  ) {
    super();
    this.ref = caller.table.identity.nextReference();
    this.from = caller.pid;
    this.node = node;
    this.target = target;
    this.#caller = caller;
    this.#to = to;
    this.#settlers = settlers;
  }

  begin(request: Term, timeout: number, signal: AbortSignal | undefined): void {
    const { ref, from, target, node } = this;
    const { table } = this.#caller;
    this.#timeout = timeout;
    if (Number.isFinite(timeout)) table.deadlines.add(this, timeout);
    if (signal !== undefined) {
      this.#signal = signal;
      this.#abort = () => this.#fail(signal.reason as Error);
      signal.addEventListener("abort", this.#abort, { once: true });
    }
    table.aliases.activate(this);
    // Peers without aliases answer to the pid.
    this.#caller.expectReply(this);
    table.monitors.add(this);
    try {
      this.#caller.route(node, { type: "monitor", from, to: target, ref });
      this.#caller.send(this.#to, t(GEN_CALL, t(from, new ImproperList([ALIAS], ref)), request));
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** A message to the alias. */
  receive(message: Term): void {
    if (isTuple(message, 2)) this.replied(message[1]);
  }

  replied(reply: Term): void {
    this.#withdraw();
    this.#settlers.resolve(reply);
  }

  down(reason: Term): void {
    this.#fail(downError(this.#to, reason));
  }

  callerEnded(error: Error): void {
    if (this.answer !== undefined) void markHandled(this.answer);
    this.#fail(error);
  }

  expired(): void {
    this.#fail(timedOut(this.#to, this.#timeout));
  }

  #fail(error: Error): void {
    this.#withdraw();
    this.#settlers.reject(error);
  }

  #withdraw(): void {
    const { ref, from, target, node } = this;
    const { table } = this.#caller;
    table.deadlines.remove(this);
    if (this.#abort !== undefined) this.#signal?.removeEventListener("abort", this.#abort);
    table.aliases.deactivate(ref);
    this.#caller.forgetReply(ref);
    if (table.monitors.remove(ref) !== undefined) {
      this.#caller.route(node, { type: "demonitor", from, to: target, ref });
    }
  }
}

interface Settlers {
  readonly resolve: (reply: Term) => void;
  readonly reject: (error: Error) => void;
}

/** Sends a request that is not answered (`gen_server:cast/2`). */
export function cast(from: Process, to: Destination, request: Term): boolean {
  return from.send(to, t(GEN_CAST, request));
}

function callTarget(to: Destination, ownNode: Atom): { node: Atom; target: Pid | Name } {
  if (to instanceof Pid) return { node: to.node, target: to };
  if (to instanceof Reference) throw new TypeError("an alias can be sent to, not called");
  const { name, node } = namedDestination(to, ownNode);
  return { node, target: name };
}

function describe(to: Destination): string {
  if (to instanceof Pid || to instanceof Reference) return to.toString();
  if (typeof to === "object" && "node" in to) return `${String(to.name)} on ${String(to.node)}`;
  return String(to);
}

function timedOut(to: Destination, timeout: number): CallError {
  const text = `no answer from ${describe(to)} within ${timeout} ms`;
  return new CallError("ERR_CALL_TIMEOUT", text, atoms.timeout);
}

function downError(to: Destination, reason: Term): CallError {
  if (reason === atoms.noproc) {
    return new CallError("ERR_CALL_NO_PROC", `there is no process ${describe(to)}`, reason);
  }
  if (reason === atoms.noconnection) {
    const text = `no connection to the node of ${describe(to)}, or it was lost`;
    return new CallError("ERR_CALL_NO_CONNECTION", text, reason);
  }
  const text = `${describe(to)} ended before it answered`;
  return new CallError("ERR_CALL_EXITED", text, reason);
}

/** Who waits for a reply: the second element of `'$gen_call'`. The tag goes back as it came. */
export type From = Tuple<[Pid, Term]>;

/** A request to a process of ours that speaks gen_server's protocol. */
export type GenRequest =
  | { readonly kind: "call"; readonly from: From; readonly request: Term }
  | { readonly kind: "cast"; readonly request: Term };

/** Reads `{'$gen_call', {Pid, Tag}, Request}` and `{'$gen_cast', Request}`; undefined for other messages. */
export function genRequest(message: Term): GenRequest | undefined {
  if (isTuple(message, 2) && message[0] === GEN_CAST) return { kind: "cast", request: message[1] };
  if (!isTuple(message, 3) || message[0] !== GEN_CALL) return undefined;
  const [, from, request] = message;
  if (!isTuple(from, 2) || !(from[0] instanceof Pid)) return undefined;
  return { kind: "call", from: from as From, request };
}

/**
 * For answers of the node's own services: whoever asked is connected, and nobody makes the node connect
 * to others by asking in their names. @internal
 */
export const TO_WHO_ASKED: SendOptions = { noconnect: true };

/**
 * Answers a call: to the alias in the tag where there is one, to the caller's pid elsewhere
 * (`gen:reply/2`).
 */
export function reply(self: Process, [pid, tag]: From, answer: Term, options?: SendOptions): void {
  const alias = aliasOf(tag);
  self.send(alias ?? pid, t(tag, answer), options);
}

/** `[alias | Ref]`, or `[[alias | Ref] | _]` as in `multi_call`. */
function aliasOf(tag: Term): Reference | undefined {
  if (tag instanceof ImproperList && tag.items.length === 1) {
    const [item] = tag.items;
    if (item === ALIAS && tag.tail instanceof Reference) return tag.tail;
    if (item instanceof ImproperList) return aliasOf(item);
  }
  return undefined;
}
