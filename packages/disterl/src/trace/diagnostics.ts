import * as diagnostics_channel from "node:diagnostics_channel";
import type {
  DiagnosticsChannels,
  TracedHandshake,
  TracedHandshakeDone,
  TracedHandshakeFailed,
  TracedHandshakeStep,
  TracedSignalReceived,
  TracedSignalSent,
  TracedStatus,
} from "./payloads.ts";

/**
 * A channel of `node:diagnostics_channel` with a type. Who publishes asks `hasSubscribers` first and
 * makes the payload only then: without a subscriber nothing is allocated.
 */
export class TraceChannel<Payload> {
  readonly name: string;
  readonly #channel: diagnostics_channel.Channel;

  constructor(name: string) {
    this.name = name;
    this.#channel = diagnostics_channel.channel(name);
  }

  get hasSubscribers(): boolean {
    return this.#channel.hasSubscribers;
  }

  /** Calls the subscribers, at once. What one of them throws becomes an uncaught exception. */
  publish(payload: Payload): void {
    this.#channel.publish(payload);
  }
}

export const handshakeStart = new TraceChannel<TracedHandshake>("disterl:handshake:start");
export const handshakeStep = new TraceChannel<TracedHandshakeStep>("disterl:handshake:step");
export const handshakeDone = new TraceChannel<TracedHandshakeDone>("disterl:handshake:done");
export const handshakeFailed = new TraceChannel<TracedHandshakeFailed>("disterl:handshake:failed");
export const signalReceived = new TraceChannel<TracedSignalReceived>("disterl:signal:received");
export const signalSent = new TraceChannel<TracedSignalSent>("disterl:signal:sent");

type StatusChannels = {
  readonly [Type in keyof TracedStatus]: TraceChannel<DiagnosticsChannels[`disterl:${Type}`]>;
};

/** One channel for each type of event of `node.status()`. */
const statusChannels: StatusChannels = {
  nodeup: new TraceChannel("disterl:nodeup"),
  nodedown: new TraceChannel("disterl:nodedown"),
  alive: new TraceChannel("disterl:alive"),
  not_alive: new TraceChannel("disterl:not_alive"),
  connect_failed: new TraceChannel("disterl:connect_failed"),
  reconnecting: new TraceChannel("disterl:reconnecting"),
  refused: new TraceChannel("disterl:refused"),
  denied: new TraceChannel("disterl:denied"),
  busy: new TraceChannel("disterl:busy"),
  drained: new TraceChannel("disterl:drained"),
  self_stalled: new TraceChannel("disterl:self_stalled"),
  overlapping_partition: new TraceChannel("disterl:overlapping_partition"),
  epmd: new TraceChannel("disterl:epmd"),
  crash: new TraceChannel("disterl:crash"),
  warning: new TraceChannel("disterl:warning"),
  verbose: new TraceChannel("disterl:verbose"),
};

/** Publishes an event of `node.status()` on the channel of its type. `local` gives the node's name. */
export function traceStatus(event: { readonly type: string }, local: () => string): void {
  const byType: Readonly<Record<string, TraceChannel<unknown>>> = statusChannels;
  const channel = byType[event.type];
  if (channel?.hasSubscribers === true) channel.publish({ local: local(), ...event });
}

const all: readonly TraceChannel<never>[] = [
  handshakeStart,
  handshakeStep,
  handshakeDone,
  handshakeFailed,
  signalReceived,
  signalSent,
  ...Object.values(statusChannels),
];

/** Names of all channels. */
export const diagnosticsChannels = all.map(
  ({ name }) => name,
) as readonly (keyof DiagnosticsChannels)[];

/**
 * Calls `listener` with everything that is published on a channel, at the moment it happens: as
 * `subscribe` of `node:diagnostics_channel`, with types.
 *
 *     const stop = subscribe("disterl:nodedown", ({ node, reason }) => count(node, reason));
 *
 * @returns ends the subscription.
 * @throws TypeError when there is no such channel.
 */
export function subscribe<Name extends keyof DiagnosticsChannels>(
  name: Name,
  listener: (payload: DiagnosticsChannels[Name]) => void,
): () => void {
  if (!diagnosticsChannels.includes(name)) throw new TypeError(`there is no channel "${name}"`);
  const onMessage = (message: unknown): void => listener(message as DiagnosticsChannels[Name]);
  diagnostics_channel.subscribe(name, onMessage);
  return () => void diagnostics_channel.unsubscribe(name, onMessage);
}
