/**
 * How long it takes to be connected: epmd asked, dialled, both sides authenticated, ready to send.
 */
import { Peers } from "./peers/peers.mjs";
import { interleaved, printRows, rowOf } from "./rounds.mjs";

export const question = "connection set-up";

const BEAM = "BEAM to BEAM";
const LIMIT =
  "five round trips, two of them to set up sockets, in code that runs too rarely to be compiled well";

export async function run({ quick = false, rounds = quick ? 3 : 7 } = {}) {
  const peers = await Peers.start();
  try {
    const [beam, beam2, ours, ours2] = await Promise.all([
      peers.otp(),
      peers.otp(),
      peers.node(),
      peers.node(),
    ]);
    const pairs = { beam: [beam, beam2], out: [ours, beam], in: [beam, ours], own: [ours, ours2] };
    const count = quick ? 10 : 25;
    const tasks = new Map();
    for (const [way, [from, to]] of Object.entries(pairs)) {
      const connects = () => from.ask("connects", { to: to.name, count });
      await connects();
      tasks.set(way, async () => (await connects()).p50 / 1000);
    }
    const figures = await interleaved(tasks, rounds);
    const row = (way, name, more) =>
      rowOf({
        name: `connection set-up p50, ${name}`,
        unit: "us",
        values: figures.get(way),
        ...more,
      });
    const beside = { beside: figures.get("beam"), to: BEAM, most: 1.1, why: LIMIT };
    return [
      row("beam", BEAM),
      row("out", "Node to BEAM", beside),
      row("in", "BEAM to Node", beside),
      row("own", "Node to Node", beside),
    ];
  } finally {
    await peers.stop();
  }
}

if (import.meta.url === `file://${process.argv[1]}`) {
  printRows(await run({ quick: process.argv.includes("--quick") }));
}
