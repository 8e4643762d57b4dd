/**
 * What it costs to make bytes of terms and terms of bytes, beside Erlang's own codec, JSON and the
 * codecs of npm, all in the same run.
 *
 * Nine terms, made by Erlang. A row is the time Erlang takes divided by the time the codec takes:
 * above 1 is faster than Erlang. Rounds alternate between all of them, so that a slow moment of the
 * machine hits each alike; the figure is the median of the rounds, the spread the lowest and highest.
 *
 * Needs `escript`, and for the codecs of npm `npm install --prefix bench`.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { TermDecoder, TermEncoder } from "disterl/etf";
import { Atom, atom, Binary, Float, isTuple, t, TermMap } from "disterl/term";
import { ByteSink } from "disterl/wire";

export const question = "codec";

/** Floors of a release: decode into lazy binaries, decode into plain values, encode. */
const targets = {
  call: { lazy: 1.3, plain: 0.55, encode: 0.4 },
  small: { lazy: 0.8, encode: 0.4 },
  map: { lazy: 1.3, plain: 0.55, encode: 0.4 },
  document: { lazy: 1.3, plain: 0.55, encode: 0.4 },
  ints: { lazy: 0.9, encode: 0.4 },
  tuples: { lazy: 1.3, plain: 0.55, encode: 0.4 },
  binary: { encode: 1 },
  proplist: { lazy: 1.3, plain: 0.55, encode: 0.4 },
  bigs: { lazy: 0.1, encode: 0.15 },
};

/**
 * @param {{ rounds?: number, ms?: number }} [options] how many rounds, and milliseconds per figure
 *   and round.
 * @returns {Promise<object[]>} `{name, value, unit, ratio, to, spread, target}`: nanoseconds per
 *   term, and Erlang's time divided by it.
 */
export async function run({ quick = false, rounds = quick ? 3 : 5, ms = quick ? 15 : 30 } = {}) {
  const erlang = startErlang();
  try {
    const terms = (await erlang.ask("terms")).map(([name, base64]) => ({
      name,
      bytes: Buffer.from(base64, "base64"),
    }));
    const codecs = [...ours(), ...(await others())];
    const tasks = terms.flatMap(({ name, bytes }) =>
      codecs.flatMap((codec) => tasksOf(codec, name, bytes)),
    );
    // Once without looking, for the compiler.
    for (const task of tasks) timed(task.work, Math.min(ms, 20));
    for (let round = 0; round < rounds; round++) {
      for (const { name } of terms) {
        const [[, encode, decode]] = await erlang.ask(`time ${name} ${ms}`);
        for (const task of tasks.filter(({ term }) => term === name)) {
          const ns = timed(task.work, ms);
          task.ns.push(ns);
          task.ratios.push(Number(task.direction === "encode" ? encode : decode) / ns);
        }
      }
    }
    return [...tasks.map(rowOf), ...comparisons(tasks), ...growth()];
  } finally {
    erlang.stop();
  }
}

/** Ours beside JSON, and beside the fastest codec of npm that encodes the term. */
function comparisons(tasks) {
  const task = (direction, term, codec) =>
    tasks.find((one) => one.direction === direction && one.term === term && one.codec === codec);
  const rows = [];
  const compare = (ours, theirs, target) => {
    if (ours === undefined || theirs === undefined) return;
    const ratios = ours.ns.map((ns, round) => theirs.ns[round] / ns);
    const row = rowOf({ ...ours, ratios, target });
    rows.push({ ...row, to: theirs.codec });
  };
  compare(
    task("decode", "document", "disterl, plain values"),
    task("decode", "document", "JSON"),
    0.9,
  );
  for (const term of Object.keys(targets)) {
    const ours = task("encode", term, "disterl");
    const npm = ["etf.js", "erlang_js"]
      .map((codec) => task("encode", term, codec))
      .filter((one) => one !== undefined)
      .toSorted((a, b) => median(a.ns) - median(b.ns));
    // Of the big integers erlang_js makes floats.
    if (term !== "bigs") compare(ours, npm[0], term === "ints" ? 1.1 : 5);
    if (term !== "binary" && term !== "bigs") compare(ours, task("encode", term, "JSON"), 0.8);
  }
  return rows;
}

