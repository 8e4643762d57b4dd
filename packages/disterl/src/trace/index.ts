/**
 * What happens inside a node, for tools: channels of `node:diagnostics_channel` with typed payloads.
 * A channel that nobody subscribes to costs nothing.
 *
 * Payloads hold names, addresses, errors and, on the two `disterl:signal:` channels, the terms that
 * the processes send. Cookies, challenges and digests are never among them.
 *
 * @module
 */
export { diagnosticsChannels, subscribe } from "./diagnostics.ts";
export type {
  DiagnosticsChannels,
  Traced,
  TracedAddress,
  TracedHandshake,
  TracedHandshakeDone,
  TracedHandshakeFailed,
  TracedHandshakeStep,
  TracedSignalReceived,
  TracedSignalSent,
  TracedStatus,
} from "./payloads.ts";
