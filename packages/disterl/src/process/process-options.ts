import type { Name } from "../signal/signal.ts";
import type { Pid } from "../term/pid.ts";
import type { Term } from "../term/term.ts";
import type { MonitorOptions } from "./monitor.ts";
import type { Process } from "./process.ts";

/**
 * What a process does. It ends, with the reason `normal`, when this returns or its promise resolves,
 * and with an Erlang-shaped reason when it throws. What it gives back is not looked at.
 */
export type ProcessBody = (self: Process) => unknown;

/** What a process is started with. */
export interface ProcessOptions {
  /** Registers the process under this name. */
  readonly name?: Name | string | undefined;
  /**
   * Called for each message, in order, with no promise in between: the next message does not wait for
   * a promise that it gives back. What it throws, or a promise of its that rejects, ends the process.
   * Without it the messages wait for {@link Process.receive}.
   */
  readonly onMessage?: ((message: Term, self: Process) => unknown) | undefined;
  /** Exit signals become messages `{'EXIT', From, Reason}` instead of ending the process. */
  readonly trapExit?: boolean | undefined;
  /** Who writes what it prints. Default: that of its parent, for `node.spawn` that of the node. */
  readonly groupLeader?: Pid | undefined;
  /**
   * `currentProcess()` finds it behind an `await`, too. Costs every promise of the program some time
   * from the first such process on (`AsyncLocalStorage`). Children inherit it. Default false.
   */
  readonly asyncContext?: boolean | undefined;
  /** A service of the node: exit signals of others are ignored. @internal */
  readonly system?: boolean | undefined;
}

/** What else a child of a process is started with. */
export interface ChildOptions extends ProcessOptions {
  /** Parent and child are linked before the child runs (`spawn_link`). */
  readonly link?: boolean | undefined;
  /** The parent monitors the child, with the reference in its `monitorRef` (`spawn_monitor`). */
  readonly monitor?: boolean | MonitorOptions | undefined;
}
