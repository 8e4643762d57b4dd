import { exitReasonOf } from "../process/exceptions.ts";
import type { Process } from "../process/process.ts";
import type { ProcessTable } from "../process/process-table.ts";
import type { Name, SpawnRequest } from "../signal/signal.ts";
import { atom, atoms } from "../term/atom.ts";
import { isList } from "../term/list.ts";
import type { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { isTuple, t } from "../term/tuple.ts";
import type { ExposedCall } from "./exposed-call.ts";
import { type FunctionRun, type Outcome, unencodableReason } from "./function-processes.ts";
import { type FunctionCall, type FunctionServices, runFor } from "./run-for.ts";
import { type SpawnFlags, spawnFlags } from "./spawn-options.ts";

const ERPC = atom("erpc");
const EXECUTE_CALL = atom("execute_call");
const EXECUTE_CAST = atom("execute_cast");
const RETURN = atom("return");
const BADOPT = atom("badopt");

/** Made of its parts by name: copies of all properties are what calls spent most of their time with. */
interface CallAndEnds {
  readonly call: FunctionCall;
  readonly ended: FunctionRun["ended"];
  readonly unencodable: FunctionRun["unencodable"];
}

/**
 * Answers spawn requests: of `spawn/4` and its kin, and of `erpc`, whose calls are processes that
 * *exit with the result*. Only exposed functions run; any other is one that is not there, which in
 * Erlang is no failure of the spawn, but the end of the process (protocol SG-55). A request is always
 * answered, for the caller waits (protocol TR-16).
 *
 *     SPAWN_REQUEST {Ref, From, GL, {M, F, Arity}, Opts} Args
 *     SPAWN_REPLY   {Ref, From, Flags, Pid}       1 link, 2 monitor; the process runs from here on
 *     SPAWN_REPLY   {Ref, From, 0, badopt | badarg | system_limit | not_allowed}
 */
export class SpawnServer {
  readonly #services: FunctionServices;

  constructor(services: FunctionServices) {
    this.#services = services;
  }

  answer(request: SpawnRequest): void {
    const flags = spawnFlags(request.options);
    if (flags === undefined) return this.#reply(request, 0, BADOPT);
    const { args, arity } = request;
    if (isList(args) && args.length !== arity) return this.#reply(request, 0, atoms.badarg);
    const { from: caller, groupLeader } = request;
    const { call, ended, unencodable } = this.#callOf(request);
    // The wire has seen to it that the requester is a process of the peer.
    const error = runFor(this.#services, caller.node, call, {
      ended,
      unencodable,
      caller,
      node: caller.node,
      groupLeader,
      started: (process, exposedCall) => this.#started(request, flags, process, exposedCall),
    });
    if (error !== undefined) this.#reply(request, 0, error);
  }

  #reply({ ref, from: to, token }: SpawnRequest, flags: number, result: Pid | Name): void {
    const { router } = this.#services.processes;
    router.route(to.node, { type: "spawn_reply", ref, to, flags, result, token });
  }

  /** `erpc:execute_call(Ref, M, F, Args)`, `erpc:execute_cast(M, F, Args)`, or the function itself. */
  #callOf({ module, function: fun, args }: SpawnRequest): CallAndEnds {
    const { processes } = this.#services;
    if (module === ERPC && isList(args)) {
      if (fun === EXECUTE_CALL && args.length === 4 && args[0] instanceof Reference) {
        const [ref, ...mfa] = args as readonly [Reference, Term, Term, Term];
        return erpcEnds(functionCall("call", ...mfa), ref);
      }
      if (fun === EXECUTE_CAST && args.length === 3) {
        const mfa = args as readonly [Term, Term, Term];
        const ended = spawnEnds(processes, mfa[2]);
        return { call: functionCall("call", ...mfa), ended, unencodable: undefined };
      }
    }
    const ended = spawnEnds(processes, args);
    return { call: functionCall("spawn", module, fun, args), ended, unencodable: undefined };
  }

  /** The process has its pid and runs nothing yet: links and monitors, then the reply. */
  #started(
    request: SpawnRequest,
    { link, monitor }: SpawnFlags,
    process: Process,
    call: ExposedCall,
  ): void {
    const { ref, from, token } = request;
    // What the request was part of, the process is, too.
    if (isTuple(token, 5)) process.traceToken = token;
    if (link) process.links.linkReceived(from);
    if (monitor) {
      const removed = (): void => call.abandoned();
      process.watchers.add({ from, ref, as: process.pid, removed });
    }
    this.#reply(request, (link ? 1 : 0) + (monitor ? 2 : 0), process.pid);
  }
}

function functionCall(
  operation: FunctionCall["operation"],
  module: Term,
  fun: Term,
  args: Term,
): FunctionCall {
  return { operation, module, function: fun, args };
}

/** How a spawned process ends: as one in Erlang does, and what nobody caught is a crash. */
export function spawnEnds(processes: ProcessTable, args: Term): FunctionRun["ended"] {
  return (outcome, process) => {
    if (outcome.class === "return") return atoms.normal;
    if (!isList(args)) return atoms.badarg;
    const reason = exitReasonOf(outcome, outcome.stack);
    if (outcome.class !== "exit") processes.onCrash(process, reason, outcome.error);
    return reason;
  };
}

/** The exit reason carries the result (kernel EC-31), and is no crash. */
function erpcEnds(call: FunctionCall, ref: Reference): CallAndEnds {
  return {
    call,
    ended: (outcome) => erpcResult(ref, outcome),
    unencodable: (error) => t(ref, atoms.error, unencodableReason(error), []),
  };
}

function erpcResult(ref: Reference, outcome: Outcome): Term {
  if (outcome.class === "return") return t(ref, RETURN, outcome.value);
  const { reason, stack } = outcome;
  if (outcome.class === "error") return t(ref, atoms.error, reason, stack);
  return t(ref, atoms[outcome.class], reason);
}
