import { atom, atoms, ErlangError, ExitReason, isMatch, match, ProcessError, t } from "disterl";
import { commands } from "./commands.mjs";
import { echo } from "./echo.mjs";

const COMMAND = t(atom("do"), match.any, match.any, match.any);
const DIE = t(atom("die"), match.any);
const MAILBOX = atom("mailbox");
const RAISED = atom("raised");

/**
 * A process that does what it is told: `{do, From, Ref, Command}` is answered with `{Ref, Result}`, or
 * with `{Ref, {raised, Class, Reason}}`. It echoes as `echo` does, and keeps every other message until
 * it is asked for them by the command `mailbox`.
 *
 * One thing after the other, as in Erlang: what comes during a command that waits has its turn later.
 */
export function worker(node) {
  return async (self) => {
    const obey = commands(node, self);
    let kept = [];
    for await (const message of self) {
      if (!isMatch(message, COMMAND)) {
        if (!echo(message, self)) kept.push(message);
        continue;
      }
      const [, from, ref, command] = message;
      if (command === MAILBOX) {
        self.send(from, t(ref, kept));
        kept = [];
      } else if (isMatch(command, DIE)) {
        self.send(from, t(ref, atoms.ok));
        throw new ExitReason(command[1]);
      } else {
        self.send(from, t(ref, await resultOf(obey, command)));
      }
    }
  };
}

async function resultOf(obey, command) {
  try {
    return await obey(command);
  } catch (error) {
    return raised(error);
  }
}

/** What Erlang raises where the library throws. */
function raised(error) {
  if (error instanceof ErlangError) return t(RAISED, atoms.error, error.reason);
  if (error instanceof TypeError || error instanceof ProcessError) {
    return t(RAISED, atoms.error, atoms.badarg);
  }
  throw error;
}
