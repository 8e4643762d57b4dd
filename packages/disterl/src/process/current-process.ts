import { AsyncLocalStorage } from "node:async_hooks";
import type { Process } from "./process.ts";

let running: Process | undefined;
/** Made when the first process asks for it: from then on every promise of the program costs more. */
let storage: AsyncLocalStorage<Process> | undefined;

/**
 * The process whose code is running (`erlang:self/0`); undefined outside of any.
 *
 * It is known in `onMessage`, and in the body of a process up to its first `await`. Behind that it
 * takes a process that was started with `asyncContext: true`.
 */
export function currentProcess(): Process | undefined {
  return running ?? storage?.getStore();
}

/** Runs code in the name of a process. @internal */
export function runAs<Result>(process: Process, inContext: boolean, code: () => Result): Result {
  const before = running;
  running = process;
  try {
    if (!inContext) return code();
    storage ??= new AsyncLocalStorage<Process>();
    return storage.run(process, code);
  } finally {
    running = before;
  }
}

/** Lets a process have its turn: as {@link runAs}, and nothing is made for it. @internal */
export function takeTurn(process: Process): boolean {
  if (process.asyncContext) return runAs(process, true, () => process.turn());
  const before = running;
  running = process;
  try {
    return process.turn();
  } finally {
    running = before;
  }
}
