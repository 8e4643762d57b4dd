/**
 * How long it takes to be connected, and how often in a second one node can: epmd asked, dialled, over
 * TLS both certificates checked, both sides authenticated, ready to send.
 */
import { Peers } from "./peers/peers.mjs";
import { TlsFiles } from "./peers/tls-files.mjs";
import { interleaved, printRows, rowOf } from "./rounds.mjs";

export const question = "connection set-up";

const BEAM = "BEAM to BEAM";
const carriers = { TCP: undefined, "TLS 1.3": "tlsv1.3", "TLS 1.2": "tlsv1.2" };
const limits = {
  TCP: "five round trips, two of them to set up sockets, in code that runs too rarely to be compiled well",
  TLS: "as for TCP; the handshake of TLS itself is OpenSSL's",
};

export async function run({ quick = false, rounds = quick ? 3 : 5 } = {}) {
  const rows = [];
  for (const [label, version] of Object.entries(carriers)) {
    rows.push(...(await rowsOfCarrier(label, version, rounds, quick ? 10 : 20)));
  }
  return rows;
}

async function rowsOfCarrier(label, version, rounds, count) {
  const files = version === undefined ? undefined : new TlsFiles();
  const peers = await Peers.start();
  try {
    const [beam, beam2, ours, ours2] = await Promise.all([
      peers.otp(files?.otp(version)),
      peers.otp(files?.otp(version)),
      peers.node(files?.node(version)),
      peers.node(files?.node(version)),
    ]);
    const pairs = { beam: [beam, beam2], out: [ours, beam], in: [beam, ours], own: [ours, ours2] };
    const times = {};
    const tasks = new Map();
    for (const [way, [from, to]] of Object.entries(pairs)) {
      const connects = () => from.ask("connects", { to: to.name, count });
      await connects();
      times[way] = [];
      tasks.set(way, async () => {
        const { p50, mean } = await connects();
        times[way].push(p50 / 1000);
        return 1e9 / mean;
      });
    }
    const rates = await interleaved(tasks, rounds);
    return rowsOf(label, times, rates);
  } finally {
    await peers.stop();
    files?.[Symbol.dispose]();
  }
}

const ways = { out: "Node to BEAM", in: "BEAM to Node", own: "Node to Node" };

function rowsOf(label, times, rates) {
  const time = (way, name, more) =>
    rowOf({ name: `${label}: set-up p50, ${name}`, unit: "us", values: times[way], ...more });
  const rate = (way, name, more) =>
    rowOf({ name: `${label}: set-ups, ${name}`, unit: "/s", values: rates.get(way), ...more });
  const why = limits[label] ?? limits.TLS;
  const named = Object.entries(ways);
  return [
    time("beam", BEAM),
    ...named.map(([way, name]) =>
      time(way, name, { beside: times.beam, to: BEAM, most: 1.1, id: 17, why }),
    ),
    rate("beam", BEAM),
    ...named.map(([way, name]) => rate(way, name, { beside: rates.get("beam"), to: BEAM })),
  ];
}

if (import.meta.url === `file://${process.argv[1]}`) {
  printRows(await run({ quick: process.argv.includes("--quick") }));
}
