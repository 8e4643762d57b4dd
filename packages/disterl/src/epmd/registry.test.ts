import { expect, test } from "vitest";
import { nodeInfo } from "./node-info.ts";
import { type LiveNode, Registry } from "./registry.ts";

function live(registry: Registry, name: string, connection = 1): LiveNode {
  const answer = registry.register(nodeInfo(name, 5000), connection);
  if (!answer.ok) throw new Error(answer.reason);
  return answer.node;
}

test("the first creation of a name is one above the time in seconds", () => {
  const registry = new Registry({ wallSeconds: () => 1_700_000_000 });
  expect(live(registry, "a").creation).toBe(1_700_000_001);
  expect(live(registry, "b").creation).toBe(1_700_000_001);
});

test("each further life of a remembered name gets the next creation, whatever the time", () => {
  let seconds = 1000;
  const registry = new Registry({ wallSeconds: () => seconds });
  for (let life = 1; life <= 3; life += 1) {
    const node = live(registry, "a");
    expect(node.creation).toBe(1000 + life);
    registry.release(node);
    seconds += 100;
  }
});

test.each([
  [0, 4],
  [1, 4],
  [3, 4],
  [4, 5],
  [2 ** 32 - 2, 2 ** 32 - 1],
  [2 ** 32 - 1, 4],
])("a clock at %i gives creation %i: 0 to 3 are never handed out", (seconds, creation) => {
  const registry = new Registry({ wallSeconds: () => seconds });
  expect(live(registry, "a").creation).toBe(creation);
});

test("a name forgotten for others never gets a creation again that it had", () => {
  const registry = new Registry({ wallSeconds: () => 1000, remembered: 2 });
  let last = 0;
  for (let life = 0; life < 50; life += 1) {
    const node = live(registry, "a");
    last = node.creation;
    registry.release(node);
  }
  for (const name of ["b", "c", "d"]) registry.release(live(registry, name));
  expect(registry.released().map(({ name }) => name)).toEqual(["c", "d"]);
  expect(live(registry, "a").creation).toBeGreaterThan(last);
});

test("names newest first; a taken name, a full house, and a release that comes too late", () => {
  const registry = new Registry({ registrations: 2 });
  const first = live(registry, "a");
  live(registry, "b");
  expect(registry.live().map(({ name }) => name)).toEqual(["b", "a"]);
  expect(registry.register(nodeInfo("a", 1), 2)).toEqual({ ok: false, reason: "name_taken" });
  expect(registry.register(nodeInfo("c", 1), 2)).toEqual({ ok: false, reason: "too_many" });
  registry.release(first);
  const again = live(registry, "a", 3);
  registry.release(first);
  expect(registry.find("a")).toBe(again);
});
