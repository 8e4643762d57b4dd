import { expect, test } from "vitest";
import { EpmdClient } from "./epmd/client.ts";
import { startEpmdServer } from "./epmd/server.ts";
import { parseErlFlags } from "./flags/erl-flags.ts";
import { startOptionsFromFlags } from "./flags/start-options-from-flags.ts";
import { startNode } from "./start-node.ts";

const cookie = "a cookie for tests only";

/** A node with those flags, on all interfaces. */
function start(name: string, epmdPort: number, ...flags: string[]): ReturnType<typeof startNode> {
  const argv = ["-sname", name, "-hidden", "-start_epmd", "false", ...flags];
  const { options } = startOptionsFromFlags(
    parseErlFlags(argv, { ERL_EPMD_PORT: String(epmdPort) }),
  );
  return startNode({ ...options, cookie, onWarning: () => {} });
}

test("-proto_dist inet6_tcp: a host that has an IPv4 address only is reached, as erl reaches it", async () => {
  await using epmd = await startEpmdServer({ port: 0, addresses: ["127.0.0.1"] });
  const flags = ["-proto_dist", "inet6_tcp"];
  await using east = await start("east@localhost", epmd.port, ...flags);
  await using west = await start("west@localhost", epmd.port, ...flags);
  const { address } = await east.connect(west.name);
  expect(address.family).toBe("inet6");
  expect(["::1", "::ffff:127.0.0.1"]).toContain(address.address);
  expect(west.nodes("connected")).toEqual([east.name]);
});

test("-proto_dist inet6_tcp on a fixed port: nobody is asked, the host is found the same way", async () => {
  await using epmd = await startEpmdServer({ port: 0, addresses: ["127.0.0.1"] });
  await using east = await start("east@localhost", epmd.port, "-proto_dist", "inet6_tcp");
  const port = String(east.address?.port);
  const flags = ["-dist_listen", "false", "-erl_epmd_port", port, "-proto_dist", "inet6_tcp"];
  await using west = await start("west@localhost", epmd.port, ...flags);
  expect((await west.connect(east.name)).address.family).toBe("inet6");
});

test("the resolver of IPv6 gives IPv6 addresses, and those of IPv4 within IPv6", async () => {
  await using epmd = await startEpmdServer({ port: 0, addresses: ["127.0.0.1"] });
  await using client = new EpmdClient({ port: epmd.port, family: 6 });
  await using other = new EpmdClient({ port: epmd.port });
  const node = await other.register("node", 4000);
  const found = await client.lookup("node", "localhost");
  expect(["::1", "::ffff:127.0.0.1"]).toContain(found?.address);
  await node.unregister();
});
