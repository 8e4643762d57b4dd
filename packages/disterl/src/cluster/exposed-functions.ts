import { Atom, atomOrBoolean } from "../term/atom.ts";
import type { Name } from "../signal/signal.ts";
import type { Term } from "../term/term.ts";
import type { ExposedCall } from "./exposed-call.ts";

/** What an exposed function gives: nothing counts as `ok`. */
export type ExposedResult = Term | void | Promise<Term | void>;

/**
 * A function that other nodes may call. Its parameters are terms, since a peer may send anything:
 * look at them first.
 */
export type ExposedFunction = ((...args: Term[]) => ExposedResult) | FunctionWithCall;

/**
 * The functions of a module, by name. `quote` takes as many arguments as the function declares, or
 * more; `"quote/2"` exactly two, and goes before `quote`.
 */
export type ExposedModule = Readonly<Record<string, ExposedFunction>>;

/** A function that is told about the call it serves, made by {@link withCall}. */
export class FunctionWithCall {
  /** @internal */
  readonly run: (call: ExposedCall, ...args: Term[]) => ExposedResult;

  /** @internal */
  constructor(run: (call: ExposedCall, ...args: Term[]) => ExposedResult) {
    this.run = run;
  }
}

/**
 * An exposed function that wants to know who calls: its first parameter is the {@link ExposedCall},
 * with the process it runs in and a signal that fires when nobody waits for the result any more. The
 * arguments come after it.
 */
export function withCall(
  run: (call: ExposedCall, ...args: Term[]) => ExposedResult,
): FunctionWithCall {
  if (typeof run !== "function") throw new TypeError("withCall takes a function");
  return new FunctionWithCall(run);
}

/** A function, ready to be called. */
export interface Exposed {
  run(call: ExposedCall, args: readonly Term[]): ExposedResult;
}

/** All functions of one name: one for each arity that was asked for, and one for the others. */
interface Variants {
  readonly exact: Map<number, Exposed>;
  any: { readonly least: number; readonly exposed: Exposed } | undefined;
}

/** What other nodes may call: `module:function/arity`, and nothing else. */
export class ExposedFunctions {
  readonly #modules = new Map<Name, ReadonlyMap<Name, Variants>>();

  /**
   * Replaces all functions of a module, as loading new code does.
   * @throws TypeError when one is no function.
   */
  expose(module: Atom | string, functions: ExposedModule): void {
    const name = typeof module === "string" ? atomOrBoolean(module) : module;
    const table = new Map<Name, Variants>();
    for (const [key, value] of Object.entries(functions)) addFunction(table, key, value);
    this.#modules.set(name, table);
  }

  /** False when there was no such module. */
  unexpose(module: Atom | string): boolean {
    return this.#modules.delete(typeof module === "string" ? atomOrBoolean(module) : module);
  }

  find(module: Term, fun: Term, arity: number): Exposed | undefined {
    if (!isName(module) || !isName(fun)) return undefined;
    const variants = this.#modules.get(module)?.get(fun);
    if (variants === undefined) return undefined;
    const exact = variants.exact.get(arity);
    if (exact !== undefined) return exact;
    const { any } = variants;
    return any !== undefined && arity >= any.least ? any.exposed : undefined;
  }
}

function isName(term: Term): term is Name {
  return term instanceof Atom || typeof term === "boolean";
}

function addFunction(table: Map<Name, Variants>, key: string, value: ExposedFunction): void {
  const withContext = value instanceof FunctionWithCall;
  if (!withContext && typeof value !== "function") {
    throw new TypeError(`"${key}" is to be exposed, and is no function`);
  }
  const exposed: Exposed = withContext
    ? { run: (call, args) => value.run(call, ...args) }
    : { run: (_call, args) => value(...args) };
  const found = /^(.+)\/(\d{1,3})$/s.exec(key);
  const name = atomOrBoolean(found?.[1] ?? key);
  let variants = table.get(name);
  if (variants === undefined) {
    variants = { exact: new Map(), any: undefined };
    table.set(name, variants);
  }
  if (found !== null) variants.exact.set(Number(found[2]), exposed);
  else {
    const least = withContext ? Math.max(0, value.run.length - 1) : value.length;
    variants.any = { least, exposed };
  }
}
