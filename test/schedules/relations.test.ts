import { checkSeeds } from "./check-seeds.ts";

// Links and monitors, and the ends of processes, over connections that mostly stay.
checkSeeds("relations", {
  ...{
    spawn: 2,
    spawnAt: 8,
    send: 4,
    link: 20,
    unlink: 12,
    monitor: 16,
    demonitor: 8,
    exit: 5,
    signal: 5,
  },
  ...{ register: 3, unregister: 2, disconnect: 2, drop: 2, halfOpen: 1, kill: 1, restart: 2 },
  ...{ time: 25 },
});
