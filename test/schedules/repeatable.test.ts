import { expect, test } from "vitest";
import { runSchedule } from "./run-schedule.ts";
import { randomSteps } from "./steps.ts";

const WEIGHTS = {
  ...{ spawn: 1, spawnAt: 4, send: 8, sendAlias: 2, alias: 2, link: 8, unlink: 3, monitor: 8 },
  ...{ demonitor: 2, exit: 2, signal: 2, register: 2, call: 4, connect: 4, disconnect: 3, cut: 2 },
  ...{ hold: 2, heal: 5, drop: 3, halfOpen: 2, freeze: 2, thaw: 3, kill: 2, restart: 4, stop: 2 },
  ...{ delay: 2, time: 20 },
};

async function trace(seed: number): Promise<string[]> {
  const lines: string[] = [];
  await runSchedule(seed, randomSteps(seed, WEIGHTS), (line) => lines.push(line));
  return lines;
}

test("a schedule takes the same course each time, to the byte", async () => {
  let lines = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const first = await trace(seed);
    const second = await trace(seed);
    lines += first.length;
    const differs = first.findIndex((line, index) => line !== second[index]);
    expect(differs === -1 ? "the same" : `${first[differs]} or ${second[differs]}`).toBe(
      "the same",
    );
    expect(second).toHaveLength(first.length);
  }
  expect(lines).toBeGreaterThan(5000);
});
