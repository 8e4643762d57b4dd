/**
 * What a signal costs between the program and the socket, without the socket: encoding into the
 * connection's sink, and reading the same bytes back, in one process.
 *
 * The small message is `{Integer, Binary}` to a pid, as in the rows "small to a pid"; the columns
 * are microseconds of one core per message, and MB/s where the message is large.
 */
import { atom, Pid, t } from "disterl/term";
import { ByteSink, defaultFlags, MessageReader, MessageWriter } from "disterl/wire";

export const question = "wire";

const us = atom("bench@127.0.0.1");
const them = atom("other@127.0.0.1");
const from = new Pid(us, 117, 0, 1_700_000_000);
const to = new Pid(them, 118, 0, 1_700_000_001);
const flags = defaultFlags();
const CHUNK = 65_536;
const BATCH = 65_536;

function sendOf(message) {
  return { type: "send", from, to, message, token: undefined };
}

const cases = [
  {
    name: "small send",
    signal: sendOf(t(17, new TextEncoder().encode("hello"))),
    write: 0.16,
    read: 0.21,
  },
  {
    name: "small send to a name",
    signal: {
      type: "reg_send",
      from,
      to: atom("echo"),
      message: t(17, new TextEncoder().encode("hello")),
      token: undefined,
    },
    write: 0.16,
    read: 0.21,
  },
  { name: "1 KB binary", signal: sendOf(t(17, Buffer.alloc(1024, 7))) },
  { name: "64 KB binary", signal: sendOf(t(17, Buffer.alloc(65_536, 7))) },
  { name: "16 MB binary", signal: sendOf(t(17, Buffer.alloc(16 * 2 ** 20, 7))) },
];

/** Writes one signal, all of its fragments included; empties the sink when a batch is full. */
function writeAll(writer, signal, sink) {
  const rest = writer.write(signal, sink);
  let bytes = 0;
  if (rest !== undefined) {
    while (!rest.nextFragment(sink)) {
      if (sink.totalBytes < BATCH) continue;
      bytes += sink.totalBytes;
      sink.truncate();
    }
  }
  if (sink.totalBytes < BATCH) return bytes;
  bytes += sink.totalBytes;
  sink.truncate();
  return bytes;
}

function timeWrite(signal, count) {
  const writer = new MessageWriter({ flags });
  const sink = new ByteSink(BATCH + 8192);
  const start = process.hrtime.bigint();
  for (let i = 0; i < count; i++) writeAll(writer, signal, sink);
  return Number(process.hrtime.bigint() - start) / 1000 / count;
}

/** The bytes of `count` signals, the atoms known from the first on. */
function bytesOf(signal, count) {
  const writer = new MessageWriter({ flags });
  const sink = new ByteSink();
  const pieces = [];
  for (let i = 0; i < count; i++) {
    const rest = writer.write(signal, sink);
    while (rest !== undefined && !rest.nextFragment(sink));
    pieces.push(...sink.pieces().map((piece) => Buffer.from(piece)));
    sink.truncate();
  }
  return Buffer.concat(pieces);
}

/** Reads the bytes over and over, in chunks of one buffer that is reused, as a socket gives them. */
function timeRead(bytes, perRound, count) {
  let signals = 0;
  const reader = new MessageReader({
    flags,
    peer: us.text,
    onSignal() {
      signals++;
    },
    onTick() {},
  });
  const chunk = Buffer.allocUnsafeSlow(CHUNK);
  let copying = 0n;
  const start = process.hrtime.bigint();
  while (signals < count) {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const before = process.hrtime.bigint();
      const length = bytes.copy(chunk, 0, at, at + CHUNK);
      copying += process.hrtime.bigint() - before;
      reader.push(length === CHUNK ? chunk : chunk.subarray(0, length));
    }
  }
  if (signals % perRound !== 0) throw new Error("signals were lost");
  return Number(process.hrtime.bigint() - start - copying) / 1000 / signals;
}

function spreadOf(figures) {
  const sorted = figures.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], min: sorted[0], max: sorted[sorted.length - 1] };
}

function rowsOf({ name, signal, write, read }, rounds, scale) {
  const size = bytesOf(signal, 1).length;
  const perRound = Math.max(1, Math.min(4000, Math.floor(2 ** 20 / size)));
  const count = Math.max(4, Math.floor(Math.min(400_000, 2 ** 29 / size) * scale));
  const bytes = bytesOf(signal, perRound);
  const figures = { write: [], read: [] };
  for (let round = 0; round <= rounds; round++) {
    const written = timeWrite(signal, count);
    const was = timeRead(bytes, perRound, count);
    // The first round warms up.
    if (round === 0) continue;
    figures.write.push(written);
    figures.read.push(was);
  }
  const targets = { write, read };
  return ["write", "read"].map((what) => {
    const { median, min, max } = spreadOf(figures[what]);
    if (size < 1000) {
      const target = targets[what];
      const row = { name: `${what} ${name}`, value: median, unit: "us", spread: [min, max] };
      return target === undefined ? row : { ...row, target };
    }
    const speed = (time) => size / time;
    const spread = [speed(max), speed(min)];
    return { name: `${what} ${name}`, value: speed(median), unit: "MB/s", spread };
  });
}

/** @param options `rounds` (default 5), and `quick` for a tenth of the messages. */
export async function run({ rounds = 5, quick = false } = {}) {
  return cases.flatMap((one) => rowsOf(one, rounds, quick ? 0.1 : 1));
}

if (import.meta.url === `file://${process.argv[1]}`) {
  for (const { name, value, unit, spread, target } of await run({})) {
    const wanted = target === undefined ? "" : `  target ${target}`;
    const [low, high] = spread.map((figure) => figure.toPrecision(3));
    console.log(`${name.padEnd(30)} ${value.toPrecision(3)} ${unit} (${low}..${high})${wanted}`);
  }
}
