/**
 * One sender and more and more nodes that it sends to, by turns: does the rate hold, and does a
 * message cost the same.
 */
import { Peers } from "./peers/peers.mjs";
import { cpuOf } from "./peers/process-figures.mjs";
import { calibrated, interleaved, printRows, rowOf } from "./rounds.mjs";

export const question = "growth with the number of nodes";

export async function run({ quick = false, rounds = quick ? 3 : 4 } = {}) {
  const sizes = quick ? [1, 2, 4] : [1, 2, 4, 8, 16];
  const ms = quick ? 100 : 200;
  const peers = await Peers.start();
  try {
    const [ours, beam] = await Promise.all([peers.node(), peers.otp()]);
    // One scheduler each: sixteen of them share this machine.
    const others = Array.from({ length: sizes.at(-1) }, () => peers.otp(["+S", "1"]));
    const names = (await Promise.all(others)).map(({ name }) => name);
    const tasks = new Map();
    const costs = new Map();
    for (const size of sizes) {
      const to = names.slice(0, size);
      for (const [key, from] of [
        [`ours ${size}`, ours],
        [`beam ${size}`, beam],
      ]) {
        costs.set(key, []);
        tasks.set(key, await fanningOut(from, to, ms, costs.get(key)));
      }
    }
    const figures = await interleaved(tasks, rounds);
    return sizes.flatMap((size) => rowsOf(size, figures, costs));
  } finally {
    await peers.stop();
  }
}

async function fanningOut(from, to, ms, costs) {
  const fanOut = (count) => from.ask("fanOut", { to, count });
  const count = await calibrated(fanOut, ms, 64);
  return async () => {
    const before = cpuOf(from.pid);
    const { us } = await fanOut(count);
    costs.push((cpuOf(from.pid) - before) / count);
    return (count / us) * 1e6;
  };
}

function rowsOf(size, figures, costs) {
  const rate = (key) => figures.get(key);
  const names = size === 1 ? "1 node" : `${size} nodes`;
  const rateRow = (more) =>
    rowOf({
      name: `small to ${names}, Node to BEAM`,
      unit: "msg/s",
      values: rate(`ours ${size}`),
      ...more,
    });
  const rows = [rateRow({ beside: rate(`beam ${size}`), to: "BEAM to BEAM" })];
  if (size > 2) rows.push(rateRow({ beside: rate("ours 2"), to: "2 nodes", least: 0.9 }));
  rows.push(
    rowOf({
      name: `CPU of a small message to ${names}, Node`,
      unit: "us",
      values: costs.get(`ours ${size}`),
      ...(size > 2 ? { beside: costs.get("ours 2"), to: "2 nodes", most: 1.15 } : {}),
    }),
  );
  return rows;
}

if (import.meta.url === `file://${process.argv[1]}`) {
  printRows(await run({ quick: process.argv.includes("--quick") }));
}
