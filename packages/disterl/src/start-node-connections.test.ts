import { expect, test } from "vitest";
import { failure, record } from "../../../test/node-events.ts";
import type { ClusterOptions } from "./testing/cluster/cluster-options.ts";
import { startCluster } from "./testing/cluster/start-cluster.ts";

const options: ClusterOptions = { latencyMs: [1, 5], chunking: "random", seed: 7 };

test("limits.connections: who comes when there are so many is not let in, with a name or without", async () => {
  const cluster = await startCluster(options);
  const full = await cluster.start({ name: "node@full", limits: { connections: 1 } });
  const seen = record(full);
  const [a, b] = [await cluster.start("node@a"), await cluster.start("node@b")];
  const nameless = await cluster.start("undefined@c");
  await cluster.run(a.connect("node@full"));
  for (const late of [b, nameless]) {
    expect(await cluster.run(failure(late.connect("node@full")))).toMatchObject({
      cause: { code: "ERR_HANDSHAKE_NOT_ALLOWED" },
    });
  }
  expect(full.nodes("connected")).toEqual(["node@a"]);
  expect(seen.filter(({ type }) => type === "refused")).toHaveLength(2);
  await cluster.run(a.stop());
  await cluster.advance(1_000);
  await cluster.run(b.connect("node@full"));
  expect(full.nodes("connected")).toEqual(["node@b"]);
});
