import type { Node, StartNodeOptions } from "disterl";
import type { Chunking, Latency } from "disterl/carrier";
import type { Discovery } from "disterl/epmd";

/** What a node of a cluster is started with, apart from what the cluster itself decides. */
export interface ClusterNodeSettings
  extends Omit<StartNodeOptions, "name" | "carrier" | "clock" | "random" | "epmd" | "discovery"> {
  /** Wraps the way in which the node finds others, for tests of what happens when that fails. */
  readonly discovery?: ((own: Discovery) => Discovery) | undefined;
  /**
   * What runs on the node: called when it has started, and each time it was restarted, before
   * `start` and `restart` resolve.
   */
  readonly program?: ((node: Node) => void | Promise<void>) | undefined;
}

/** A node of a cluster. */
export interface ClusterNodeOptions extends ClusterNodeSettings {
  /** `a`, which is `a@cluster` in full, or `a@host`. */
  readonly name: string;
}

/** Options of `startCluster`. */
export interface ClusterOptions {
  /** The nodes to start, in this order. */
  readonly nodes?: readonly (string | ClusterNodeOptions)[] | undefined;
  /** What all chance is drawn from: the same seed, the same run, byte for byte. Default 1. */
  readonly seed?: number | undefined;
  /** Milliseconds a byte travels one way; a pair is drawn from, for each write. Default 0. */
  readonly latencyMs?: Latency | undefined;
  /**
   * How what was written is cut when it arrives: as it was, in single bytes, or at random. Default
   * `whole`.
   */
  readonly chunking?: Chunking | undefined;
  /** Bytes under way in one direction before the sender has to wait. Default 64 KiB. */
  readonly windowBytes?: number | undefined;
  /** For all nodes; what a node sets itself counts. The cookie is `cluster` unless one is given. */
  readonly settings?: ClusterNodeSettings | undefined;
  /**
   * Takes a line for all that happens: what the test does to the cluster, status events, and each
   * chunk of bytes that arrives. Two runs with the same seed give the same lines.
   *
   *     12.5 a@cluster nodeup b@cluster
   *     14 a@cluster <- b@cluster 00000004 70838477…
   *
   * `trace: console.log` is the quickest way to see why a test fails.
   */
  readonly trace?: ((line: string) => void) | undefined;
}
