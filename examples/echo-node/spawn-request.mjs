import { atom, isMatch, match, t } from "disterl";
import { badarg, expected } from "./arguments.mjs";

const { any, atom: anAtom, list } = match;
const LINK = atom("link");
const MONITOR = atom("monitor");
const SPAWN_REPLY = atom("spawn_reply");

const MONITOR_WITH = t(MONITOR, list);
const REPLY = t(atom("reply"), anAtom);
const REPLY_TAG = t(atom("reply_tag"), any);
const ALIAS = t(atom("alias"), anAtom);
const TAG = t(atom("tag"), any);

/**
 * `erlang:spawn_request/5`, and waits for the message that it sends: `{ok, Pid}` or `{error, Reason}`.
 * The messages before it stay where they are.
 */
export async function spawnRequest(self, node, module, fun, args, opts) {
  const options = spawnOptions(expected(list, opts));
  const where = expected(anAtom, node);
  const call = [expected(anAtom, module), expected(anAtom, fun), expected(list, args)];
  const id = self.spawnRequest(where, ...call, options);
  const tag = options.replyTag ?? SPAWN_REPLY;
  const [, , how, result] = await self.receive(t(tag, id, anAtom, any));
  return t(how, result);
}

/** Erlang's options, as the library takes them. What it does not know goes to the other node as it is. */
function spawnOptions(terms) {
  const options = { options: [] };
  for (const term of terms) {
    if (term === LINK) options.link = true;
    else if (term === MONITOR) options.monitor = true;
    else if (isMatch(term, MONITOR_WITH)) options.monitor = monitorOptions(term[1]);
    else if (isMatch(term, REPLY)) options.reply = String(term[1]);
    else if (isMatch(term, REPLY_TAG)) options.replyTag = term[1];
    else options.options.push(term);
  }
  return options;
}

function monitorOptions(terms) {
  const options = {};
  for (const term of terms) {
    if (isMatch(term, ALIAS)) options.alias = String(term[1]);
    else if (isMatch(term, TAG)) options.tag = term[1];
    else badarg();
  }
  return options;
}
