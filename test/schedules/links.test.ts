import { checkSeeds } from "./check-seeds.ts";

// Links made and taken away by both sides at once: what crosses on the way.
checkSeeds("links", {
  ...{ link: 30, unlink: 30, exit: 1, signal: 1, spawn: 1, drop: 1, disconnect: 1, time: 12 },
});
