import type { Atom } from "../term/atom.ts";
import type { Signal } from "./signal.ts";

/**
 * The seam between processes and the node: where a signal of a local process goes out.
 *
 * A signal to the own node is delivered here, one to another node over its connection, which is set
 * up first if need be.
 */
export interface Router {
  /**
   * Sends `signal` to `node`. Never blocks: while the connection is being set up, and while it is
   * busy, the signal waits in order.
   *
   * @returns false when more waits for that node than the busy threshold: time to await its drain.
   * @throws SendError when the signal cannot be sent at all: its terms cannot be encoded, or the
   *   queue to the node is full.
   */
  route(node: Atom, signal: Signal): boolean;
}
