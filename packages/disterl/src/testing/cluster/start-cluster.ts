import { Cluster } from "./cluster.ts";
import type { ClusterOptions } from "./cluster-options.ts";

/**
 * Starts nodes in this process, joined by a network in memory and a clock that only moves when told:
 * tests of programs that run on several nodes, with every fault there is, in no time, and the same
 * each time. The nodes are real ones, up to the bytes on the wire.
 *
 * @example
 * ```ts
 * import { startCluster } from "disterl/testing";
 *
 * const cluster = await startCluster({ nodes: ["a", "b"], seed: 7, latencyMs: [1, 20] });
 * const a = cluster.node("a");
 * const watcher = a.spawn();
 * const worker = cluster.node("b").spawn();
 * watcher.monitor(worker.pid);
 * await cluster.settle();
 *
 * cluster.kill("b");
 * await cluster.settle();
 * const down = await cluster.run(watcher.receive());
 * down; // => {'DOWN', #Ref<…>, process, <…>, noconnection}
 * ```
 *
 * @throws what `startNode` throws; TestingError `ERR_TESTING_CLUSTER` when two nodes have one name.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = new Cluster(options);
  for (const node of options.nodes ?? []) await cluster.start(node);
  return cluster;
}
