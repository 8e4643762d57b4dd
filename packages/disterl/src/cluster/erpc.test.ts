import { expect, test } from "vitest";
import { scene, THERE } from "../../../../test/process-scene.ts";
import { erpcCall } from "./erpc.ts";

test("of a call that cannot be sent nothing is left", async () => {
  const { processes, clock } = scene();
  const { spawnRequests } = processes;
  const caller = { process: processes.spawn({}), spawnRequests };
  const call = (fun: string) => erpcCall(caller, THERE.node, "m", fun, [], { timeout: 1000 });
  expect(() => call("f".repeat(256))).toThrow("255");
  expect(() => erpcCall(caller, THERE.node, "m", "f", [], { timeout: -1 })).toThrow(TypeError);
  processes.router.route = () => {
    throw new Error("it cannot be encoded");
  };
  await expect(call("f")).rejects.toThrow("encoded");
  expect([processes.monitors.size, spawnRequests.size, clock.nextAt()]).toEqual([0, 0, undefined]);
});
