/**
 * Messages, calls and round trips over TLS, both sides verified.
 *
 * As the other benchmarks do it, by turns: between two Erlang nodes, between two nodes of ours, and
 * from one to the other; and the same bytes through a bare TLS socket between two Node processes.
 * All of them have the same version of TLS, and take the cipher suite that they agree on by
 * themselves.
 */
import { callRows, roundTripRows } from "./calls.mjs";
import { Peers } from "./peers/peers.mjs";
import { bareSockets, bytesFor, emptyCost, sending } from "./peers/tasks.mjs";
import { TlsFiles } from "./peers/tls-files.mjs";
import { interleaved, printRows, rowOf } from "./rounds.mjs";

export const question = "messages and calls over TLS";

const KB = 1024;
const MB = 1024 * 1024;
const BEAM = "BEAM to BEAM";
const ways = { out: "Node to BEAM", in: "BEAM to Node", own: "Node to Node" };
const labels = { "tlsv1.3": "TLS 1.3", "tlsv1.2": "TLS 1.2" };

/** What is sent, and the targets beside BEAM and beside a bare TLS socket. */
const small = {
  label: "small to a pid",
  send: { address: "pid", size: "small" },
  least: { out: 1.2, in: 1.2 },
  id: 19,
};
const bulk = (label, size) => ({
  label,
  send: { address: "pid", size },
  least: { out: 1, in: 8 },
  socket: { in: 0.7 },
  id: 18,
});
const shapes = [small, bulk("64 KB", 64 * KB), bulk("1 MB", MB), bulk("16 MB", 16 * MB)];

const limits = {
  out: "the Erlang node takes longer to decrypt a message than we to encrypt it",
  in: "an Erlang sender makes a record and a write of its own for each message",
  large: "decryption and the copies out of the records, which a bare socket has as well",
};

export async function run({ quick = false, rounds = quick ? 3 : 5 } = {}) {
  const ms = quick ? 100 : 200;
  return [
    ...(await rowsOfVersion("tlsv1.3", { rounds, ms, shapes, calls: true })),
    ...(await rowsOfVersion("tlsv1.2", { rounds, ms, shapes: shapes.slice(0, 2), calls: false })),
  ];
}

async function rowsOfVersion(version, { rounds, ms, shapes, calls }) {
  const files = new TlsFiles();
  const peers = await Peers.start();
  try {
    const [beam, beam2, ours, ours2] = await Promise.all([
      peers.otp(files.otp(version)),
      peers.otp(files.otp(version)),
      peers.node(files.node(version)),
      peers.node(files.node(version)),
    ]);
    const bare = await bareSockets(peers, files.socket(version));
    const pairs = { beam: [beam, beam2], out: [ours, beam], in: [beam, ours], own: [ours, ours2] };
    const rows = [];
    for (const shape of shapes) rows.push(...(await rowsOfShape(shape, pairs, bare, rounds, ms)));
    if (calls) rows.push(...(await answerRows(pairs, bare, rounds, ms)));
    return rows.map((row) => ({ ...row, name: `${labels[version]}: ${row.name}` }));
  } finally {
    await peers.stop();
    files[Symbol.dispose]();
  }
}

async function rowsOfShape({ label, send, least, socket = {}, id }, pairs, bare, rounds, ms) {
  const tasks = new Map();
  const costs = {};
  for (const [way, pair] of Object.entries(pairs)) {
    costs[way] = emptyCost();
    tasks.set(way, await sending(pair, send, ms, costs[way]));
  }
  const large = send.size !== "small";
  if (large) {
    const bytes = await bytesFor(bare.stream, ms);
    tasks.set("socket", async () => ((await bare.stream(bytes)) * 1e6) / send.size);
  }
  const figures = await interleaved(tasks, rounds);
  const unit = large ? "MB/s" : "msg/s";
  const scaled = (way) => figures.get(way).map((rate) => (large ? (rate * send.size) / 1e6 : rate));
  const row = (way, name, more) =>
    rowOf({ name: `${label}, ${name}`, unit, values: scaled(way), ...more });
  const rows = [row("beam", BEAM)];
  if (large) rows.push(row("socket", "bare socket"));
  for (const [way, name] of Object.entries(ways)) {
    const why = large && way !== "out" ? limits.large : limits[way];
    const target = { least: least[way], id, why };
    rows.push(row(way, name, { beside: scaled("beam"), to: BEAM, ...target }));
    if (!large) continue;
    const beside = { beside: scaled("socket"), to: "a bare socket" };
    rows.push(row(way, name, { ...beside, ...target, least: socket[way] }));
  }
  return [...rows, ...costRows(label, costs)];
}

function costRows(label, costs) {
  const row = (way, side, name) =>
    rowOf({ name: `CPU of ${label}, ${name}`, unit: "us", values: costs[way][side] });
  return [
    row("beam", "from", "BEAM sends to BEAM"),
    row("beam", "to", "BEAM receives from BEAM"),
    row("out", "from", "Node sends to BEAM"),
    row("in", "to", "Node receives from BEAM"),
    row("own", "from", "Node sends to Node"),
    row("own", "to", "Node receives from Node"),
  ];
}

async function answerRows(pairs, bare, rounds, ms) {
  const one = { callers: 1, least: { out: 1.2, in: 1.2 }, id: 19 };
  const many = { callers: 100, least: { out: 1.6, in: 1.6 }, id: 19 };
  return [
    ...(await roundTripRows(pairs, bare.echo, 2 * rounds, ms)),
    ...(await callRows(pairs, one, rounds, ms)),
    ...(await callRows(pairs, many, rounds, ms)),
  ];
}

if (import.meta.url === `file://${process.argv[1]}`) {
  printRows(await run({ quick: process.argv.includes("--quick") }));
}
