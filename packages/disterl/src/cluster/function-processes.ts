import { type Exception, exceptionOf } from "../process/exceptions.ts";
import { reasonOf } from "../process/exit-reason.ts";
import type { Process } from "../process/process.ts";
import type { ProcessTable } from "../process/process-table.ts";
import { Atom, atom, atoms } from "../term/atom.ts";
import { isList, type List } from "../term/list.ts";
import { Pid } from "../term/pid.ts";
import type { Term } from "../term/term.ts";
import { t } from "../term/tuple.ts";
import { ExposedCall } from "./exposed-call.ts";
import type { Exposed, ExposedFunctions, ExposedResult } from "./exposed-functions.ts";

/** How a function ended: a value, or an exception with its stack trace as a term. */
export type Outcome =
  | { readonly class: "return"; readonly value: Term }
  | (Exception & { readonly stack: Term; readonly error: unknown });

/** Which function, as a peer names it: any terms. */
export interface NamedFunction {
  readonly module: Term;
  readonly function: Term;
  readonly args: Term;
}

/** How a function is to run in a process of its own. */
export interface FunctionRun {
  /** Who asked, and the node whose limit it counts for. */
  readonly caller: Pid | undefined;
  readonly node: Atom;
  readonly groupLeader: Term;
  /** It waits until this is settled. */
  readonly turn?: Promise<void> | undefined;
  /** Called when the process has its pid and runs nothing yet: links, monitors and the reply. */
  started?(process: Process, call: ExposedCall): void;
  /**
   * The function ended, or its process did before it. What comes back is the exit reason of the
   * process.
   */
  ended(outcome: Outcome, process: Process): Term;
  /** That exit reason cannot be encoded; another one for those who wait for it. */
  readonly unencodable?: ((error: unknown) => Term) | undefined;
}

const SYSTEM_LIMIT = atom("system_limit");
const NOT_ENCODABLE = atom("not_encodable");
/** The most arguments of a function in Erlang. */
const MAX_ARITY = 255;

/** Runs exposed functions, each in a process of its own. */
export class FunctionProcesses {
  readonly #processes: ProcessTable;
  readonly #functions: ExposedFunctions;
  readonly #limit: number;
  /** How many run for each node. */
  readonly #running = new Map<Atom, number>();

  constructor(processes: ProcessTable, functions: ExposedFunctions, limit: number) {
    this.#processes = processes;
    this.#functions = functions;
    this.#limit = limit;
  }

  /**
   * Starts a process that runs a function, soon; undefined when there are as many for that node as
   * may be. A function that is not there is an exception like any other (protocol SG-55). `caller`
   * is the one of the run where it can be believed.
   */
  start(wanted: NamedFunction, run: FunctionRun, caller: Pid | undefined): Process | undefined {
    const { node, groupLeader } = run;
    const running = this.#running.get(node) ?? 0;
    if (running >= this.#limit) return undefined;
    this.#running.set(node, running + 1);
    const options = groupLeader instanceof Pid ? { groupLeader } : {};
    const process = this.#processes.spawn(options, () => started.begin());
    const call = new ExposedCall(process, caller);
    const over = (): void => this.#over(node);
    const started = new RunningFunction(call, wanted, run, this.#functions, over);
    process.onExit = () => started.processEnded();
    run.started?.(process, call);
    return process;
  }

  #over(node: Atom): void {
    const others = (this.#running.get(node) ?? 0) - 1;
    if (others > 0) this.#running.set(node, others);
    else this.#running.delete(node);
  }
}

/** One function in its process. */
class RunningFunction {
  readonly #call: ExposedCall;
  readonly #wanted: NamedFunction;
  readonly #run: FunctionRun;
  readonly #process: Process;
  readonly #functions: ExposedFunctions;
  readonly #over: () => void;
  #begun = false;
  /** Whether those who asked know how it ended. */
  #told = false;

  constructor(
    call: ExposedCall,
    wanted: NamedFunction,
    run: FunctionRun,
    functions: ExposedFunctions,
    over: () => void,
  ) {
    this.#call = call;
    this.#wanted = wanted;
    this.#run = run;
    this.#process = call.process;
    this.#functions = functions;
    this.#over = over;
  }

  /** The body of the process. */
  begin(): void | Promise<void> {
    const { turn } = this.#run;
    return turn === undefined ? this.#enter() : turn.then(() => this.#enter());
  }

  #enter(): void | Promise<void> {
    if (!this.#process.alive) return;
    this.#begun = true;
    const exposed = this.#find();
    if (exposed instanceof Atom) return this.#leave(notCallable(this.#wanted, exposed));
    let result: ExposedResult;
    try {
      result = exposed.run(this.#call, this.#wanted.args as List);
    } catch (error) {
      return this.#leave(raised(this.#wanted, error));
    }
    if (!isPromise(result)) return this.#leave(returned(result));
    return Promise.resolve(result).then(
      (value) => this.#leave(returned(value)),
      (error: unknown) => this.#leave(raised(this.#wanted, error)),
    );
  }

  /** What to call, or why there is nothing to call. */
  #find(): Exposed | Atom {
    const { module, function: fun, args } = this.#wanted;
    if (!isList(args)) return atoms.badarg;
    if (args.length > MAX_ARITY) return SYSTEM_LIMIT;
    return this.#functions.find(module, fun, args.length) ?? atoms.undef;
  }

  #leave(outcome: Outcome): void {
    // A function that goes on without its process counts, too.
    this.#over();
    if (this.#told) return;
    this.#process.end(this.#tell(outcome), this.#run.unencodable);
  }

  /** Saying how it ended can fail, when nothing more can be sent to who waits for it. */
  #tell(outcome: Outcome): Term {
    this.#told = true;
    try {
      return this.#run.ended(outcome, this.#process);
    } catch (error) {
      const reason = reasonOf(error);
      this.#process.table.onCrash(this.#process, reason, error);
      return reason;
    }
  }

  /** Perhaps before the function did. */
  processEnded(): void {
    this.#call.abandoned();
    if (!this.#begun) this.#over();
    if (this.#told) return;
    const reason = this.#process.exitReason ?? atoms.normal;
    this.#tell({ class: "exit", reason, stack: [], error: undefined });
  }
}

/** Any object with `then`: not every promise is one of this realm's. */
function isPromise(result: ExposedResult): result is Promise<Term | void> {
  return typeof (result as { then?: unknown } | null | undefined)?.then === "function";
}

function returned(value: Term | void): Outcome {
  return { class: "return", value: value === undefined ? atoms.ok : value };
}

function raised({ module, function: fun, args }: NamedFunction, error: unknown): Outcome {
  const { length: arity } = args as List;
  return { ...exceptionOf(error), stack: [t(module, fun, arity, [])], error };
}

/** In the stack trace the arguments stand in place of the arity, as in Erlang. */
function notCallable({ module, function: fun, args }: NamedFunction, reason: Atom): Outcome {
  const error = new Error("there is no such function");
  return { class: "error", reason, stack: [t(module, fun, args, [])], error };
}

/** The exception of a result that is no term. */
export function unencodableReason(error: unknown): Term {
  return t(NOT_ENCODABLE, exceptionOf(error).reason);
}
