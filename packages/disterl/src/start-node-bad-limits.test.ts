import { expect, test } from "vitest";
import { noDiscovery } from "./epmd/discovery.ts";
import { startEpmdServer } from "./epmd/server.ts";
import { TermDecoder } from "./etf/index.ts";
import { nodeLimits } from "./node/limits.ts";
import { startNode } from "./start-node.ts";

const cookie = "a cookie for tests only";

test.each([
  ["NaN", Number.NaN],
  ["negative", -1],
  ["text", "5" as never],
  ["1e30", 1e30],
  ["null", null as never],
])(
  "CF-09 a limit that is %s is an error that names it, wherever limits are given",
  async (_, bad) => {
    const starting = (limits: object) =>
      startNode({ name: "a@127.0.0.1", cookie, discovery: noDiscovery, ...limits });
    for (const name of ["connections", "mailboxBytes", "frameBytes"]) {
      const started = starting({ limits: { [name]: bad } });
      await expect(started).rejects.toThrow(TypeError);
      await expect(starting({ limits: { [name]: bad } })).rejects.toThrow(`limits.${name} must be`);
    }
    const decoding = (): unknown => new TermDecoder({ limits: { nodes: bad } });
    expect(decoding).toThrow(TypeError);
    expect(decoding).toThrow("limits.nodes must be");
    const serving = startEpmdServer({
      port: 0,
      addresses: ["127.0.0.1"],
      limits: { registrations: bad },
    });
    await expect(serving).rejects.toThrow("limits.registrations must be");
  },
);

test("CF-09 a limit that does not exist is an error, and one left undefined is the default", async () => {
  const limits = { connection: 1 } as never;
  await expect(startEpmdServer({ port: 0, limits })).rejects.toThrow('no limit "connection"');
  expect(nodeLimits({ connections: undefined as never }).connections).toBe(1024);
  expect(nodeLimits({ connections: Number.POSITIVE_INFINITY }).connections).toBe(Infinity);
});
