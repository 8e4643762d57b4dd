/**
 * Many links and monitors that one event sets off, as a command of a node of ours: each of `count`
 * processes links, or monitors, the same one, here or on another node; then it ends, or the connection.
 */
import { atom, t } from "disterl";
import { VICTIM } from "./node-servers.mjs";
import { inProcess, timed, until } from "./node-timing.mjs";

const SYNC = atom("sync");
const STORM = atom("storm");

/** @param node a node of ours */
export function stormCommands(node) {
  return {
    /** Microseconds to set all up, and from the event until the last one has felt it. */
    storm: ({ relation, event, to: peer, count }) =>
      inProcess(node, async (self) => {
        self.send({ name: "victims", node: peer }, t(VICTIM, self.pid));
        const [, victim] = await self.receive({ timeout: 60_000 });
        const workers = crowd[relation](node, count);
        const setUp = await timed(async () => {
          for (const { pid } of workers.all) self.send(pid, victim);
          await until(() => workers.related() === count);
          self.send(victim, t(SYNC, self.pid));
          await self.receive({ timeout: 60_000 });
        });
        const fired = await timed(async () => {
          if (event === "exit") self.send(victim, STORM);
          else node.disconnect(peer);
          await until(() => workers.felt() === count);
        });
        for (const worker of workers.all) worker.exit();
        // The other node, too, has to see the end of the connection.
        await new Promise((resolve) => setTimeout(resolve, 100));
        return { setUp: setUp.us, fired: fired.us };
      }),
  };
}

/** Workers that link or monitor the pid that they are sent; how many did, and how many felt its end. */
const crowd = {
  link(node, count) {
    let related = 0;
    const onMessage = (victim, self) => {
      self.link(victim);
      related++;
    };
    const all = Array.from({ length: count }, () => node.spawn({ onMessage }));
    let first = 0;
    return {
      all,
      related: () => related,
      felt() {
        while (first < count && !all[first].alive) first++;
        return first;
      },
    };
  },

  monitor(node, count) {
    let related = 0;
    let felt = 0;
    const onMessage = (message, self) => {
      if (Array.isArray(message)) {
        felt++;
      } else {
        self.monitor(message);
        related++;
      }
    };
    const all = Array.from({ length: count }, () => node.spawn({ onMessage }));
    return { all, related: () => related, felt: () => felt };
  },
};
