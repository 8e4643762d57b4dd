import type { Clock } from "./carrier/clock.ts";
import {
  type CarrierMaker,
  type DialFrom,
  type DistributionOptions,
  distributionOptionNames,
  type ListenAt,
  type NodeTlsOptions,
} from "./cluster/distribution-options.ts";
import type { Cookie } from "./handshake/cookie.ts";
import type { DecodeOptions } from "./etf/index.ts";
import type { KeepConnectedOptions } from "./node/kept-connections.ts";
import type { NodeLimits } from "./node/limits.ts";
import type { PolicyOptions } from "./node/policy.ts";
import type { WireLimits } from "./wire/limits.ts";

export type { CarrierMaker, DialFrom, DistributionOptions, ListenAt, NodeTlsOptions };

/** A node to stay connected with, and how it is dialled again. */
export interface WantedPeer extends KeepConnectedOptions {
  /** Full name. */
  readonly name: string;
}

const KNOWN: Readonly<Record<keyof OwnOptions, true>> = {
  name: true,
  distribution: true,
  cookie: true,
  cookies: true,
  allow: true,
  policy: true,
  peers: true,
  connectAll: true,
  preventOverlappingPartitions: true,
  output: true,
  decode: true,
  limits: true,
  clock: true,
  random: true,
  env: true,
  onWarning: true,
};

/**
 * A misspelt `allow` would let everybody in.
 * @throws TypeError @internal
 */
export function checkOptionNames(options: StartNodeOptions): void {
  const known = new Set<string>([...Object.keys(KNOWN), ...distributionOptionNames]);
  for (const name of Object.keys(options)) {
    if (!known.has(name)) throw new TypeError(`startNode has no option "${name}"`);
  }
}

/** Those of {@link StartNodeOptions} that are not about one start of distribution. */
interface OwnOptions {
  /**
   * `app` or `app@host` (`-sname`, `-name`); without a host that of the machine. Without a name the first
   * node that is connected to gives one (`-sname undefined`): right for tools, which then leave no atom
   * behind at each run.
   */
  readonly name?: string | undefined;
  /**
   * False: a node of its own, `nonode@nohost`, whose processes work; `node.netKernel.start` makes it
   * part of a cluster, with these options as defaults. Default true.
   */
  readonly distribution?: boolean | undefined;
  /**
   * The secret all nodes share (`-setcookie`). Default: the user's `.erlang.cookie`, read when
   * distribution starts. A cookie keeps nodes from connecting by mistake; it encrypts nothing.
   */
  readonly cookie?: string | Cookie | undefined;
  /** Other cookies for single nodes, by full name (`-setcookie Node Cookie`). */
  readonly cookies?: Readonly<Record<string, string | Cookie>> | undefined;
  /**
   * Nodes that may connect, of those that know the cookie, and be connected to (`net_kernel:allow/1`):
   * `name@host`, `host`, or `name@`. Default, and with no entries: all.
   */
  readonly allow?: readonly string[] | undefined;
  /**
   * What connected nodes may do: rules for peers, or a function. Default: what Erlang lets them do with
   * the processes here, and to call the functions that are exposed.
   */
  readonly policy?: PolicyOptions | undefined;
  /** Nodes to stay connected with, as by `node.keepConnected`. Nobody waits for the first dial. */
  readonly peers?: readonly (string | WantedPeer)[] | undefined;
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
  /**
   * Takes what is printed by processes whose group leader is this node's `user`, such as those that it
   * starts on other nodes. Default: standard output.
   */
  readonly output?: ((text: string) => void) | undefined;
  /** How received terms are shown, see `DecodeOptions` (`disterl/etf`). Default: lossless. */
  readonly decode?: DecodeOptions | undefined;
  /**
   * What peers may make the node hold: `NodeLimits` (`disterl/node`) and `WireLimits` (`disterl/wire`),
   * with their defaults.
   */
  readonly limits?: Partial<NodeLimits & WireLimits> | undefined;
  /** Time, for tests: `VirtualClock` of `disterl/carrier`. Default: the system's. */
  readonly clock?: Clock | undefined;
  /**
   * 32 random bits, unsigned, for tests. Default: from `node:crypto`. Challenges of handshakes and
   * made-up creations come from it, too.
   */
  readonly random?: (() => number) | undefined;
  /**
   * Where `HOME` and `XDG_CONFIG_HOME` (the cookie file) and epmd's variables are looked up
   * (`-env`). Default `process.env`.
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Is told what is likely a mistake and stops nothing, such as two cookie files that differ; so is
   * `node.status()`, for what comes after the start. Default: `process.emitWarning`.
   */
  readonly onWarning?: ((message: string, code: string) => void) | undefined;
}

/** Options of `startNode`; Erlang's names for them are in brackets. */
export interface StartNodeOptions extends OwnOptions, DistributionOptions {}
