import { genRequest, reply } from "../otp/gen.ts";
import type { Process } from "../process/process.ts";
import { atom } from "../term/atom.ts";
import type { Term } from "../term/term.ts";
import { isTuple } from "../term/tuple.ts";

const IS_AUTH = atom("is_auth");
const YES = atom("yes");

/**
 * The process registered as `net_kernel`, as far as other nodes see it: it answers
 * `{is_auth, Node}`, which is all that `net_adm:ping/1` asks. Anything else gets no answer, as in OTP
 * (kernel NK-20, NK-25).
 */
export function netKernelServer(message: Term, self: Process): void {
  const call = genRequest(message);
  if (call?.kind !== "call") return;
  const { request } = call;
  if (isTuple(request, 2) && request[0] === IS_AUTH) {
    reply(self, call.from, YES);
  }
}
