/**
 * A node of ours in a process of its own, for the benchmarks. It does what its parent says over the
 * channel of `fork`, and ends with it. Everything is timed here, inside the node.
 */
import { startNode } from "disterl";
import { messageCommands } from "./node-messages.mjs";
import { processCommands } from "./node-processes.mjs";
import { startServers } from "./node-servers.mjs";
import { stormCommands } from "./node-storms.mjs";

/** How the parent asked the node to be. */
const { name, cookie, epmdPort, more } = JSON.parse(process.argv[2]);
const epmd = { port: epmdPort, start: false };
const node = await startNode({ name, cookie, epmd, ...more });
const others = [];
startServers(node);

const commands = {
  ...messageCommands(node),
  ...processCommands(node),
  ...stormCommands(node),

  async connect({ to: peer }) {
    await node.connect(peer);
  },

  /** More nodes in this process, each with a connection to `to`. */
  async hold({ to: peer, count, options = {} }) {
    for (let i = 0; i < count; i++) {
      const own = { name: `held${others.length}_${name}`, cookie, listen: false, epmd };
      const held = await startNode({ ...own, ...options });
      others.push(held);
      await held.connect(peer);
    }
  },

  connected: () => ({ connected: node.nodes("connected").length }),

  gc() {
    globalThis.gc?.();
  },

  async stop() {
    await Promise.all([node, ...others].map((one) => one.stop()));
  },
};

process.on("message", async ({ id, command, args }) => {
  try {
    process.send({ id, value: await commands[command](args) });
    if (command === "stop") process.disconnect();
  } catch (error) {
    process.send({ id, error: error.stack });
  }
});
process.on("disconnect", () => process.exit());
process.send({ ready: node.name });
