import type { Atom } from "../term/atom.ts";
import type { Signal } from "./signal.ts";

/** Options of a send, as those of `erlang:send/3`. */
export interface SendOptions {
  /** Do not send when more than the busy threshold waits for the node already. Default false. */
  readonly nosuspend?: boolean | undefined;
  /** Do not send when a connection to the node would have to be set up first. Default false. */
  readonly noconnect?: boolean | undefined;
}

/**
 * What became of a send.
 *
 * - `true`: it is on its way.
 * - `false`: it is on its way, and more waits for that node than the busy threshold: time to await
 *   its drain. Where `erlang:send/2` would have suspended the sender.
 * - `"nosuspend"`: not sent, because it would have been `false`, and {@link SendOptions.nosuspend}.
 * - `"noconnect"`: not sent, because there is no connection, and {@link SendOptions.noconnect}.
 *
 * The two words are the results of `erlang:send/3`; its `ok` is `true` or `false` here.
 */
export type SendResult = boolean | "nosuspend" | "noconnect";

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
  /** The same on conditions, of `erlang:send/3`; see {@link SendResult}. */
  route(node: Atom, signal: Signal, options: SendOptions | undefined): SendResult;
  /** Resolves when there is room again for messages to a node, or the node is gone. */
  drained(node: Atom): Promise<void>;
}
