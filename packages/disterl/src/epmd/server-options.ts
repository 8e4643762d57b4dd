import { isLimit } from "../bytes/is-limit.ts";
import type { Clock } from "../carrier/clock.ts";
import { MAX_REQUEST_BYTES } from "./codes.ts";
import type { EpmdEvent } from "./server-event.ts";

/** What an epmd server holds at most. Reaching a limit is told as an event, once a minute each. */
export interface EpmdServerLimits {
  /**
   * Connections that have not registered. When all are taken, the oldest of the source that has
   * most makes room. Default 1024.
   */
  readonly connections: number;
  /** How many of `connections` only this machine may use. Default 64. */
  readonly reservedForLoopback: number;
  /** Unregistered connections of one address (IPv6: one /64) other than loopback. Default 128. */
  readonly connectionsPerSource: number;
  /** Nodes alive. Further ones are refused. Default 10 000. */
  readonly registrations: number;
  /** Released names remembered for their creation. Default 1000. */
  readonly remembered: number;
  /** Body of a request, in bytes. Default 3057. */
  readonly requestBytes: number;
  /**
   * Bytes of answers that slow readers have not taken, over all connections. When more are waiting,
   * the connections that wait longest are closed. Default 64 MiB.
   */
  readonly unreadReplyBytes: number;
}

/** The limits of a server that is given none. */
export const DEFAULT_EPMD_LIMITS: EpmdServerLimits = {
  connections: 1024,
  reservedForLoopback: 64,
  connectionsPerSource: 128,
  registrations: 10_000,
  remembered: 1000,
  requestBytes: MAX_REQUEST_BYTES,
  unreadReplyBytes: 64 * 1024 * 1024,
};

/** Options of {@link startEpmdServer}. */
export interface EpmdServerOptions {
  /** Default 4369; 0 takes a free one. */
  readonly port?: number | undefined;
  /**
   * IP addresses to listen on; loopback is always added. Default: all addresses, IPv4 and IPv6.
   * At most 14.
   */
  readonly addresses?: readonly string[] | undefined;
  /** Sockets that listen already, by descriptor (socket activation). `addresses` is not used then. */
  readonly descriptors?: readonly number[] | undefined;
  /** Serves STOP, and KILL (if allowed at all) while nodes are alive. Default false. */
  readonly relaxedCommandCheck?: boolean | undefined;
  /** Lets this machine end the server with KILL. Default false: an embedded server stays. */
  readonly allowKill?: boolean | undefined;
  /**
   * How long a connection may exist without being a registration, whatever it sends, in
   * milliseconds. Default 10 000.
   */
  readonly packetTimeoutMs?: number | undefined;
  /** Waits before each new connection is served, to try out clients. Default 0. */
  readonly delayAcceptMs?: number | undefined;
  /** Waits before each reply, to try out clients. Default 0. */
  readonly delayWriteMs?: number | undefined;
  readonly limits?: Partial<EpmdServerLimits> | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** Seconds since 1970, for creations. Default: the wall clock. */
  readonly wallSeconds?: (() => number) | undefined;
  /** Is told what happens. Must not throw. */
  readonly onEvent?: ((event: EpmdEvent) => void) | undefined;
}

/**
 * Fills in the defaults.
 * @throws TypeError when a limit is unknown, or not a number from 0 up. @internal
 */
export function epmdLimits(given: Partial<EpmdServerLimits> = {}): EpmdServerLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!(name in DEFAULT_EPMD_LIMITS)) throw new TypeError(`there is no limit "${name}"`);
    if (value !== undefined && !isLimit(value)) {
      throw new TypeError(
        `limits.${name} must be a number from 0 up, not ${typeof value === "number" ? value : typeof value}`,
      );
    }
  }
  const own = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...DEFAULT_EPMD_LIMITS, ...Object.fromEntries(own) };
}
