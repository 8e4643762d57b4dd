import { expect, test } from "vitest";
import { fixedPort } from "./epmd/index.ts";
import { startNode } from "./start-node.ts";
import { atom } from "./term/atom.ts";
import { t } from "./term/tuple.ts";
import { RAW_FLAGS_C_NODE, RawPeer } from "./testing/raw-peer.ts";

test("a C node has no spawn requests: notsup, also for one that waited for the connection", async () => {
  const listener = await RawPeer.listen();
  const accepted = (async (): Promise<RawPeer> => {
    const peer = await listener.accept();
    await peer.accept({ name: "cnode@localhost", cookie: "c", flags: RAW_FLAGS_C_NODE });
    return peer;
  })();
  await using node = await startNode({
    name: "ours@localhost",
    cookie: "c",
    listen: false,
    discovery: fixedPort(listener.port),
  });
  const self = node.spawn();
  const refused = async (): Promise<unknown> => {
    const ref = self.spawnRequest("cnode@localhost", "m", "f", []);
    const reply = await self.receive({ timeout: 5000 });
    expect(reply).toEqual(t(atom("spawn_reply"), ref, atom("error"), atom("notsup")));
    return node.peer("cnode@localhost");
  };
  expect(node.nodes("connected")).toEqual([]);
  await refused();
  expect(node.nodes("connected")).toEqual(["cnode@localhost"]);
  expect(await refused()).toBeDefined();
  (await accepted).socket.destroy();
  await listener.close();
});