/** Nanoseconds per `{atom, float, binary}` in lists of 10 to a million; the ratio is to 100. */
function growth() {
  const sizes = [10, 100, 1000, 10_000, 100_000, 1_000_000];
  const figures = sizes.map((size) => {
    const list = Array.from({ length: size }, (_, i) =>
      t(atom("item"), i + 0.25, Buffer.from("0123456789")),
    );
    const sink = new ByteSink(32 * size);
    const encoder = new TermEncoder();
    const encode = () => {
      sink.length = 0;
      encoder.encode(list, sink);
    };
    encode();
    const bytes = Buffer.from(sink.buffer.subarray(0, sink.length));
    const decoder = new TermDecoder({ binaries: "lazy" });
    const decode = () => decoder.decode(bytes, 0, bytes.length, undefined, true);
    const perElement = (work) => Math.min(...[1, 2, 3, 4, 5].map(() => timed(work, 40))) / size;
    perElement(encode);
    perElement(decode);
    return { size, encode: perElement(encode), decode: perElement(decode) };
  });
  const base = figures.find(({ size }) => size === 100);
  return figures.flatMap(({ size, encode, decode }) =>
    Object.entries({ encode, decode }).map(([direction, ns]) => ({
      name: `${direction} per element, list of ${size}`,
      value: Math.round(ns * 10) / 10,
      unit: "ns",
      ratio: rounded(base[direction] / ns),
      to: "a list of 100",
      // From 100 on: 1.15 times as long at most to encode, 1.5 and 6 times to decode.
      ...(size > 100
        ? { target: rounded(1 / (direction === "encode" ? 1.15 : size > 10_000 ? 6 : 1.5)) }
        : {}),
    })),
  );
}

function rowOf({ term, direction, codec, target, ns, ratios }) {
  const sorted = ratios.toSorted((a, b) => a - b);
  return {
    name: `${direction} ${term}, ${codec}`,
    value: Math.round(median(ns) * 10) / 10,
    unit: "ns",
    ratio: rounded(median(ratios)),
    to: direction === "encode" ? "term_to_binary" : "binary_to_term",
    spread: [rounded(sorted[0]), rounded(sorted.at(-1))],
    ...(target === undefined ? {} : { target }),
  };
}

