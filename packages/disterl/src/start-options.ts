import type { Carrier } from "./carrier/carrier.ts";
import type { Clock } from "./carrier/clock.ts";
import type { Discovery } from "./epmd/discovery.ts";
import type { Cookie } from "./handshake/cookie.ts";
import type { DecodeOptions } from "./etf/index.ts";
import type { NodeLimits } from "./node/limits.ts";
import type { NameDomain } from "./node/node-name.ts";
import type { WireLimits } from "./wire/limits.ts";

/** How a node listens. */
export interface ListenAt {
  /** Address to bind (`inet_dist_use_interface`). Default `127.0.0.1`: only this machine can connect. */
  readonly host?: string;
  /** Port, or first port to try (`inet_dist_listen_min`). Default: any free one. */
  readonly port?: number;
  /** Last port to try (`inet_dist_listen_max`). Default `port`. */
  readonly lastPort?: number;
}

const KNOWN: Readonly<Record<keyof StartNodeOptions, true>> = {
  name: true,
  nameDomain: true,
  cookie: true,
  cookies: true,
  hidden: true,
  listen: true,
  discovery: true,
  epmd: true,
  netTickTime: true,
  netTickIntensity: true,
  netSetupTime: true,
  allow: true,
  distAutoConnect: true,
  connectAll: true,
  preventOverlappingPartitions: true,
  carrier: true,
  output: true,
  decode: true,
  limits: true,
  clock: true,
  random: true,
};

/**
 * A misspelt `allow` would let everybody in.
 * @throws TypeError @internal
 */
export function checkOptionNames(options: StartNodeOptions): void {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(KNOWN, name)) throw new TypeError(`startNode has no option "${name}"`);
  }
}

/** Options of `startNode`; Erlang's names for them are in brackets. */
export interface StartNodeOptions {
  /**
   * `app` or `app@host` (`-sname`, `-name`). Without one the first node that is connected to gives
   * a name (`-sname undefined`): right for tools, which then leave no atom behind at each run.
   */
  readonly name?: string | undefined;
  /** Whether hosts are short or fully qualified. Default: by the dot in the name's host, else short. */
  readonly nameDomain?: NameDomain | undefined;
  /**
   * The secret all nodes share (`-setcookie`). Default: the user's `.erlang.cookie`. A cookie keeps
   * nodes from connecting by mistake; it encrypts nothing.
   */
  readonly cookie?: string | Cookie | undefined;
  /** Other cookies for single nodes, by full name (`-setcookie Node Cookie`). */
  readonly cookies?: Readonly<Record<string, string | Cookie>> | undefined;
  /**
   * Hidden nodes are not part of the mesh of nodes that connects itself (`-hidden`). Default true.
   */
  readonly hidden?: boolean | undefined;
  /** Where to listen; false: only dial (`-dist_listen false`). Default 127.0.0.1, any port. */
  readonly listen?: false | ListenAt | undefined;
  /** How nodes are found. Default: epmd. */
  readonly discovery?: Discovery | undefined;
  /** For the default discovery. */
  readonly epmd?:
    | {
        /** Default `ERL_EPMD_PORT`, else 4369. */
        readonly port?: number | undefined;
        /** Start an epmd in this process when none answers (`-start_epmd`). Default true. */
        readonly start?: boolean | undefined;
      }
    | undefined;
  /** Seconds without a sign of life after which a peer is gone (`net_ticktime`). Default 60. */
  readonly netTickTime?: number | undefined;
  /** Ticks per tick time, 4 to 1000 (`net_tickintensity`). Default 4. */
  readonly netTickIntensity?: number | undefined;
  /** Seconds for each step of a handshake, 1 to 120 (`net_setuptime`). Default 7. */
  readonly netSetupTime?: number | undefined;
  /** Nodes that may connect (`net_kernel:allow/1`). Default: all that know the cookie. */
  readonly allow?: readonly string[] | undefined;
  /** Whether sending connects by itself (`dist_auto_connect`). Default: always. */
  readonly distAutoConnect?: "never" | "once" | undefined;
  /**
   * Whether a visible node connects to all nodes that the nodes of its mesh know, and shares their
   * global names (`connect_all`). Default true.
   */
  readonly connectAll?: boolean | undefined;
  /**
   * Whether nodes of the mesh are given up that others of it cannot reach any more
   * (`prevent_overlapping_partitions`): the same for all nodes of a mesh. Default true.
   */
  readonly preventOverlappingPartitions?: boolean | undefined;
  /** The carrier (`-proto_dist`). Default: TCP over IPv4. */
  readonly carrier?: Carrier | undefined;
  /** Takes what processes that we start on other nodes print. Default: standard output. */
  readonly output?: ((text: string) => void) | undefined;
  /** How received terms are shown, see `DecodeOptions`. */
  readonly decode?: DecodeOptions | undefined;
  /** What peers may make the node hold. */
  readonly limits?: Partial<NodeLimits & WireLimits> | undefined;
  /** Time, for tests. */
  readonly clock?: Clock | undefined;
  /**
   * 32 random bits, unsigned, for tests: salts, creations, challenges. Default: the system's
   * generator.
   */
  readonly random?: (() => number) | undefined;
}
