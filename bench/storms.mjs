/**
 * Links and monitors by the hundred thousand: as many processes link, or monitor, the same one; then it
 * ends, or the connection to its node does. How many are set up, and how many are felt, in a second.
 */
import { Peers } from "./peers/peers.mjs";
import { interleaved, printRows, rowOf } from "./rounds.mjs";

export const question = "storms of links and monitors";

const ways = {
  local: "within a node",
  beam: "BEAM to BEAM",
  out: "Node to BEAM",
  in: "BEAM to Node",
  own: "Node to Node",
};

export async function run({ quick = false, rounds = quick ? 2 : 3 } = {}) {
  const count = quick ? 10_000 : 100_000;
  const peers = await Peers.start();
  try {
    const [beam, beam2, ours, ours2] = await Promise.all([
      peers.otp(),
      peers.otp(),
      peers.node(),
      peers.node(),
    ]);
    const pairs = { beam: [beam, beam2], out: [ours, beam], in: [beam, ours], own: [ours, ours2] };
    const alone = { beam: [beam, beam], local: [ours, ours] };
    const rows = [];
    for (const relation of ["link", "monitor"]) {
      const storm = { relation, count, rounds };
      rows.push(...(await stormRows(alone, { ...storm, event: "exit" })));
      rows.push(...(await stormRows(pairs, { ...storm, event: "exit" })));
      rows.push(...(await stormRows(pairs, { ...storm, event: "nodedown" })));
    }
    return rows;
  } finally {
    await peers.stop();
  }
}

async function stormRows(pairs, { relation, event, count, rounds }) {
  const setUp = {};
  const tasks = new Map();
  for (const [way, [from, to]] of Object.entries(pairs)) {
    setUp[way] = [];
    tasks.set(way, async () => {
      const times = await from.ask("storm", { relation, event, to: to.name, count });
      setUp[way].push((count / times.setUp) * 1e6);
      return (count / times.fired) * 1e6;
    });
  }
  await interleaved(tasks, 1);
  for (const way of Object.keys(pairs)) setUp[way] = [];
  const fired = await interleaved(tasks, rounds);
  const what = `${count.toLocaleString("en-US")} ${relation}s`;
  const inside = "local" in pairs;
  const nameOf = (way) => (inside ? `${ways.local}${way === "beam" ? ", BEAM" : ""}` : ways[way]);
  const row = (label, way, figures) =>
    rowOf({
      name: `${what} ${label}, ${nameOf(way)}`,
      unit: "/s",
      values: figures[way],
      ...(way === "beam" ? {} : { beside: figures.beam, to: nameOf("beam") }),
    });
  const ends = event === "exit" ? "felt, the process ends" : "felt, the connection ends";
  return [
    ...(event === "exit" ? Object.keys(pairs).map((way) => row("set up", way, setUp)) : []),
    ...Object.keys(pairs).map((way) => row(ends, way, Object.fromEntries(fired))),
  ];
}

if (import.meta.url === `file://${process.argv[1]}`) {
  printRows(await run({ quick: process.argv.includes("--quick") }));
}
