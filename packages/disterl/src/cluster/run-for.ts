import type { Policy } from "../node/policy.ts";
import type { RefusalCause, Refusals } from "../node/refusals.ts";
import type { ProcessTable } from "../process/process-table.ts";
import { type Atom, atom } from "../term/atom.ts";
import { formatTerm } from "../term/format-term.ts";
import { isList } from "../term/list.ts";
import type { Term } from "../term/term.ts";
import type { ExposedFunctions } from "./exposed-functions.ts";
import type { FunctionProcesses, FunctionRun, NamedFunction } from "./function-processes.ts";

/** What the node exposes itself, for `global` of the other nodes of its mesh: no policy looks at it. */
const GLOBAL = atom("global");
const NOT_ALLOWED = atom("not_allowed");
const SYSTEM_LIMIT = atom("system_limit");

/** What runs functions for other nodes. */
export interface FunctionServices {
  readonly processes: ProcessTable;
  readonly functions: ExposedFunctions;
  readonly running: FunctionProcesses;
  readonly policy: Policy | undefined;
  readonly refusals: Refusals;
}

/** A function that somebody wants to have run, and how. */
export interface FunctionCall extends NamedFunction {
  readonly operation: "call" | "spawn";
}

/**
 * Has a function run for a node, unless the policy or the limit is against it: then says what the
 * answer is. A function that was not exposed is run, too; it is not there, and the refusal is told.
 */
export function runFor(
  services: FunctionServices,
  peer: Atom,
  call: FunctionCall,
  run: FunctionRun,
): typeof NOT_ALLOWED | typeof SYSTEM_LIMIT | undefined {
  const { processes, policy, functions, running } = services;
  const { module, function: fun, args, operation } = call;
  let { caller } = run;
  if (peer !== processes.identity.node) {
    // Messages can say that they are from anybody.
    if (caller?.node !== peer) caller = undefined;
    const arity = isList(args) ? args.length : 0;
    const wanted = { module, function: fun, arity };
    if (module !== GLOBAL && policy?.permitsFunction(peer, operation, wanted) === false) {
      refused(services, peer, call, "policy");
      return NOT_ALLOWED;
    }
    if (functions.find(module, fun, arity) === undefined) {
      refused(services, peer, call, "not_exposed");
    }
  }
  if (running.start(call, run, caller) !== undefined) return undefined;
  refused(services, peer, call, "limit");
  return SYSTEM_LIMIT;
}

function refused(
  { refusals }: FunctionServices,
  { text: peer }: Atom,
  { operation, module, function: fun, args }: FunctionCall,
  cause: RefusalCause,
): void {
  const arity = isList(args) ? args.length : 0;
  const target = `${nameText(module)}:${nameText(fun)}/${arity}`;
  refusals.denied({ peer, operation, target, cause });
}

/** What a peer says is a name may be any term of any size. */
function nameText(term: Term): string {
  return formatTerm(term, { maxChars: 300 });
}
