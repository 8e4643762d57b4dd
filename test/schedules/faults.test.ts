import { checkSeeds } from "./check-seeds.ts";

// Everything that can happen to connections and nodes, under a little of everything else.
checkSeeds("faults", {
  ...{
    spawn: 1,
    spawnAt: 5,
    send: 8,
    link: 8,
    unlink: 3,
    monitor: 8,
    demonitor: 2,
    exit: 2,
    signal: 2,
  },
  ...{ call: 4, connect: 6, disconnect: 4, cut: 4, hold: 4, heal: 8, drop: 4, halfOpen: 4 },
  ...{ delay: 3, freeze: 3, thaw: 4, kill: 3, restart: 5, stop: 3, time: 25 },
});
