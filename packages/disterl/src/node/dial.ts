import type { Carrier, Channel, SocketOptions } from "../carrier/carrier.ts";
import { CarrierError } from "../carrier/errors.ts";
import type { Clock } from "../carrier/clock.ts";
import { runHandshake } from "../connection/run-handshake.ts";
import { withDeadline } from "../epmd/deadline.ts";
import type { Discovery } from "../epmd/discovery.ts";
import { HandshakeError } from "../handshake/errors.ts";
import type { AgreedPeer } from "../handshake/handshake.ts";
import { type InitiateOptions, initiate } from "../handshake/initiate.ts";
import { HandshakeTrace } from "../trace/handshake-trace.ts";
import { addressFor } from "./address-for-carrier.ts";
import { type Way, waysTo } from "./choose-carrier.ts";
import { ConnectError } from "./errors.ts";
import type { NodeName } from "./node-name.ts";

/** A channel over which both sides have proved who they are. */
export interface Established {
  readonly channel: Channel;
  /** Name of the carrier that it is of. */
  readonly carrier: string;
  readonly peer: AgreedPeer;
  /** What the peer sent behind its last handshake packet. */
  readonly rest: Uint8Array;
}

export interface DialOptions {
  readonly carriers: readonly Carrier[];
  readonly clock: Clock;
  readonly discovery: Discovery;
  readonly setupTimeMs: number;
  readonly dialSocket?: SocketOptions | undefined;
}

/**
 * Finds a node and shakes hands with it (`Mod:setup/5` of the carriers): discovery, carrier,
 * handshake. Whatever fails says at which of these layers.
 */
export async function dial(
  name: NodeName,
  handshake: InitiateOptions,
  options: DialOptions,
  signal: AbortSignal,
): Promise<Established> {
  const { carriers, clock, discovery, setupTimeMs } = options;
  const ways = await waysTo(name, carriers, discovery, signal);
  const { channel, carrier } = await openFirst(name, ways, options, signal);
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
    return { channel, carrier: carrier.name, peer: result, rest };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HandshakeError)) throw error;
    // With TLS 1.3 the peer's verdict on our certificate comes when our side of TLS is done.
    if (isTlsRefusal(error.cause)) throw unreachable(name, error.cause);
    throw new ConnectError("ERR_CONNECT_HANDSHAKE", "handshake", name.full, error.message, error);
  }
}

/**
 * Goes the ways to a node, until one leads there. All but the last share the time of one step, so that there
 * is time for the last one and for the handshake, however many there are.
 */
async function openFirst(
  name: NodeName,
  ways: readonly Way[],
  options: DialOptions,
  signal: AbortSignal,
): Promise<{ channel: Channel; carrier: Carrier }> {
  const { clock, setupTimeMs } = options;
  const share = setupTimeMs / Math.max(1, ways.length - 1);
  let failure: unknown;
  for (const [index, way] of ways.entries()) {
    const isLast = index === ways.length - 1;
    const open = async (within: AbortSignal): Promise<Channel> => {
      const channel = await openChannel(name, way, options.dialSocket, within);
      if (within.aborted) channel.destroy(); // nobody waits for it any more
      return channel;
    };
    try {
      const channel = await (isLast
        ? open(signal)
        : withDeadline(clock, share, signal, () => silent(way), open));
      return { channel, carrier: way.carrier };
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw unreachable(name, failure);
}

function silent({ host, port }: Way): Error {
  return new Error(`no answer from ${host}:${port}`);
}

function openChannel(
  { full }: NodeName,
  { carrier, host, port }: Way,
  socket: SocketOptions | undefined,
  signal: AbortSignal,
): Promise<Channel> {
  const { localAddress } = socket ?? {};
  const from =
    localAddress === undefined ? {} : { localAddress: addressFor(carrier, localAddress) };
  const settings = socket === undefined ? undefined : { ...socket, ...from };
  return carrier.connect({ host, port, node: full, socket: settings, signal });
}

function isTlsRefusal(error: unknown): boolean {
  return error instanceof CarrierError && error.code === "ERR_CARRIER_TLS_REFUSED";
}

function unreachable({ full }: NodeName, error: unknown): ConnectError {
  const text = `cannot reach ${full}: ${error instanceof Error ? error.message : String(error)}`;
  return new ConnectError("ERR_CONNECT_CARRIER", "carrier", full, text, error);
}
