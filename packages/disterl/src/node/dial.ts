import type { Carrier, Channel, SocketOptions } from "../carrier/carrier.ts";
import { CarrierError } from "../carrier/errors.ts";
import type { Clock } from "../carrier/clock.ts";
import { runHandshake } from "../connection/run-handshake.ts";
import { EpmdError } from "../epmd/errors.ts";
import type { Discovery } from "../epmd/discovery.ts";
import { HandshakeError } from "../handshake/errors.ts";
import type { AgreedPeer } from "../handshake/handshake.ts";
import { type InitiateOptions, initiate } from "../handshake/initiate.ts";
import { HandshakeTrace } from "../trace/handshake-trace.ts";
import { ConnectError } from "./errors.ts";
import type { NodeName } from "./node-name.ts";

/** A channel over which both sides have proved who they are. */
export interface Established {
  readonly channel: Channel;
  readonly peer: AgreedPeer;
  /** What the peer sent behind its last handshake packet. */
  readonly rest: Uint8Array;
}

export interface DialOptions {
  readonly carrier: Carrier;
  readonly clock: Clock;
  readonly discovery: Discovery;
  readonly setupTimeMs: number;
  readonly dialSocket?: SocketOptions | undefined;
  readonly signal: AbortSignal;
}

/**
 * Finds a node and shakes hands with it (`Mod:setup/5` of the carriers): discovery, carrier,
 * handshake. Whatever fails says at which of these layers.
 */
export async function dial(
  name: NodeName,
  handshake: InitiateOptions,
  { carrier, clock, discovery, setupTimeMs, dialSocket: socket, signal }: DialOptions,
): Promise<Established> {
  const port = await findPort(name, discovery, signal);
  const channel = await openChannel(name, { ...port, socket }, carrier, signal);
  try {
    const { result, rest } = await runHandshake({
      channel,
      handshake: initiate(handshake),
      lengthBytes: carrier.handshakeLengthBytes,
      clock,
      limits: { stepMs: setupTimeMs },
      trace: new HandshakeTrace(handshake.ourName, "dial", name.full),
      signal,
    });
    return { channel, peer: result, rest };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HandshakeError)) throw error;
    // With TLS 1.3 the peer's verdict on our certificate comes when our side of TLS is done.
    if (isTlsRefusal(error.cause)) throw unreachable(name, error.cause);
    throw new ConnectError("ERR_CONNECT_HANDSHAKE", "handshake", name.full, error.message, error);
  }
}

async function findPort(
  { name, host, full }: NodeName,
  discovery: Discovery,
  signal: AbortSignal,
): Promise<{ host: string; port: number }> {
  let found: Awaited<ReturnType<Discovery["lookup"]>>;
  try {
    found = await discovery.lookup(name, host, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof EpmdError)) throw error;
    const text = `no answer about ${full}: ${error.message}`;
    throw new ConnectError("ERR_CONNECT_NO_EPMD", "discovery", full, text, error);
  }
  if (found === undefined) {
    const text =
      `epmd on ${host} answers, but no node called "${name}" is registered there: ` +
      "it is not running, or not distributed, or registered with another epmd";
    throw new ConnectError("ERR_CONNECT_NOT_REGISTERED", "discovery", full, text);
  }
  return { host: found.address ?? host, port: found.port };
}

async function openChannel(
  name: NodeName,
  at: { host: string; port: number; socket: SocketOptions | undefined },
  carrier: Carrier,
  signal: AbortSignal,
): Promise<Channel> {
  try {
    return await carrier.connect({ ...at, node: name.full, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(name, error);
  }
}

function isTlsRefusal(error: unknown): boolean {
  return error instanceof CarrierError && error.code === "ERR_CARRIER_TLS_REFUSED";
}

function unreachable({ full }: NodeName, error: unknown): ConnectError {
  const text = `cannot reach ${full}: ${error instanceof Error ? error.message : String(error)}`;
  return new ConnectError("ERR_CONNECT_CARRIER", "carrier", full, text, error);
}
