/**
 * There and back: how long a message and its answer take, and how many calls of a `gen_server` one
 * caller, or a hundred at once, get answered in a second.
 */
import { Peers } from "./peers/peers.mjs";
import { calibrated, interleaved, printRows, rowOf } from "./rounds.mjs";

export const question = "round trips and calls";

const BEAM = "BEAM to BEAM";
const LIMIT = "two processes wake each other by turns; on which cores decides, see the spread";

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
    const [listening, dialling] = await Promise.all([peers.socket(), peers.socket()]);
    const port = await listening.ask("listen");
    const bare = (count) => dialling.ask("echo", { port, count });
    const ms = quick ? 100 : 250;
    return [
      // Many short rounds: which cores the system wakes the two on changes now and then, and decides.
      ...(await roundTripRows(pairs, bare, 4 * rounds, quick ? 150 : 500)),
      ...(await callRows(pairs, 1, rounds, ms, { out: 1, in: 1, own: 1 })),
      ...(await callRows(pairs, 100, rounds, ms, { out: 2 })),
    ];
  } finally {
    await peers.stop();
  }
}

const ways = { out: "Node to BEAM", in: "BEAM to Node", own: "Node to Node" };

async function roundTripRows(pairs, bare, rounds, count) {
  const trips = {};
  const tasks = new Map();
  for (const [way, [from, to]] of Object.entries({ ...pairs, socket: [] })) {
    trips[way] = { p50: [], p99: [] };
    const once =
      from === undefined ? bare : (n) => from.ask("roundTrips", { to: to.name, count: n });
    await once(2 * count);
    tasks.set(way, async () => {
      const { p50, p99 } = await once(count);
      trips[way].p50.push(p50 / 1000);
      trips[way].p99.push(p99 / 1000);
    });
  }
  await interleaved(tasks, rounds);
  const row = (what, way, name, beside, most) =>
    rowOf({
      name: `round trip ${what}, ${name}`,
      unit: "us",
      values: trips[way][what],
      why: LIMIT,
      ...beside,
      most,
    });
  const rows = [
    row("p50", "beam", BEAM),
    row("p50", "socket", "bare socket"),
    row("p99", "beam", BEAM),
  ];
  for (const [way, name] of Object.entries(ways)) {
    const besideBeam = (what) => ({ beside: trips.beam[what], to: BEAM });
    rows.push(row("p50", way, name, besideBeam("p50"), 1.1));
    rows.push(row("p50", way, name, { beside: trips.socket.p50, to: "a bare socket" }, 1.15));
    rows.push(row("p99", way, name, besideBeam("p99"), 1.5));
  }
  return rows;
}

async function callRows(pairs, callers, rounds, ms, targets) {
  const tasks = new Map();
  for (const [way, [from, to]] of Object.entries(pairs)) {
    const calls = (count) => from.ask("calls", { to: to.name, callers, count });
    const count = Math.max(callers, await calibrated(calls, ms, callers));
    tasks.set(way, async () => {
      const made = count - (count % callers);
      return (made / (await calls(made)).us) * 1e6;
    });
  }
  const figures = await interleaved(tasks, rounds);
  const label =
    callers === 1 ? "gen_server calls, one after another" : `gen_server calls, ${callers} at once`;
  const row = (way, name, more) =>
    rowOf({ name: `${label}, ${name}`, unit: "call/s", values: figures.get(way), ...more });
  const beside = { beside: figures.get("beam"), to: BEAM };
  return [
    row("beam", BEAM),
    ...Object.entries(ways).map(([way, name]) =>
      row(way, name, { ...beside, least: targets[way] }),
    ),
  ];
}

if (import.meta.url === `file://${process.argv[1]}`) {
  printRows(await run({ quick: process.argv.includes("--quick") }));
}
