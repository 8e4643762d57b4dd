import type { SpawnRequests } from "../process/spawn-requests.ts";
import { CallError } from "../otp/errors.ts";
import type { CallOptions } from "../otp/gen.ts";
import { assertTimeout } from "../process/deadlines.ts";
import type { Process } from "../process/process.ts";
import type { SpawnRequest } from "../signal/signal.ts";
import { type Atom, atom, atomOrBoolean, atoms } from "../term/atom.ts";
import { formatTerm } from "../term/format-term.ts";
import type { List } from "../term/list.ts";
import { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { isTuple } from "../term/tuple.ts";

const ERPC = atom("erpc");
const EXECUTE_CALL = atom("execute_call");
const EXECUTE_CAST = atom("execute_cast");
const MONITOR = atom("monitor");
const RETURN = atom("return");

/** What a function call on another node needs of ours. */
export interface ErpcCaller {
  /** In whose name the call is made. */
  readonly process: Process;
  readonly spawnRequests: SpawnRequests;
}

/**
 * Calls a function on another node and gives its value (`erpc:call/5`). The wire shape: a monitored
 * process is spawned there that runs `erpc:execute_call(Ref, M, F, Args)` and *exits with the result*.
 *
 * Default timeout: none.
 *
 * @throws CallError `ERR_CALL_REMOTE` (the function raised: see `class`, `reason`, `remoteStack`),
 *   `ERR_CALL_NO_CONNECTION`, `ERR_CALL_TIMEOUT` (the function goes on there),
 *   `ERR_CALL_NOT_SUPPORTED` (the peer cannot spawn for others), `ERR_CALL_EXITED`.
 */
export function erpcCall(
  { process, spawnRequests }: ErpcCaller,
  node: Atom,
  module: string,
  fun: string,
  args: List,
  { timeout = Number.POSITIVE_INFINITY, signal }: CallOptions = {},
): Promise<Term> {
  if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
  assertTimeout(timeout);
  const { table, pid } = process;
  const ref = table.identity.nextReference();
  const mfa = [ref, atomOrBoolean(module), atomOrBoolean(fun), args];
  const what = `${module}:${fun}/${args.length} on ${node.text}`;
  return new Promise<Term>((resolve, reject) => {
    let spawned: Pid | undefined;
    const timer = Number.isFinite(timeout)
      ? table.clock.after(timeout, () => fail(timedOut(what, timeout)))
      : undefined;
    const abort = (): void => fail(signal?.reason as Error);
    const settle = (): void => {
      timer?.cancel();
      signal?.removeEventListener("abort", abort);
    };
    const fail = (error: Error): void => {
      settle();
      spawnRequests.abandon(ref);
      if (table.monitors.remove(ref) !== undefined && spawned !== undefined) {
        process.route(node, { type: "demonitor", from: pid, to: spawned, ref });
      }
      reject(error);
    };
    const down = (reason: Term): void => {
      settle();
      spawnRequests.abandon(ref);
      const result = readResult(ref, reason, what);
      if (result instanceof CallError) reject(result);
      else resolve(result.value);
    };
    signal?.addEventListener("abort", abort, { once: true });
    table.monitors.add({ ref, from: pid, node, target: pid, down });
    spawnRequests.expect(ref, node, (result) => {
      if (result instanceof Pid) spawned = result;
      else fail(spawnError(what, result));
    });
    try {
      process.route(node, spawnRequest(process, ref, EXECUTE_CALL, [MONITOR], mfa));
    } catch (error) {
      spawnRequests.forget(ref);
      fail(error as Error);
    }
  });
}

/** Runs a function on another node, and does not wait (`erpc:cast/4`). */
export function erpcCast(
  { process }: ErpcCaller,
  node: Atom,
  module: string,
  fun: string,
  args: List,
): void {
  const mfa = [atomOrBoolean(module), atomOrBoolean(fun), args];
  const ref = process.table.identity.nextReference();
  process.route(node, spawnRequest(process, ref, EXECUTE_CAST, [], mfa));
}

function spawnRequest(
  process: Process,
  ref: Reference,
  fun: Atom,
  options: List,
  args: List,
): SpawnRequest {
  return {
    type: "spawn_request",
    ref,
    from: process.pid,
    groupLeader: process.groupLeader,
    module: ERPC,
    function: fun,
    arity: args.length,
    options,
    args,
    token: undefined,
  };
}

/** The exit reason of the process over there is the result (kernel EC-31). */
function readResult(ref: Reference, reason: Term, what: string): { value: Term } | CallError {
  if (isTuple(reason) && reason[0] instanceof Reference && ref.equals(reason[0])) {
    const [, kind, value, stack] = reason as readonly Term[];
    if (kind === RETURN && reason.length === 3) return { value: value as Term };
    if (kind === atoms.throw && reason.length === 3) return raised(what, "throw", value as Term);
    if (kind === atoms.exit && reason.length === 3) return raised(what, "exit", value as Term);
    if (kind === atoms.error && reason.length >= 3) {
      return raised(what, "error", value as Term, stack);
    }
  }
  if (reason === atoms.noconnection) {
    const text = `no connection to the node of ${what}, or it was lost`;
    return new CallError("ERR_CALL_NO_CONNECTION", text, reason);
  }
  return new CallError("ERR_CALL_EXITED", `the process of ${what} was ended`, reason);
}

function raised(
  what: string,
  kind: "error" | "exit" | "throw",
  reason: Term,
  stack?: Term,
): CallError {
  return new CallError("ERR_CALL_REMOTE", `${what} raised ${kind}`, reason, {
    class: kind,
    ...(stack === undefined ? {} : { stack }),
  });
}

function spawnError(what: string, reason: Term): CallError {
  if (reason === atoms.noconnection) {
    const text = `no connection to the node of ${what}, or it was lost`;
    return new CallError("ERR_CALL_NO_CONNECTION", text, reason);
  }
  const text = `the node refused to start a process for ${what}: ${formatTerm(reason)}`;
  return new CallError("ERR_CALL_NOT_SUPPORTED", text, reason);
}

function timedOut(what: string, timeout: number): CallError {
  const text = `no answer from ${what} within ${timeout} ms`;
  return new CallError("ERR_CALL_TIMEOUT", text, atoms.timeout);
}
