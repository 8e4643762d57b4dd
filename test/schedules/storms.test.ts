import { checkSeeds } from "./check-seeds.ts";

// Dials against dials, restarts against restarts: little time between one thing and the next.
checkSeeds("storms", {
  ...{
    spawnAt: 4,
    send: 6,
    link: 6,
    monitor: 6,
    connect: 14,
    disconnect: 8,
    cut: 3,
    heal: 6,
    drop: 5,
  },
  ...{ halfOpen: 3, hold: 2, kill: 3, restart: 5, freeze: 1, thaw: 2, time: 14 },
});
