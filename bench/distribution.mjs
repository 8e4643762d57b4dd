/**
 * Messages one way over one connection: how many, how many bytes, and what they cost.
 *
 * The same messages go between two real Erlang nodes, between two nodes of ours, and from one to the
 * other, by turns; bytes also go through a bare socket between two Node processes, which is what the
 * machine allows. The time is from the first message to the answer to the last.
 */
import { Peers } from "./peers/peers.mjs";
import { bareSockets, bytesFor, emptyCost, sending } from "./peers/tasks.mjs";
import { interleaved, printRows, rowOf } from "./rounds.mjs";

export const question = "messages one way";

const KB = 1024;
const MB = 1024 * 1024;
const BEAM = "BEAM to BEAM";

/** What is sent, and the targets of its rows. */
const shapes = [
  {
    label: "small to a name",
    send: { address: "name", size: "small" },
    targets: { out: { least: 2 }, in: { least: 0.9 }, own: { least: 8 } },
  },
  {
    label: "small to a pid",
    send: { address: "pid", size: "small" },
    targets: { out: { least: 2 }, in: { least: 0.9 }, own: { least: 8 } },
    cpu: true,
  },
  {
    label: "1 KB",
    send: { address: "pid", size: KB },
    targets: { out: { least: 1 }, own: { least: 5 } },
  },
  {
    label: "64 KB",
    send: { address: "pid", size: 64 * KB },
    targets: { out: { least: 0.8 }, in: { least: 0.8 }, own: { least: 0.8 } },
    socket: 0.9,
  },
  {
    label: "16 MB",
    send: { address: "pid", size: 16 * MB },
    targets: { out: { least: 1 }, in: { least: 1 }, own: { least: 1 } },
    socket: undefined,
  },
];

/** What a row is limited by, where it falls short. */
const limits = {
  out: "the Erlang node takes longer to receive a message than we to send it",
  small: "CPU of a message on each side, see below: it takes a core each that nobody else uses",
  socket:
    "a message is copied once more, from the receive buffer that all sockets share to memory of its own",
  large:
    "every message gets fresh memory, which the system has to clear, and is copied into it once",
};

/** How long one figure takes, in milliseconds. */
const FIGURE_MS = 150;
const QUICK_MS = 80;

export async function run({ quick = false, rounds = quick ? 3 : 5 } = {}) {
  const peers = await Peers.start();
  try {
    const [beam, beam2, ours, ours2] = await Promise.all([
      peers.otp(),
      peers.otp(),
      peers.node(),
      peers.node(),
    ]);
    const { stream: bare } = await bareSockets(peers);
    const pairs = { beam: [beam, beam2], out: [ours, beam], in: [beam, ours], own: [ours, ours2] };
    const ms = quick ? QUICK_MS : FIGURE_MS;
    const rows = [];
    for (const shape of shapes) rows.push(...(await rowsOf(shape, { pairs, bare, rounds, ms })));
    rows.push(...(await awaitingRows({ pairs, rounds, ms })));
    return rows;
  } finally {
    await peers.stop();
  }
}

async function rowsOf({ label, send, targets, cpu, ...shape }, { pairs, bare, rounds, ms }) {
  const tasks = new Map();
  const costs = {};
  for (const [way, pair] of Object.entries(pairs)) {
    costs[way] = emptyCost();
    tasks.set(way, await sending(pair, send, ms, costs[way]));
  }
  const large = send.size !== "small";
  if ("socket" in shape) {
    const bytes = await bytesFor(bare, ms);
    tasks.set("socket", async () => ((await bare(bytes)) * 1e6) / send.size);
  }
  const figures = await interleaved(tasks, rounds);
  const unit = large ? "MB/s" : "msg/s";
  const scaled = (way) => figures.get(way).map((rate) => (large ? (rate * send.size) / 1e6 : rate));
  const rows = [rowOf({ name: `${label}, ${BEAM}`, unit, values: scaled("beam") })];
  for (const [way, name] of Object.entries(ways)) {
    const why = way === "out" ? limits.out : large ? limits.large : limits.small;
    const beside = { beside: scaled("beam"), to: BEAM, ...targets[way], why };
    rows.push(rowOf({ name: `${label}, ${name}`, unit, values: scaled(way), ...beside }));
  }
  if (cpu) rows.push(...cpuRows(costs));
  if (tasks.has("socket")) rows.push(...socketRows(label, scaled, shape.socket));
  return rows;
}

const ways = { out: "Node to BEAM", in: "BEAM to Node", own: "Node to Node" };

function socketRows(label, scaled, least) {
  const beside = {
    beside: scaled("socket"),
    to: "a bare socket",
    unit: "MB/s",
    least,
    why: limits.socket,
  };
  return Object.entries(ways).map(([way, name]) =>
    rowOf({ name: `${label}, ${name}`, values: scaled(way), ...beside }),
  );
}

function cpuRows(costs) {
  const row = (name, values, most) =>
    rowOf({ name: `CPU of a small message, ${name}`, unit: "us", values, most });
  return [
    row("BEAM sends to BEAM", costs.beam.from),
    row("BEAM receives from BEAM", costs.beam.to),
    row("Node sends to BEAM", costs.out.from, 0.5),
    row("Node receives from BEAM", costs.in.to, 2),
    row("Node sends to Node", costs.own.from),
    row("Node receives from Node", costs.own.to),
  ];
}

/** Senders that await after each message, a receiver that has a promise for each, and one watched. */
async function awaitingRows({ pairs, rounds, ms }) {
  const small = { address: "pid", size: "small" };
  const tasks = new Map([
    ["plain", await sending(pairs.out, small, ms)],
    ["awaiting", await sending(pairs.out, { ...small, awaiting: true }, ms)],
    ["own", await sending(pairs.own, small, ms)],
    ["receiving", await sending(pairs.own, { ...small, sink: "receiving_sink" }, ms)],
    ["in", await sending(pairs.in, small, ms)],
    ["in receiving", await sending(pairs.in, { ...small, sink: "receiving_sink" }, ms)],
    ["traced", await sending(pairs.own, { ...small, command: "sendTraced" }, ms)],
  ]);
  const figures = await interleaved(tasks, rounds);
  const row = (name, key, beside, to, least) =>
    rowOf({
      name,
      unit: "msg/s",
      values: figures.get(key),
      beside: figures.get(beside),
      to,
      least,
    });
  return [
    row("small, Node to BEAM, await after each", "awaiting", "plain", "no await", 0.9),
    row("small, Node to Node, await receive()", "receiving", "own", "onMessage"),
    row("small, BEAM to Node, await receive()", "in receiving", "in", "onMessage"),
    row("small, Node to Node, a subscriber to signals sent", "traced", "own", "no subscriber"),
  ];
}

if (import.meta.url === `file://${process.argv[1]}`) {
  printRows(await run({ quick: process.argv.includes("--quick") }));
}
