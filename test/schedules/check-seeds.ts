import { expect, test } from "vitest";
import { runSchedule } from "./run-schedule.ts";
import { shrink } from "./shrink.ts";
import { randomSteps, type Weights } from "./steps.ts";

/** Schedules of each kind that a run of the tests goes through. */
const SEEDS = Number(process.env["SCHEDULE_SEEDS"] ?? 250);
/** The first seed, or the only one. */
const FIRST = Number(process.env["SCHEDULE_SEED"] ?? 1);
const ONLY = process.env["SCHEDULE_SEED"] !== undefined;
/** Seeds of one test: its time is limited. */
const CHUNK = 100;

/** Defines the tests of one kind of schedules. */
export function checkSeeds(kind: string, weights: Weights): void {
  const end = ONLY ? FIRST + 1 : FIRST + SEEDS;
  for (let first = FIRST; first < end; first += CHUNK) {
    const last = Math.min(first + CHUNK, end) - 1;
    test(`${kind}: seeds ${first} to ${last}`, async () => {
      for (let seed = first; seed <= last; seed++) await checkSeed(kind, seed, weights);
    });
  }
}

async function checkSeed(kind: string, seed: number, weights: Weights): Promise<void> {
  const steps = randomSteps(seed, weights);
  const { broken } = await runSchedule(seed, steps);
  if (broken.length === 0) return;
  const fewest = await shrink(steps, async (fewer) => (await runSchedule(seed, fewer)).broken);
  const outcome = await runSchedule(seed, fewest, ONLY ? (line) => console.log(line) : undefined);
  const text = [
    `schedule "${kind}", seed ${seed}: ${broken[0]}`,
    `alone: SCHEDULE_SEED=${seed} npx vitest run --project schedules test/schedules/${kind}.test.ts`,
    "the fewest steps that show a fault:",
    ...outcome.steps.map((step) => `  ${step}`),
    ...outcome.broken.map((line) => `  => ${line}`),
  ];
  expect.fail(text.join("\n"));
}
