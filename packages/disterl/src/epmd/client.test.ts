import { expect, test } from "vitest";
import { EpmdClient } from "./client.ts";
import { startEpmdServer } from "./server.ts";

test("a node registers, is found, is listed, and is gone after unregister", async () => {
  await using server = await startEpmdServer({ port: 0, addresses: ["127.0.0.1"] });
  await using client = new EpmdClient({ port: server.port });
  const registration = await client.register("rabbit", 5000, { extra: Uint8Array.of(1, 2) });
  expect(registration.creation).toBeGreaterThan(3);
  expect(await client.lookup("rabbit", "localhost")).toMatchObject({
    port: 5000,
    version: 6,
    address: "127.0.0.1",
    node: { nodeType: 77, extra: Uint8Array.of(1, 2) },
  });
  expect(await client.lookup("hare", "127.0.0.1")).toBeUndefined();
  expect(await client.names("127.0.0.1")).toEqual([{ name: "rabbit", port: 5000 }]);
  await registration.unregister();
  expect(await client.names("127.0.0.1")).toEqual([]);
});
