import { applyStep } from "./apply-step.ts";
import { leftBehind } from "./baseline.ts";
import { brokenInvariants } from "./invariants.ts";
import type { Step } from "./steps.ts";
import { World } from "./world.ts";

/** How a run of a schedule went. */
export interface Outcome {
  /** What was wrong; nothing, one hopes. */
  readonly broken: readonly string[];
  /** The steps as they turned out, for people. */
  readonly steps: readonly string[];
}

/** Runs a schedule, lets the cluster come to rest, and checks what must hold. */
export async function runSchedule(
  seed: number,
  steps: readonly Step[],
  trace?: (line: string) => void,
): Promise<Outcome> {
  const done: string[] = [];
  try {
    const world = await World.start(seed, 2 + (seed % 3), trace);
    for (const step of steps) {
      const text = await applyStep(world, step);
      if (text !== "nothing") done.push(`${world.cluster.now.toFixed(1)} ms: ${text}`);
    }
    await comeToRest(world);
    const broken = brokenInvariants(world);
    if (broken.length > 0) return { broken, steps: done };
    const unreachable = await reachEverybody(world);
    if (unreachable.length > 0) return { broken: unreachable, steps: done };
    return { broken: await leftBehind(world), steps: done };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { broken: [text.split("\n").slice(0, 6).join("\n")], steps: done };
  }
}

/** No link is cut, no node stands still, and everybody had the time to notice what happened. */
async function comeToRest({ cluster }: World): Promise<void> {
  cluster.heal();
  for (const name of cluster.names) cluster.thaw(name);
  await cluster.advance(40_000);
  await cluster.settle();
}

/** After all that, any two nodes that run can talk. */
async function reachEverybody({ cluster, running }: World): Promise<string[]> {
  const found: string[] = [];
  for (const { node } of running.values()) {
    for (const peer of running.keys()) {
      try {
        await cluster.run(node.ping(peer, { timeout: 30_000 }));
      } catch (error) {
        found.push(`${node.name} cannot reach ${peer}: ${String(error)}`);
      }
    }
  }
  return found;
}
