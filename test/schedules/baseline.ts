import { atom, atoms } from "disterl";
import type { Run } from "./history.ts";
import type { World } from "./world.ts";

/** Ends every actor and every connection, and tells what is left behind of them. */
export async function leftBehind(world: World): Promise<string[]> {
  const { cluster, history, running } = world;
  const found: string[] = [];
  for (const actor of world.active) {
    actor.exited = true;
    actor.process.exit(atoms.normal);
  }
  await cluster.settle();
  const names = cluster.names;
  for (const run of running.values()) found.push(...leftOnNode(run, names));
  for (const run of running.values()) for (const name of names) run.node.disconnect(name);
  // Longer than everything that waits: goodbyes, ticks, calls.
  await cluster.advance(30_000);
  for (const run of running.values()) {
    const { name, node } = run;
    if (node.nodes("connected").length > 0) found.push(`${name} is connected after disconnect`);
    const timers = cluster.pendingTimers(name);
    if (timers > 0) found.push(`${timers} timers run on ${name}`);
    found.push(...leftOnNode(run, names));
  }
  return [...found, ...history.problems];
}

function leftOnNode(run: Run, nodes: readonly string[]): string[] {
  return Object.entries(tables(run, nodes))
    .map(([what, count]) => [what, count - (run.baseline[what] ?? 0)] as const)
    .filter(([, count]) => count !== 0)
    .map(([what, count]) => `${count} ${what} are left on ${run.name}`);
}

/** How much the tables of a node hold. */
export function tables({ observer }: Run, nodes: readonly string[]): Record<string, number> {
  const { monitors, aliases, names, linkCounts, watcherCounts, size } = observer.table;
  return {
    monitors: monitors.size,
    aliases: aliases.size,
    processes: size,
    names: names.names().length,
    links: nodes.reduce((sum, node) => sum + linkCounts.of(atom(node)), 0),
    watchers: nodes.reduce((sum, node) => sum + watcherCounts.of(atom(node)), 0),
  };
}
