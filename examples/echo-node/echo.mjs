import { atom, genRequest, isMatch, match, reply, t } from "disterl";

const REQUEST = t(match.pid, match.any, match.any);
const CALL = t(atom("echo"), match.any);

/**
 * Answers `{From, Ref, Term}` with `{Ref, Term}`, and `gen_server:call(self, {echo, Term})` with Term.
 * False when the message is neither.
 */
export function echo(message, self) {
  const call = genRequest(message);
  if (call?.kind === "call" && isMatch(call.request, CALL)) {
    reply(self, call.from, call.request[1]);
    return true;
  }
  if (!isMatch(message, REQUEST)) return false;
  const [from, ref, term] = message;
  self.send(from, t(ref, term));
  return true;
}
