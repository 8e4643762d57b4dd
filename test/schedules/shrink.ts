/** Runs that looking for fewer steps may take. */
const RUNS = 400;

/** Leaves out steps for as long as something stays broken; gives what is left. */
export async function shrink<Step>(
  steps: readonly Step[],
  run: (steps: readonly Step[]) => Promise<readonly string[]>,
): Promise<readonly Step[]> {
  let kept = steps;
  let runs = 0;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < kept.length && runs < RUNS; ) {
      const fewer = [...kept.slice(0, from), ...kept.slice(from + size)];
      runs++;
      if ((await run(fewer)).length > 0) kept = fewer;
      else from += size;
    }
  }
  return kept;
}
