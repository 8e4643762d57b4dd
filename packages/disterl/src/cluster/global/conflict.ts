import type { Process } from "../../process/process.ts";
import { atom, atoms } from "../../term/atom.ts";
import { compareTerms } from "../../term/compare-terms.ts";
import { equalTerms } from "../../term/equal-terms.ts";
import { ExternalFun, OpaqueFun } from "../../term/fun.ts";
import { Pid } from "../../term/pid.ts";
import type { Term } from "../../term/term.ts";
import { isTuple, t } from "../../term/tuple.ts";

const MODULE = atom("global");
const NAME_CONFLICT = atom("global_name_conflict");

/** The methods that OTP brings along, by name. */
export type ResolveMethod = "random_exit_name" | "random_notify_name" | "notify_all_name";

/**
 * Decides which of two processes keeps a name, on the node of the second, where the name was
 * registered with it: one of the two, or undefined for none of them.
 */
export type ResolveFunction = (
  name: Term,
  pid1: Pid,
  pid2: Pid,
) => Pid | undefined | Promise<Pid | undefined>;

const METHODS: readonly string[] = ["random_exit_name", "random_notify_name", "notify_all_name"];
/** Stands for a function of ours; which one, the pid says. */
const OWN_METHOD = new ExternalFun(atom("disterl"), atom("resolve_global_name"), 3);
const NONE = atom("none");

/** Decides conflicts in which a process of this node has the name. Mirrors `global:resolve_it/4`. */
export class Conflicts {
  readonly #process: Process;
  readonly #functions = new Map<string, { readonly pid: Pid; readonly decide: ResolveFunction }>();

  /** In the name of `process` the losers are told. */
  constructor(process: Process) {
    this.#process = process;
  }

  /**
   * The method as nodes tell each other of it.
   * @throws TypeError when there is no such method, or a function is given for a process of another
   *   node, which could not call it.
   */
  method(pid: Pid, resolve: ResolveMethod | ResolveFunction = "random_exit_name"): Term {
    if (typeof resolve !== "function") {
      if (METHODS.includes(resolve)) return new ExternalFun(MODULE, atom(resolve), 3);
      throw new TypeError(
        `resolve is ${METHODS.join(", ")} or a function, not "${String(resolve)}"`,
      );
    }
    if (pid.node !== this.#process.pid.node) {
      const text = `${pid.toString()} is on another node, which cannot call a function of this one`;
      throw new TypeError(`${text}: give the name of a method for resolve`);
    }
    return OWN_METHOD;
  }

  /** From now on this function decides about the names of a process. */
  remember(pid: Pid, resolve: ResolveMethod | ResolveFunction | undefined): void {
    if (typeof resolve === "function") this.#functions.set(pid.key, { pid, decide: resolve });
  }

  /** This node has another name than before: its processes have other pids. */
  rename(present: (pid: Pid) => Pid): void {
    for (const { pid, decide } of [...this.#functions.values()]) {
      this.remember(present(pid), decide);
    }
  }

  forget(pid: Pid): void {
    this.#functions.delete(pid.key);
  }

  /** The process that keeps the name, or the atom `none`; anything else takes it from both. */
  async resolve(method: Term, name: Term, pid1: Pid, pid2: Pid): Promise<Term> {
    const known = methodName(method);
    if (known === "own") {
      return (await this.#decide(name, pid1, pid2)) ?? NONE;
    }
    if (known === "notify_all_name") {
      this.#process.send(pid1, t(NAME_CONFLICT, name, pid2));
      this.#process.send(pid2, t(NAME_CONFLICT, name, pid1));
      return NONE;
    }
    if (known === undefined) return NONE;
    const [least, greatest] = compareTerms(pid1.node, pid2.node) < 0 ? [pid1, pid2] : [pid2, pid1];
    if (known === "random_notify_name") this.#process.send(greatest, t(NAME_CONFLICT, name));
    else this.#kill(greatest);
    return least;
  }

  /** `global:resolve_it(Method, Name, Pid1, Pid2)`, called by the node that merges. */
  resolveIt(args: readonly Term[]): Promise<Term> {
    const [method, name, pid1, pid2] = args;
    if (method === undefined || name === undefined) return Promise.resolve(NONE);
    if (!(pid1 instanceof Pid && pid2 instanceof Pid)) return Promise.resolve(NONE);
    return this.resolve(method, name, pid1, pid2);
  }

  async #decide(name: Term, pid1: Pid, pid2: Pid): Promise<Pid | undefined> {
    try {
      return await this.#functions.get(pid2.key)?.decide(name, pid1, pid2);
    } catch (error) {
      // As in OTP: a method that fails takes the name from both.
      this.#process.crash(error);
      return undefined;
    }
  }

  #kill(to: Pid): void {
    const { pid: from } = this.#process;
    const exit = { type: "exit2", from, to, reason: atoms.kill, priority: false } as const;
    this.#process.route(to.node, { ...exit, token: undefined });
  }
}

/**
 * Which method a term means: `fun global:Name/3` or `{global, Name}`. A fun that travels as code and is
 * of the module `global` itself is the default method: OTP makes no other there.
 */
function methodName(method: Term): string | undefined {
  if (equalTerms(method, OWN_METHOD)) return "own";
  if (method instanceof OpaqueFun) {
    return method.module === MODULE && method.arity === 3 ? "random_exit_name" : undefined;
  }
  let module: Term | undefined;
  let name: Term | undefined;
  if (method instanceof ExternalFun) ({ module, name } = method);
  else if (isTuple(method, 2)) [module, name] = method;
  if (module !== MODULE) return undefined;
  return METHODS.find((one) => name === atom(one));
}
