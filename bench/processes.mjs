/**
 * Processes: how many start and end in a second, what one takes that waits, how fast they talk to
 * each other within a node, and what a full mailbox does to `receive`. An Erlang node does the same by
 * turns.
 */
import { Peers } from "./peers/peers.mjs";
import { calibrated, interleaved, printRows, rowOf } from "./rounds.mjs";

export const question = "processes within a node";

const BEAM = "BEAM";
const why = "what V8 keeps for an async function and its loop";

/** How processes are made, and the same in Erlang. */
const spawns = {
  body: { beam: "body", name: "spawn and end, body", least: 1e6 },
  "async body": { beam: "body", name: "spawn and end, async body", least: 1e6 },
  onMessage: { beam: "message", name: "spawn, message, end, onMessage", least: 1e6 },
  bare: { beam: "body", name: "spawn and end, bare", least: 1e6 },
};
const idle = ["bare", "onMessage", "receive", "for await"];
const local = {
  onMessage: "any",
  receive: "any",
  "for await": "any",
  "receive(pattern)": "pattern",
};
const bounces = ["onMessage", "receive"];
const mailbox = {
  reference: "its reference is fresh",
  pattern: "it matches a pattern",
  "pattern, at the end": "it matches a pattern, and is there",
  shift: "the oldest",
};

export async function run({ quick = false, rounds = quick ? 3 : 5 } = {}) {
  const peers = await Peers.start();
  try {
    const [beam, ours] = await Promise.all([peers.otp(), peers.node()]);
    const ms = quick ? 80 : 150;
    const waiting = quick ? 10_000 : 100_000;
    return [
      ...(await spawnRows(beam, ours, rounds, ms)),
      ...(await idleRows(beam, peers, quick ? 10_000 : 100_000)),
      ...(await localRows(beam, ours, rounds, ms)),
      ...(await bounceRows(beam, ours, rounds, ms)),
      ...(await mailboxRows({ beam, ours, rounds, ms, waiting })),
    ];
  } finally {
    await peers.stop();
  }
}

/** A task that gives how often in a second. */
async function rateOf(peer, command, args, ms, least = 1000) {
  const doing = (count) => peer.ask(command, { ...args, count });
  const count = await calibrated(doing, ms, least);
  return async () => (count / (await doing(count)).us) * 1e6;
}

async function spawnRows(beam, ours, rounds, ms) {
  const tasks = new Map();
  for (const form of ["body", "message"]) {
    tasks.set(`beam ${form}`, await rateOf(beam, "spawns", { form }, ms));
  }
  for (const form of Object.keys(spawns)) {
    tasks.set(form, await rateOf(ours, "spawns", { form }, ms));
  }
  const figures = await interleaved(tasks, rounds);
  const unit = "/s";
  const row = (name, key) => rowOf({ name, unit, values: figures.get(key) });
  return [
    row(`spawn and end, ${BEAM}`, "beam body"),
    row(`spawn, message, end, ${BEAM}`, "beam message"),
    ...Object.entries(spawns).flatMap(([form, { beam: twin, name, least }]) => {
      const values = figures.get(form);
      return [
        rowOf({ name, unit, values, least }),
        rowOf({ name, unit, values, beside: figures.get(`beam ${twin}`), to: BEAM }),
      ];
    }),
  ];
}

/** What the collector counts after a full collection; every form in a node of its own. */
async function idleRows(beam, peers, count) {
  const { bytes } = await beam.ask("idle", { count });
  const unit = "bytes";
  const rows = [rowOf({ name: `memory of an idle process, ${BEAM}`, unit, values: [bytes] })];
  for (const form of idle) {
    const fresh = await peers.node();
    await fresh.ask("idle", { form, count: 1000 });
    const { bytes } = await fresh.ask("idle", { form, count });
    rows.push(
      rowOf({ name: `memory of an idle process, ${form}`, unit, values: [bytes], most: 1024, why }),
    );
  }
  return rows;
}

async function localRows(beam, ours, rounds, ms) {
  const tasks = new Map();
  for (const form of ["any", "pattern"]) {
    tasks.set(`beam ${form}`, await rateOf(beam, "local", { form }, ms));
  }
  for (const form of Object.keys(local)) {
    tasks.set(form, await rateOf(ours, "local", { form }, ms));
  }
  const figures = await interleaved(tasks, rounds);
  const label = "messages from process to process";
  const row = (name, key, more) =>
    rowOf({ name: `${label}, ${name}`, unit: "msg/s", values: figures.get(key), ...more });
  return [
    row(BEAM, "beam any"),
    row(`${BEAM}, pattern`, "beam pattern"),
    ...Object.entries(local).map(([form, twin]) =>
      row(form, form, { beside: figures.get(`beam ${twin}`), to: BEAM }),
    ),
  ];
}

async function bounceRows(beam, ours, rounds, ms) {
  const tasks = new Map([["beam", await rateOf(beam, "bounce", {}, ms)]]);
  for (const form of bounces) tasks.set(form, await rateOf(ours, "bounce", { form }, ms));
  const figures = await interleaved(tasks, rounds);
  const label = "there and back between two processes";
  const row = (name, key, more) =>
    rowOf({ name: `${label}, ${name}`, unit: "/s", values: figures.get(key), ...more });
  return [
    row(BEAM, "beam"),
    ...bounces.map((form) => row(form, form, { beside: figures.get("beam"), to: BEAM })),
  ];
}

async function mailboxRows({ beam, ours, rounds, ms, waiting }) {
  const rows = [];
  for (const [how, what] of Object.entries(mailbox)) {
    const tasks = new Map();
    for (const peer of [beam, ours]) {
      tasks.set(peer.kind, await rateOf(peer, "mailbox", { how, waiting }, ms, 4));
    }
    const figures = await interleaved(tasks, rounds);
    const label = `receive behind ${waiting.toLocaleString("en-US")} others, ${what}`;
    const beamValues = figures.get("BEAM");
    rows.push(
      rowOf({ name: `${label}, ${BEAM}`, unit: "/s", values: beamValues }),
      rowOf({
        name: label,
        unit: "/s",
        values: figures.get("Node"),
        beside: beamValues,
        to: BEAM,
      }),
    );
  }
  return rows;
}

if (import.meta.url === `file://${process.argv[1]}`) {
  printRows(await run({ quick: process.argv.includes("--quick") }));
}
