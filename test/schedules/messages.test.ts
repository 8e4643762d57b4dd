import { checkSeeds } from "./check-seeds.ts";

// Messages by pid, name and alias, over connections that come and go.
checkSeeds("messages", {
  ...{
    spawn: 1,
    spawnAt: 2,
    send: 30,
    sendAlias: 8,
    alias: 4,
    unalias: 3,
    register: 3,
    unregister: 2,
  },
  ...{ call: 3, exit: 2, connect: 3, disconnect: 3, cut: 2, heal: 4, hold: 2, drop: 3 },
  ...{ halfOpen: 2, delay: 2, freeze: 1, thaw: 2, kill: 1, restart: 2, stop: 1, time: 20 },
});
