import type { NetAddress } from "../carrier/carrier.ts";
import type { TlsFacts } from "../carrier/tls/tls-facts.ts";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionStats } from "../connection/connection-stats.ts";
import { flagNames } from "../wire/flags.ts";

/** What is known of a connected node. */
export interface PeerInfo {
  /** Full name. */
  readonly name: string;
  /** Tells this run of that node from earlier ones. */
  readonly creation: number;
  /** Whether one of the two nodes is hidden, and so the connection is. */
  readonly hidden: boolean;
  /** Names of the flags in force. */
  readonly flags: readonly string[];
  /** Name of the carrier over which it is connected, such as `inet_tcp`. */
  readonly carrier: string;
  /** Where the other end is. */
  readonly address: NetAddress;
  /** Over TLS: version, cipher and the certificates of both sides. Undefined: nothing is encrypted by us. */
  readonly tls?: TlsFacts | undefined;
  /** Counters, as of now. */
  readonly stats: ConnectionStats;
}

/** @internal */
export function peerInfo(connection: Connection): PeerInfo {
  const { node, creation, hidden, flags } = connection.peer;
  const { tls } = connection;
  return {
    name: node.text,
    creation,
    hidden,
    flags: flagNames(flags),
    carrier: connection.carrier,
    address: connection.remoteAddress,
    ...(tls === undefined ? {} : { tls }),
    stats: connection.stats,
  };
}
