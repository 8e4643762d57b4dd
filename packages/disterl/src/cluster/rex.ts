import { genRequest, reply } from "../otp/gen.ts";
import type { Process } from "../process/process.ts";
import { atom, atoms } from "../term/atom.ts";
import { isList } from "../term/list.ts";
import { Pid } from "../term/pid.ts";
import type { Term } from "../term/term.ts";
import { isTuple, t } from "../term/tuple.ts";

const FEATURES_REQUEST = atom("features_request");
const FEATURES_REPLY = atom("features_reply");
const ERPC = atom("erpc");
const REX = atom("rex");
const BADRPC = atom("badrpc");
const CALLS = new Set<Term>([atom("call"), atom("block_call")]);
const CALL = atom("call");

/**
 * The process registered as `rex`, the server of `rpc`. Nothing of this node can be called unless it
 * was exposed: every call is answered as an undefined function is (kernel RP-4 to RP-11).
 */
export function rexServer(message: Term, self: Process): void {
  const call = genRequest(message);
  if (call?.kind === "call") {
    if (isTuple(call.request, 5) && CALLS.has(call.request[0])) {
      reply(self, call.from, undefFunction(call.request));
    }
    return;
  }
  if (!isTuple(message, 2) || !(message[0] instanceof Pid)) return;
  const [from, request] = message;
  if (request === FEATURES_REQUEST) {
    self.send(from, t(FEATURES_REPLY, self.pid.node, [ERPC]));
  } else if (isTuple(request, 5) && request[0] === CALL) {
    self.send(from, t(REX, undefFunction(request)));
  }
}

/** The `{badrpc, {'EXIT', {undef, Stack}}}` of `{call, M, F, Args, GroupLeader}`. */
function undefFunction([, module, fun, args]: readonly [Term, Term, Term, Term, Term]): Term {
  return t(BADRPC, t(atoms.EXIT, t(atoms.undef, undefStack(module, fun, args))));
}

/** The stack trace of a call to a function that is not there: `[{M, F, Args, []}]`. */
export function undefStack(module: Term, fun: Term, args: Term): Term {
  return [t(module, fun, isList(args) ? args : [], [])];
}
