/**
 * A node with a thousand connections on which nothing is said: what each takes in memory, and what it
 * costs to tick them. The other ends are nodes of ours, in another process; an Erlang node holds as
 * many beside ours.
 */
import { Peers } from "./peers/peers.mjs";
import { cpuOf, memoryOf } from "./peers/process-figures.mjs";
import { median, printRows, rowOf } from "./rounds.mjs";

export const question = "idle connections";

const KB = 1024;
/** Seconds; a tick comes each quarter of it. */
const TICK_TIME = 8;
const INTERVAL_MS = (TICK_TIME * 1000) / 4;
/** Connections that are there before the first figure: what is made once is made by then. */
const BEFORE = 5;

export async function run({ quick = false, rounds = quick ? 2 : 3 } = {}) {
  const count = quick ? 100 : 1000;
  const rows = [];
  for (const kind of ["BEAM", "Node"]) {
    const peers = await Peers.start();
    try {
      rows.push(...(await rowsOfHolder(peers, kind, { count, rounds })));
    } finally {
      await peers.stop();
    }
  }
  return rows;
}

function holder(peers, kind) {
  return kind === "Node"
    ? peers.node({ netTickTime: TICK_TIME })
    : peers.otp(["-kernel", "net_ticktime", String(TICK_TIME)]);
}

async function rowsOfHolder(peers, kind, { count, rounds }) {
  const [held, others] = await Promise.all([holder(peers, kind), peers.node()]);
  const options = { netTickTime: TICK_TIME };
  const holding = (more) => others.ask("hold", { to: held.name, count: more, options });
  await holding(BEFORE);
  await held.ask("gc");
  const memoryBefore = memoryOf(held.pid).now;
  const idle = await cpuOfIntervals(held, rounds);
  await holding(count);
  await held.ask("gc");
  const each = (memoryOf(held.pid).now - memoryBefore) / count / KB;
  const busy = await cpuOfIntervals(held, rounds);
  const { connected } = await held.ask("connected");
  if (connected < BEFORE + count) throw new Error(`only ${connected} connections stayed`);
  const ticks = busy.map((us) => (us - median(idle)) / count);
  const label = `${count.toLocaleString("en-US")} idle connections, ${kind}`;
  const isOurs = kind === "Node";
  return [
    rowOf({
      name: `${label}, memory of each`,
      unit: "KB",
      values: [each],
      ...(isOurs ? { most: 100 } : {}),
    }),
    rowOf({
      name: `${label}, CPU of a tick interval`,
      unit: "ms",
      values: busy.map((us) => us / 1000),
    }),
    rowOf({ name: `${label}, CPU of a tick there and back`, unit: "us", values: ticks }),
  ];
}

/** CPU that a process had in each of some tick intervals, in microseconds. */
async function cpuOfIntervals({ pid }, rounds) {
  const values = [];
  for (let round = 0; round < rounds; round++) {
    const before = cpuOf(pid);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    values.push(cpuOf(pid) - before);
  }
  return values;
}

if (import.meta.url === `file://${process.argv[1]}`) {
  printRows(await run({ quick: process.argv.includes("--quick") }));
}
