/**
 * What a node keeps in memory at rest and while a large message passes. What connections and
 * processes take is in `connections.mjs` and `processes.mjs`. All figures are resident memory as Linux sees it.
 */
import { Peers } from "./peers/peers.mjs";
import { forgetPeak, memoryOf } from "./peers/process-figures.mjs";
import { printRows, rowOf } from "./rounds.mjs";

export const question = "memory";

const MB = 1024 * 1024;
const LARGE = 16 * MB;

export async function run({ quick = false } = {}) {
  const peers = await Peers.start();
  try {
    const [beam, beam2, ours] = await Promise.all([peers.otp(), peers.otp(), peers.node()]);
    const rows = idleRows(beam, ours);
    const fresh = await peers.node();
    const pairs = [
      ["BEAM from BEAM", beam, beam2, beam2],
      ["Node from BEAM", beam, ours, ours],
      ["Node to BEAM", ours, beam2, ours],
      ["Node from Node", ours, fresh, fresh],
    ];
    for (const [name, from, to, watched] of pairs) {
      rows.push(await peakRow(name, { from, to, watched }, quick ? 3 : 5));
    }
    return rows;
  } finally {
    await peers.stop();
  }
}

function idleRows(beam, ours) {
  const inMb = (peer) => [memoryOf(peer.pid).now / MB];
  return [
    rowOf({ name: "memory of an idle node, BEAM", unit: "MB", values: inMb(beam) }),
    rowOf({
      name: "memory of an idle node, Node",
      unit: "MB",
      values: inMb(ours),
      beside: inMb(beam),
      to: "BEAM",
      most: 1.4,
      why: "V8 and the built-in modules of Node.js",
    }),
  ];
}

/** The most memory above the level at rest, while one message of 16 MB passes; in messages. */
async function peakRow(name, { from, to, watched }, rounds) {
  const send = () => from.ask("send", { to: to.name, address: "pid", size: LARGE, count: 1 });
  await send();
  const values = [];
  for (let round = 0; round < rounds; round++) {
    await from.ask("gc");
    await to.ask("gc");
    const { now } = memoryOf(watched.pid);
    forgetPeak(watched.pid);
    await send();
    values.push((memoryOf(watched.pid).peak - now) / LARGE);
  }
  return rowOf({
    name: `memory for a message of 16 MB, ${name}`,
    unit: "x 16 MB",
    values,
    most: 2,
  });
}

if (import.meta.url === `file://${process.argv[1]}`) {
  printRows(await run({ quick: process.argv.includes("--quick") }));
}