function rounded(ratio) {
  return Number(ratio.toPrecision(3));
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Nanoseconds per call, over about `ms` milliseconds. */
function timed(work, ms) {
  const deadline = process.hrtime.bigint() + BigInt(ms * 1e6);
  let calls = 0;
  let batch = 1;
  const begin = process.hrtime.bigint();
  let now = begin;
  while (now < deadline) {
    for (let i = 0; i < batch; i++) work();
    calls += batch;
    if (batch < 1024) batch *= 2;
    now = process.hrtime.bigint();
  }
  return Number(now - begin) / calls;
}

/** What a codec does with one term; a codec that refuses it, or loses the term, has no task. */
function tasksOf(codec, term, bytes) {
  const tasks = [];
  const target = targets[term];
  const add = (direction, work, goal) =>
    tasks.push({ term, direction, codec: codec.name, work, target: goal, ns: [], ratios: [] });
  try {
    const decode = codec.decoder?.(bytes);
    if (decode !== undefined) add("decode", decode, target[codec.targets?.decode]);
    const encode = codec.encoder?.(bytes);
    if (encode !== undefined) add("encode", encode, target[codec.targets?.encode]);
    for (const { work } of tasks) work();
  } catch {
    return [];
  }
  return tasks;
}

function ours() {
  return [
    {
      name: "disterl",
      targets: { decode: "lazy", encode: "encode" },
      decoder: (bytes) => decodeWith({ binaries: "lazy" }, bytes),
      encoder(bytes) {
        const term = decodeWith({}, bytes)();
        const encoder = new TermEncoder();
        const sink = new ByteSink(2 ** 20);
        return () => {
          // As in a batch: the memory stays, what is only referenced is let go of.
          sink.length = 0;
          if (sink.referencedBytes > 0) sink.truncate();
          encoder.encode(term, sink);
        };
      },
    },
    { name: "disterl, Uint8Array", decoder: (bytes) => decodeWith({}, bytes) },
    {
      name: "disterl, plain values",
      targets: { decode: "plain" },
      decoder: (bytes) => decodeWith({ binaries: "text", maps: "object" }, bytes),
    },
  ];
}

function decodeWith(options, bytes) {
  const decoder = new TermDecoder(options);
  return () => decoder.decode(bytes, 1, bytes.length, undefined, true);
}

/** JSON, MessagePack and the codecs of npm that are installed. */
async function others() {
  const json = {
    name: "JSON",
    decoder(bytes) {
      const text = JSON.stringify(plain(bytes));
      return () => JSON.parse(text);
    },
    encoder(bytes) {
      const value = plain(bytes);
      return () => JSON.stringify(value);
    },
  };
  const found = await Promise.all([msgpackr(), etfJs(), erlangJs()]);
  return [json, ...found.filter((codec) => codec !== undefined)];
}

async function installed(name) {
  try {
    return await import(name);
  } catch (error) {
    if (error.code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

async function msgpackr() {
  const library = await installed("msgpackr");
  return (
    library && {
      name: "msgpackr",
      decoder(bytes) {
        const packed = library.pack(plain(bytes));
        return () => library.unpack(packed);
      },
      encoder(bytes) {
        const value = plain(bytes);
        return () => library.pack(value);
      },
    }
  );
}

async function etfJs() {
  const library = await installed("etf.js");
  const etf = library?.default ?? library;
  return (
    etf && {
      name: "etf.js",
      decoder: (bytes) => () => etf.unpack(bytes),
      encoder(bytes) {
        const value = etf.unpack(bytes);
        return () => etf.pack(value);
      },
    }
  );
}

async function erlangJs() {
  const library = await installed("erlang_js");
  const erlang = library?.default?.Erlang ?? library?.Erlang;
  return (
    erlang && {
      name: "erlang_js",
      decoder(bytes) {
        let failed;
        const decode = () =>
          erlang.binary_to_term(bytes, (error) => {
            failed = error;
          });
        decode();
        return failed ? undefined : decode;
      },
      encoder(bytes) {
        let value;
        erlang.binary_to_term(bytes, (_error, term) => {
          value = term;
        });
        return value === undefined ? undefined : () => erlang.term_to_binary(value, () => {});
      },
    }
  );
}

/** The term as JSON has it: objects, arrays, strings and numbers. */
function plain(bytes) {
  return plainOf(decodeWith({ binaries: "text" }, bytes)());
}

function plainOf(term) {
  if (typeof term === "bigint") return String(term);
  if (term instanceof Atom) return term.text;
  if (term instanceof Float) return term.value;
  if (term instanceof Uint8Array || term instanceof Binary)
    return Buffer.from(term).toString("base64");
  if (isTuple(term) || Array.isArray(term)) return Array.from(term, plainOf);
  if (term instanceof TermMap) {
    return Object.fromEntries([...term].map(([key, value]) => [plainOf(key), plainOf(value)]));
  }
  if (term?.items !== undefined) return [...term.items.map(plainOf), plainOf(term.tail)];
  return typeof term === "object" ? { ...term, node: term.node.text } : term;
}

function startErlang() {
  const script = fileURLToPath(new URL("codec.escript", import.meta.url));
  const child = spawn("escript", [script], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** Sends a line; the lines of the answer, in words. */
    async ask(question) {
      child.stdin.write(`${question}\n`);
      const answer = [];
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`escript ended before it answered "${question}"`);
        if (value === "done") return answer;
        answer.push(value.split(" "));
      }
    },
    stop() {
      child.stdin.end();
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { name, value, ratio, to, spread, target } of await run()) {
    const goal = target === undefined ? "" : ratio >= target ? `>= ${target}` : `BELOW ${target}`;
    const range = spread === undefined ? "" : `${spread[0]}..${spread[1]}`;
    console.log(
      `${name.padEnd(40)} ${String(value).padStart(11)} ns ${String(ratio).padStart(7)} x ${to.padEnd(15)} ${range.padEnd(16)} ${goal}`,
    );
  }
}
