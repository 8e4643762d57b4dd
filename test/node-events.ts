// What tests of nodes look at: the events of a node, and what a promise fails with.
import type { Node } from "../packages/disterl/src/node.ts";
import type { NodeStatus } from "../packages/disterl/src/node/status.ts";

/** The status events from now on; the array grows as they come. */
export function record(node: Node): NodeStatus[] {
  const seen: NodeStatus[] = [];
  void (async () => {
    for await (const event of node.status()) seen.push(event);
  })();
  return seen;
}

/** The error that a promise is rejected with. */
export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no failure",
    (error: unknown) => error,
  );
