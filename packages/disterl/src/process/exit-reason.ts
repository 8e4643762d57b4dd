import type { Term } from "../term/term.ts";
import { exceptionOf, exitReasonOf } from "./exceptions.ts";

export { ExitReason } from "./exceptions.ts";

/**
 * The exit reason of a process whose code threw, shaped like that of an Erlang process:
 * `{{javascript, <<"TypeError">>, <<"the message">>}, []}`. The stack is ours and stays here.
 */
export function reasonOf(error: unknown): Term {
  return exitReasonOf(exceptionOf(error));
}
