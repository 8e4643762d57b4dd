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

/**
 * Throw it for an error whose reason Erlang shall see as it is (`error(Reason)`): `badarg`,
 * `{badmatch, V}`, a reason of the program's own. A process that it ends has the exit reason
 * `{Reason, Stack}`.
 */
export class ErlangError extends Error {
  /** The argument of `error/1`. */
  readonly reason: Term;

  constructor(reason: Term, options?: ErrorOptions) {
    super("error", options);
    this.name = "ErlangError";
    this.reason = reason;
  }
}

/**
 * Throw it where Erlang code would `throw(Term)`: the caller of an exposed function can catch it, and
 * `rpc:call` returns the term as if it were the value. Nobody catches it in a process that was
 * spawned: its exit reason is `{{nocatch, Term}, Stack}`.
 */
export class ErlangThrow extends Error {
  /** The argument of `throw/1`. */
  readonly value: Term;

  constructor(value: Term) {
    super("throw");
    this.name = "ErlangThrow";
    this.value = value;
  }
}

/** An exception as Erlang has it: `catch Class:Reason`. */
export interface Exception {
  readonly class: "error" | "exit" | "throw";
  readonly reason: Term;
}

const JAVASCRIPT = atom("javascript");
const NOCATCH = atom("nocatch");

/**
 * What JavaScript threw, as an Erlang exception. What is none of the classes of this file is an
 * `error` with the reason `{javascript, <<"TypeError">>, <<"the message">>}`; the stack stays here.
 * @internal
 */
export function exceptionOf(error: unknown): Exception {
  if (error instanceof ExitReason) return { class: "exit", reason: error.reason };
  if (error instanceof ErlangThrow) return { class: "throw", reason: error.value };
  if (error instanceof ErlangError) return { class: "error", reason: error.reason };
  const isError = error instanceof Error;
  const name = isError ? textOf(() => error.name) : typeof error;
  const message = textOf(() => (isError ? error.message : error));
  return { class: "error", reason: t(JAVASCRIPT, name, message) };
}

/** The exit reason of a process that nobody caught that exception in. @internal */
export function exitReasonOf({ class: kind, reason }: Exception, stack: Term = []): Term {
  if (kind === "exit") return reason;
  return t(kind === "throw" ? t(NOCATCH, reason) : reason, stack);
}

/** Anything can be thrown, also what has no text. */
function textOf(value: () => unknown): string {
  try {
    return String(value()).toWellFormed();
  } catch {
    return "";
  }
}
