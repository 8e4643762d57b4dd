import type { Signal } from "../signal/signal.ts";
import type { Term } from "../term/term.ts";

/** What every payload says. */
export interface Traced {
  /** Full name of the node that tells; a program may run several. */
  readonly local: string;
}

/** Where the other end of a connection is. */
export interface TracedAddress {
  readonly family: string;
  readonly address: string;
  readonly port: number;
}

/** A handshake, in all of its payloads. */
export interface TracedHandshake extends Traced {
  /** The same for all payloads of one handshake, and of no other of this program. */
  readonly id: number;
  /** Whether we dialled, or the other side did. */
  readonly role: "dial" | "accept";
  /** Name of the other node: of a dialled one from the start, of another once it has proved itself. */
  readonly node: string | undefined;
  readonly remote: TracedAddress;
}

/** A handshake goes on: what is awaited from now on, in the words of `HandshakeError.step`. */
export interface TracedHandshakeStep extends TracedHandshake {
  readonly step: string;
}

/** A handshake succeeded. */
export interface TracedHandshakeDone extends TracedHandshake {
  readonly node: string;
  readonly durationMs: number;
}

/** A handshake failed, or was refused. */
export interface TracedHandshakeFailed extends TracedHandshake {
  /** What was awaited. */
  readonly step: string;
  /** As a rule a `HandshakeError`. */
  readonly error: unknown;
  readonly durationMs: number;
}

/** A signal arrived from another node, and is about to be delivered. */
export interface TracedSignalReceived extends Traced {
  /** The node it came from. */
  readonly node: string;
  /** With its terms: what the processes of the cluster say to each other. */
  readonly signal: Signal;
  /** What it took on the wire. */
  readonly bytes: number;
}

/** A signal was given to the connection with another node. */
export interface TracedSignalSent extends Traced {
  /** The node it goes to. */
  readonly node: string;
  readonly signal: Signal;
}

/**
 * The payloads that are also events of `node.status()`, by their `type`; see `NodeStatus` for what
 * each field means. Words that are codes there are text here.
 */
export interface TracedStatus {
  /** A connection is up. */
  nodeup: {
    readonly node: string;
    readonly hidden: boolean;
    readonly dialled: boolean;
    readonly connectionId: number;
    readonly creation: number;
  };
  /** A connection is gone. */
  nodedown: {
    readonly node: string;
    readonly hidden: boolean;
    readonly connectionId: number;
    /** One of `NodedownReason`. */
    readonly reason: string;
    readonly error: Error | undefined;
  };
  /** This node has a name. */
  alive: { readonly node: string; readonly creation: number };
  /** This node has lost its name. */
  not_alive: { readonly node: string; readonly reason: string };
  /** A dial of ours failed. */
  connect_failed: {
    readonly node: string;
    readonly code: string | undefined;
    readonly error: Error;
  };
  /** A node that the program keeps connected with is dialled again. */
  reconnecting: {
    readonly node: string;
    readonly attempt: number;
    readonly delayMs: number;
    readonly code: string | undefined;
  };
  /** A connection opened to us did not get through its handshake. */
  refused: {
    readonly address: string;
    readonly code: string | undefined;
    readonly error: Error;
  };
  /** A connected node did not get what it asked for. */
  denied: {
    readonly peer: string;
    readonly operation: string;
    readonly target: string;
    readonly cause: string;
    readonly count: number;
  };
  /** More waits for a node than the busy threshold. */
  busy: { readonly node: string; readonly pendingBytes: number };
  /** Not any more. */
  drained: { readonly node: string; readonly busyMs: number };
  /** Our own event loop stood still. */
  self_stalled: { readonly durationMs: number };
  /** `global` has cut a connection to keep partitions from overlapping. */
  overlapping_partition: { readonly node: string; readonly action: string };
  /** The registration at epmd. */
  epmd: {
    readonly event: string;
    readonly error: Error | undefined;
    readonly holderPort: number | undefined;
  };
  /** A process ended because its code threw, or because of its mailbox. */
  crash: { readonly process: string; readonly reason: Term; readonly error: unknown };
  /** What is likely a mistake. */
  warning: { readonly code: string; readonly message: string };
  /** What net_kernel is about to do, where that was asked for. */
  verbose: { readonly level: number; readonly action: string; readonly node: string };
}

/** The channels, and what is published on each. */
export type DiagnosticsChannels = {
  /** A connection was opened, and its handshake begins. */
  "disterl:handshake:start": TracedHandshake;
  "disterl:handshake:step": TracedHandshakeStep;
  "disterl:handshake:done": TracedHandshakeDone;
  "disterl:handshake:failed": TracedHandshakeFailed;
  "disterl:signal:received": TracedSignalReceived;
  "disterl:signal:sent": TracedSignalSent;
} & {
  [Type in keyof TracedStatus as `disterl:${Type}`]: Traced & {
    readonly type: Type;
  } & TracedStatus[Type];
};
