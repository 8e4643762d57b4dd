import type { NodedownReason } from "../connection/errors.ts";
import type { Term } from "../term/term.ts";
import { traceStatus } from "../trace/diagnostics.ts";
import type { PeerOperation } from "./policy.ts";
import type { RefusalCause } from "./refusals.ts";

/** What `netKernel.verbose(1)` tells of. */
export type VerboseAction =
  /** The program asked for a connection. */
  | "connect"
  /** A signal needed one. */
  | "auto_connect"
  /** A node that dialled us has proved itself. */
  | "accept"
  /** The program ended a connection. */
  | "disconnect";

/**
 * What happens to a node and its connections, as it happens. `type` and the codes in the events are
 * stable, as are the names of the fields; errors have their own codes (`docs/errors.md`).
 */
export type NodeStatus =
  /** A connection is up; before anything that arrives over it. */
  | {
      readonly type: "nodeup";
      readonly node: string;
      /** One of the two nodes is hidden, and so the connection is. */
      readonly hidden: boolean;
      /** We have dialled, not the peer. */
      readonly dialled: boolean;
      /** Tells this connection from others of this node, earlier and later ones. */
      readonly connectionId: number;
      /** Tells this run of the peer from earlier ones. */
      readonly creation: number;
    }
  /** A connection is gone; after the last thing that arrived over it. */
  | {
      readonly type: "nodedown";
      readonly node: string;
      readonly hidden: boolean;
      readonly connectionId: number;
      /** The reason code. */
      readonly reason: NodedownReason;
      /** What it was in detail, where there is more to say. */
      readonly error: Error | undefined;
    }
  /** This node has a name: it was started, or was given a dynamic one. */
  | { readonly type: "alive"; readonly node: string; readonly creation: number }
  /** This node has lost its name, and with it the other nodes. */
  | { readonly type: "not_alive"; readonly node: string; readonly reason: NodedownReason }
  /** A dial of ours failed. */
  | {
      readonly type: "connect_failed";
      readonly node: string;
      /** `ERR_CONNECT_…` or another code of `error`. */
      readonly code: string | undefined;
      readonly error: Error;
    }
  /** A node that the program wants to stay connected with is dialled again in `delayMs`. */
  | {
      readonly type: "reconnecting";
      readonly node: string;
      /** Of the dials since it was connected last; the first is 1. */
      readonly attempt: number;
      readonly delayMs: number;
      /** Why: the code of the last dial's error, or the reason of the nodedown. */
      readonly code: string | undefined;
    }
  /** A connection that somebody opened to us did not get through its handshake. */
  | {
      readonly type: "refused";
      /** Where it came from. */
      readonly address: string;
      /** `ERR_HANDSHAKE_…` or another code of `error`. */
      readonly code: string | undefined;
      readonly error: Error;
    }
  /** A process ended because its code threw, or because it was killed for its mailbox. */
  | {
      readonly type: "crash";
      readonly process: string;
      readonly reason: Term;
      readonly error: unknown;
    }
  /**
   * More waits for a node than `limits.distBusyBytes`, as the `busy_dist_port` of
   * `erlang:system_monitor/2`. At most once a second for one node.
   */
  | { readonly type: "busy"; readonly node: string; readonly pendingBytes: number }
  /** After a `busy` that was told: less than half of it waits, `busyMs` later. */
  | { readonly type: "drained"; readonly node: string; readonly busyMs: number }
  /**
   * Our own event loop stood still for longer than a tick interval: others may have given us up. Told
   * before what arrived meanwhile is read; `durationMs` may be a quarter of a tick interval too much.
   */
  | { readonly type: "self_stalled"; readonly durationMs: number }
  /**
   * `prevent_overlapping_partitions`: a node that others of the mesh cannot reach (any more) was
   * disconnected, or asked to disconnect from us.
   */
  | {
      readonly type: "overlapping_partition";
      readonly node: string;
      readonly action: "disconnected" | "requested";
    }
  /**
   * A peer did not get what it asked for. Repetitions of the same within ten seconds are one event,
   * with their number.
   */
  | {
      readonly type: "denied";
      readonly peer: string;
      readonly operation: PeerOperation;
      /** The process, or the function as `module:function/arity`. */
      readonly target: string;
      readonly cause: RefusalCause;
      readonly count: number;
    }
  /** Our place at epmd: lost, taken by another, or got back. */
  | EpmdStatus
  /** What is likely a mistake, and stops nothing: a cookie file that is not the only one, say. */
  | { readonly type: "warning"; readonly code: string; readonly message: string }
  /** With `netKernel.verbose(1)`: what net_kernel is about to do. */
  | {
      readonly type: "verbose";
      readonly level: number;
      readonly action: VerboseAction;
      readonly node: string;
    };

/** How the registration at epmd goes. The node keeps its creation whatever happens there. */
export interface EpmdStatus {
  readonly type: "epmd";
  /**
   * - `registered`: for the first time, within the start of the node;
   * - `epmd_started`: nobody answered, so this node serves epmd's port itself;
   * - `lost`: epmd has gone, and with it the entry; connections live on. It is tried again every two
   *   seconds;
   * - `retry_failed`: that did not work (`error`);
   * - `name_lost`: another node has the name now, at `holderPort`. It is tried on;
   * - `reregistered`: the name is ours again.
   */
  readonly event:
    | "registered"
    | "epmd_started"
    | "lost"
    | "retry_failed"
    | "name_lost"
    | "reregistered";
  /** Why a retry failed. */
  readonly error: Error | undefined;
  /** The port of the node that has our name; undefined when it has gone again, too. */
  readonly holderPort: number | undefined;
}

/** Events that a slow reader may be behind before the oldest are dropped. */
const KEPT = 1024;

/** Hands each event to every reader; costs nothing while there is none. */
export class StatusFeed {
  readonly #readers = new Set<(event: NodeStatus | undefined) => void>();
  readonly #local: () => string;
  #closed = false;

  /** `local` gives the name of the node. */
  constructor(local: () => string = () => "") {
    this.#local = local;
  }

  publish(event: NodeStatus): void {
    traceStatus(event, this.#local);
    for (const reader of this.#readers) reader(event);
  }

  /** Ends every iteration. */
  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader(undefined);
    this.#readers.clear();
  }

  /** The events from this call on, until the node stops. */
  events(): AsyncIterableIterator<NodeStatus> {
    const waiting: NodeStatus[] = [];
    // Several may wait at once: all look again, the first in line finds the event.
    let wakes: (() => void)[] = [];
    const wake = (): void => {
      const waking = wakes;
      wakes = [];
      for (const call of waking) call();
    };
    let done = this.#closed;
    const reader = (event: NodeStatus | undefined): void => {
      if (event === undefined) done = true;
      else if (waiting.push(event) > KEPT) waiting.shift();
      wake();
    };
    if (!done) this.#readers.add(reader);
    const stop = (): void => {
      done = true;
      this.#readers.delete(reader);
      wake();
    };
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next() {
        while (waiting.length === 0 && !done) {
          await new Promise<void>((resolve) => {
            wakes.push(resolve);
          });
        }
        const value = waiting.shift();
        return value === undefined ? { value, done: true } : { value, done: false };
      },
      return() {
        stop();
        waiting.length = 0;
        return Promise.resolve({ value: undefined, done: true });
      },
    };
  }
}
