import { atom } from "../term/atom.ts";
import type { Term } from "../term/term.ts";
import { t } from "../term/tuple.ts";

/** Throw it in a process to end it with this very reason; nothing is logged (`exit(Reason)`). */
export class ExitReason extends Error {
  /** What links and monitors are told. */
  readonly reason: Term;

  constructor(reason: Term) {
    super("exit");
    this.name = "ExitReason";
    this.reason = reason;
  }
}

const JAVASCRIPT = atom("javascript");

/**
 * The exit reason of a process whose code threw, shaped like that of an Erlang process:
 * `{{javascript, <<"TypeError">>, <<"the message">>}, []}`. The stack is ours and stays here.
 */
export function reasonOf(error: unknown): Term {
  if (error instanceof ExitReason) return error.reason;
  const name = error instanceof Error ? error.name : typeof error;
  const message = error instanceof Error ? error.message : String(error);
  return t(t(JAVASCRIPT, name.toWellFormed(), message.toWellFormed()), []);
}
