/**
 * There and back: how long a message and its answer take, and how many calls (of a `gen_server`, or of
 * a function by `erpc`) one caller, or a hundred at once, get answered in a second.
 */
import { Peers } from "./peers/peers.mjs";
import { bareSockets, calling, emptyCost } from "./peers/tasks.mjs";
import { interleaved, printRows, rowOf } from "./rounds.mjs";

export const question = "round trips and calls";

const BEAM = "BEAM to BEAM";
const limits = {
  in: "an Erlang caller sends three signals for each call, each with a write of its own",
};
const LIMIT = "two processes wake each other by turns; on which cores decides, see the spread";

export async function run({ quick = false, rounds = quick ? 3 : 5 } = {}) {
  const peers = await Peers.start();
  try {
    const [beam, beam2, ours, ours2] = await Promise.all([
      peers.otp(),
      peers.otp(),
      peers.node(),
      peers.node(),
    ]);
    const pairs = { beam: [beam, beam2], out: [ours, beam], in: [beam, ours], own: [ours, ours2] };
    const { echo } = await bareSockets(peers);
    const ms = quick ? 100 : 200;
    return [
      // Many short rounds: which cores the system wakes the two on changes now and then, and decides.
      ...(await roundTripRows(pairs, echo, 4 * rounds, quick ? 150 : 500)),
      ...(await callRows(pairs, { callers: 1, least: { out: 1, in: 1, own: 1 } }, rounds, ms)),
      ...(await callRows(pairs, { callers: 100, least: { out: 2, in: 2 } }, rounds, ms)),
      ...(await callRows(pairs, { kind: "erpc", callers: 1, least: {} }, rounds, ms)),
      ...(await callRows(pairs, { kind: "erpc", callers: 100, least: {} }, rounds, ms)),
      ...(await receivingRows(pairs.in, rounds, ms)),
    ];
  } finally {
    await peers.stop();
  }
}

const ways = { out: "Node to BEAM", in: "BEAM to Node", own: "Node to Node" };

export async function roundTripRows(pairs, bare, rounds, count) {
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

const labels = { gen: "gen_server calls", erpc: "erpc calls" };

export async function callRows(pairs, { kind = "gen", callers, least, id }, rounds, ms) {
  const tasks = new Map();
  const costs = {};
  for (const [way, pair] of Object.entries(pairs)) {
    costs[way] = emptyCost();
    tasks.set(way, await calling(pair, { kind, callers }, ms, costs[way]));
  }
  const figures = await interleaved(tasks, rounds);
  const label = `${labels[kind]}, ${callers === 1 ? "one after another" : `${callers} at once`}`;
  const row = (way, name, more) =>
    rowOf({ name: `${label}, ${name}`, unit: "call/s", values: figures.get(way), ...more });
  const beside = { beside: figures.get("beam"), to: BEAM };
  const cost = (way, side, name) =>
    rowOf({ name: `CPU of ${label}, ${name}`, unit: "us", values: costs[way][side] });
  return [
    row("beam", BEAM),
    ...Object.entries(ways).map(([way, name]) =>
      row(way, name, { ...beside, least: least[way], id, why: limits[way] }),
    ),
    ...(callers === 1
      ? []
      : [
          cost("beam", "from", "BEAM calls BEAM"),
          cost("beam", "to", "BEAM serves BEAM"),
          cost("in", "from", "BEAM calls Node"),
          cost("in", "to", "Node serves BEAM"),
          cost("out", "from", "Node calls BEAM"),
        ]),
  ];
}

/** Servers that are a body with `await receive()`, beside those that are a callback. */
async function receivingRows(pair, rounds, ms) {
  const rows = [];
  for (const callers of [1, 100]) {
    const tasks = new Map();
    for (const server of ["server", "receiving_server"]) {
      tasks.set(server, await calling(pair, { callers, server }, ms));
    }
    const figures = await interleaved(tasks, rounds);
    rows.push(
      rowOf({
        name: `${labels.gen}, ${callers === 1 ? "one after another" : `${callers} at once`}, ${ways.in}, await receive()`,
        unit: "call/s",
        values: figures.get("receiving_server"),
        beside: figures.get("server"),
        to: "onMessage",
      }),
    );
  }
  return rows;
}

if (import.meta.url === `file://${process.argv[1]}`) {
  printRows(await run({ quick: process.argv.includes("--quick") }));
}
