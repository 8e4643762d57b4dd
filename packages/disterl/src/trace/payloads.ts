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

/** The payloads that are also events of `node.status()`, by their `type`. */
export interface TracedStatus {
  nodeup: {
    readonly node: string;
    readonly hidden: boolean;
    /** Whether we dialled. */
    readonly dialled: boolean;
  };
  nodedown: {
    readonly node: string;
    readonly hidden: boolean;
    /** One of `NodedownReason`. */
    readonly reason: string;
    readonly error: Error | undefined;
  };
  connect_failed: { readonly node: string; readonly error: Error };
  refused: { readonly address: string; readonly error: Error };
  denied: {
    readonly peer: string;
    readonly operation: string;
    readonly target: string;
    readonly cause: string;
    readonly count: number;
  };
  busy: { readonly node: string; readonly pendingBytes: number };
  drained: { readonly node: string; readonly busyMs: number };
  self_stalled: { readonly durationMs: number };
  epmd: { readonly event: string; readonly error: Error | undefined };
  crash: { readonly process: string; readonly reason: Term; readonly error: unknown };
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
