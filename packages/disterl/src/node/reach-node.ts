import type { Clock } from "../carrier/clock.ts";
import type { ReachNode } from "../process/node-monitors.ts";
import type { NetKernel } from "./net-kernel.ts";
import type { NodeTable } from "./node-table.ts";

/**
 * Connects for `erlang:monitor_node/3`, unless that is forbidden; `unreachable` is called, later or at
 * once, when there will be no connection. With `allowPassiveConnect` a node that we may not dial has
 * the time of a handshake to connect by itself.
 */
export function reachNode(netKernel: NetKernel, nodes: NodeTable, clock: Clock): ReachNode {
  return (node, { allowPassiveConnect }, unreachable) => {
    const isUp = (): boolean => nodes.connection(node) !== undefined;
    const { setupTimeMs } = netKernel;
    if (isUp()) return;
    if (nodes.pending(node) !== undefined || netKernel.autoConnect(node)) {
      const pending = nodes.pending(node);
      if (pending === undefined) unreachable();
      else pending.connected.catch(unreachable);
    } else if (allowPassiveConnect === true && setupTimeMs !== undefined) {
      clock.after(setupTimeMs, () => {
        if (!isUp()) unreachable();
      });
    } else {
      unreachable();
    }
  };
}
