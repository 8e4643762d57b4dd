import type { ProcessTable } from "../process/process-table.ts";
import type { SpawnRequest } from "../signal/signal.ts";
import { atom, atoms } from "../term/atom.ts";
import { isList } from "../term/list.ts";
import { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { t } from "../term/tuple.ts";
import { undefStack } from "./rex.ts";

const ERPC = atom("erpc");
const EXECUTE_CALL = atom("execute_call");
const MONITOR = atom("monitor");
const BADOPT = atom("badopt");

/**
 * Answers spawn requests of other nodes. Nothing of this node can be spawned unless it was exposed:
 * `erpc:call` sees an undefined function, anything else is refused with `badopt` or `undef`, and
 * nothing runs. A request is always answered, for the caller waits (protocol TR-16).
 */
export function answerSpawnRequest(processes: ProcessTable, request: SpawnRequest): void {
  const { ref, from: to, options, args } = request;
  const { router, identity } = processes;
  const refuse = (result: typeof BADOPT | typeof atoms.undef): void => {
    router.route(to.node, { type: "spawn_reply", ref, to, flags: 0, result, token: undefined });
  };
  if (!isList(options)) return refuse(BADOPT);
  const call = erpcCall(request, args);
  if (call === undefined || options.length !== 1 || options[0] !== MONITOR) {
    return refuse(atoms.undef);
  }
  // The outcome of an erpc is the exit reason of its process: one that was and is not any more.
  const pid = identity.nextPid();
  const [callRef, module, fun, callArgs] = call;
  const reason = t(callRef, atoms.error, atoms.undef, undefStack(module, fun, callArgs));
  router.route(to.node, { type: "spawn_reply", ref, to, flags: 2, result: pid, token: undefined });
  router.route(to.node, { type: "down", from: pid, to, ref, reason });
}

function erpcCall(
  { module, function: fun }: SpawnRequest,
  args: Term,
): readonly [Reference, Term, Term, Term] | undefined {
  if (module !== ERPC || fun !== EXECUTE_CALL || !isList(args) || args.length !== 4) {
    return undefined;
  }
  const [ref] = args;
  return ref instanceof Reference ? (args as unknown as [Reference, Term, Term, Term]) : undefined;
}
