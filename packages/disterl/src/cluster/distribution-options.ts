import type { Carrier, SocketOptions } from "../carrier/carrier.ts";
import type { TlsOptions } from "../carrier/tls/tls-options.ts";
import type { Discovery } from "../epmd/discovery.ts";
import type { NameDomain } from "../node/node-name.ts";

/** How a node listens. */
export interface ListenAt {
  /** Address to bind (`inet_dist_use_interface`). Default `127.0.0.1`: only this machine can connect. */
  readonly host?: string | undefined;
  /** Port, or first port to try (`inet_dist_listen_min`). Default: any free one. */
  readonly port?: number | undefined;
  /** Last port to try (`inet_dist_listen_max`). Default `port`. */
  readonly lastPort?: number | undefined;
  /** Connections that may wait to be accepted (`backlog`). Default 511. */
  readonly backlog?: number | undefined;
  /** Settings of the sockets (`inet_dist_listen_options`, `dist_nodelay`). */
  readonly socket?: Omit<SocketOptions, "localAddress"> | undefined;
  /**
   * Only peers with an address in a subnet of this machine may connect (`check_ip`). Default false.
   */
  readonly checkIp?: boolean | undefined;
}

/** How a node dials. */
export interface DialFrom {
  /** Settings of the sockets (`inet_dist_connect_options`, `dist_nodelay`). */
  readonly socket?: Omit<SocketOptions, "ipv6Only"> | undefined;
}

/**
 * Makes a carrier, anew for each start of distribution. `warn` tells the program what is likely a mistake,
 * where it is told everything else (`onWarning` of `startNode`).
 */
export type CarrierMaker = (warn: (message: string, code: string) => void) => Carrier;

/** Distribution over TLS. */
export interface NodeTlsOptions extends TlsOptions {
  /** `inet6`: over IPv6 (`inet6_tls`). Default `inet`. */
  readonly family?: "inet" | "inet6" | undefined;
}

/**
 * What distribution is started with, by `startNode` or at run time by `node.netKernel.start`; Erlang's
 * names are in brackets.
 */
export interface DistributionOptions {
  /** Whether hosts are short or fully qualified. Default: by the dot in the name's host, else short. */
  readonly nameDomain?: NameDomain | undefined;
  /**
   * Whether the node stays out of the mesh of visible nodes (`-hidden`): it connects to whom it wants,
   * is not in their `nodes()`, and shares no global names. A visible one is connected to all nodes that
   * its neighbours know, which rely on its answers. Default true.
   */
  readonly hidden?: boolean | undefined;
  /** Where to listen; false: only dial (`-dist_listen false`). Default 127.0.0.1, any port. */
  readonly listen?: false | ListenAt | undefined;
  /** How to dial. */
  readonly connect?: DialFrom | undefined;
  /** How nodes are found (`-epmd_module`). Default: epmd. */
  readonly discovery?: Discovery | undefined;
  /** For the default discovery. */
  readonly epmd?:
    | {
        /** Default `ERL_EPMD_PORT`, else 4369. */
        readonly port?: number | undefined;
        /** Start an epmd in this process when none answers (`-start_epmd`). Default true. */
        readonly start?: boolean | undefined;
        /**
         * The port on which every node of the cluster listens (`-erl_epmd_port`,
         * `erl_epmd_node_listen_port`): this one does, unless `listen.port` says otherwise, and the
         * others are dialled there without asking epmd. This one is still registered where there is an
         * epmd, and started where there is none. A port from 1 to 65535; not together with
         * {@link discovery}. Default: each node has its own, which epmd tells.
         */
        readonly nodePort?: number | undefined;
      }
    | undefined;
  /** Seconds without a sign of life after which a peer is gone (`net_ticktime`). Default 60. */
  readonly netTickTime?: number | undefined;
  /** Ticks per tick time, 4 to 1000 (`net_tickintensity`). Default 4. */
  readonly netTickIntensity?: number | undefined;
  /**
   * Who sends ticks while the event loop is busy with the program's own code: nobody, so that a node
   * that computes for longer than net_ticktime is taken for dead; or `"worker"`, a thread. It costs
   * about 10 MB, and works on plain TCP, not on Windows; where it cannot, there is a `warning`. Default
   * `"event_loop"`.
   */
  readonly ticks?: "event_loop" | "worker" | undefined;
  /**
   * With `ticks: "worker"`: for how many seconds the event loop may stand still before the node is to
   * be taken for dead after all, for it may never come back. Default 10 times `netTickTime`.
   */
  readonly stallTime?: number | undefined;
  /** Seconds for each step of a handshake, 1 to 120 (`net_setuptime`). Default 7. */
  readonly netSetupTime?: number | undefined;
  /** Whether sending connects by itself (`dist_auto_connect`). Default: always. */
  readonly distAutoConnect?: "never" | "once" | undefined;
  /**
   * The carrier (`-proto_dist`), or several: the node listens on each, and dials on the first that
   * reaches the node in question, or on the one that the discovery names. The discovery makes the port of
   * the first known. What makes a carrier is called at each start. `"none"`: the node is never
   * distributed, and cannot be made so. Default: TCP over IPv4.
   */
  readonly carrier?:
    | Carrier
    | CarrierMaker
    | readonly (Carrier | CarrierMaker)[]
    | "none"
    | undefined;
  /**
   * TLS, in place of {@link carrier} (`-proto_dist inet_tls`, `-ssl_dist_optfile`): every connection is
   * encrypted, and both sides show certificates and check them, unless asked otherwise. Beside other
   * carriers it is `inetTls(…)` in the list of those.
   */
  readonly tls?: NodeTlsOptions | undefined;
}

const KNOWN: Readonly<Record<keyof DistributionOptions, true>> = {
  nameDomain: true,
  hidden: true,
  listen: true,
  connect: true,
  discovery: true,
  epmd: true,
  netTickTime: true,
  netTickIntensity: true,
  ticks: true,
  stallTime: true,
  netSetupTime: true,
  distAutoConnect: true,
  carrier: true,
  tls: true,
};

/** Names of {@link DistributionOptions}. @internal */
export const distributionOptionNames = Object.keys(KNOWN) as readonly (keyof DistributionOptions)[];
