import { atom, Pid, t, type Term } from "disterl/term";
import {
  ByteSink,
  defaultFlags,
  type Fragments,
  MessageReader,
  MessageWriter,
  type Signal,
  WireError,
} from "disterl/wire";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { captures } from "../vectors/wire/streams.ts";

/**
 * Streams of real nodes, cut and damaged. Seeds are fixed; `FUZZ_SECONDS` makes the runs longer and
 * random (a failure prints its seed).
 */
const seconds = Number(process.env["FUZZ_SECONDS"] ?? 0);
const runs = (count: number): fc.Parameters<unknown> =>
  seconds > 0
    ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: seconds * 1000 }
    : { numRuns: count, seed: 20_261_121 };

interface Stream {
  readonly flags: bigint;
  readonly peer: string;
  readonly bytes: Buffer;
}

const streams: Stream[] = captures.flatMap(({ flags, directions }) =>
  directions.map(({ sender, stream }) => ({ flags, peer: sender, bytes: stream })),
);
const short = streams.filter(({ bytes }) => bytes.length < 20_000);
const largest = streams.reduce((one, other) =>
  one.bytes.length > other.bytes.length ? one : other,
);

/** What came out of a stream in these chunks: signals as text, then the error, if any. */
function outcome(stream: Stream, chunks: Iterable<Uint8Array>): string[] {
  const seen: string[] = [];
  const reader = new MessageReader({
    flags: stream.flags,
    peer: stream.peer,
    limits: { frameBytes: 2 ** 22 },
    onSignal: (signal) => seen.push(textOf(signal)),
    onTick() {},
  });
  try {
    for (const chunk of chunks) reader.push(chunk);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    seen.push(`${error.code} in frame ${error.frame} at ${error.offset}`);
  }
  return seen;
}

function textOf(signal: Signal): string {
  return JSON.stringify(signal, (_, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value instanceof Uint8Array ? value.length : value,
  );
}

function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  // One buffer for all chunks, as a socket has it.
  const chunk = new Uint8Array(Math.max(...sizes));
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const part = bytes.subarray(at, at + (sizes[i % sizes.length] as number));
    chunk.set(part);
    yield chunk.subarray(0, part.length);
    at += part.length;
  }
}

test("FR-10: a stream cut at every byte gives the same signals", () => {
  for (const stream of short) {
    const expected = outcome(stream, [stream.bytes]);
    expect(expected.length).toBeGreaterThan(0);
    const step = seconds > 0 ? 1 : Math.ceil(stream.bytes.length / 150);
    for (let at = 0; at <= stream.bytes.length; at += step) {
      const chunks = [stream.bytes.subarray(0, at), stream.bytes.subarray(at)];
      expect(outcome(stream, chunks)).toEqual(expected);
    }
    expect(outcome(stream, cut(stream.bytes, [1]))).toEqual(expected);
  }
});

test("FR-10: any chunking gives the same signals, also of large and fragmented messages", () => {
  const expected = new Map(
    [...short, largest].map((stream) => [stream, outcome(stream, [stream.bytes])]),
  );
  const sizes = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 70_000 })),
    {
      minLength: 1,
      maxLength: 20,
    },
  );
  fc.assert(
    fc.property(fc.constantFrom(...short, largest), sizes, (stream, chunks) => {
      // Small chunks of megabytes would take all the time there is.
      const scale = stream === largest ? 500 : 1;
      const scaled = chunks.map((size) => size * scale);
      expect(outcome(stream, cut(stream.bytes, scaled))).toEqual(expected.get(stream));
    }),
    runs(100),
  );
});

/** One thing done to a stream. */
type Damage =
  | { readonly kind: "set" | "flip"; readonly at: number; readonly value: number }
  | { readonly kind: "remove" | "repeat"; readonly at: number; readonly length: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array };

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("set" as const, "flip" as const),
    at: place,
    value: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 131, 68, 69, 70, 82, 255)),
  }),
  fc.record({
    kind: fc.constantFrom("remove" as const, "repeat" as const),
    at: place,
    length: fc.integer({ min: 1, max: 300 }),
  }),
  fc.record({
    kind: fc.constant("insert" as const),
    at: place,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  }),
);

function damaged(bytes: Uint8Array, one: Damage): Uint8Array {
  const at = Math.floor(one.at * bytes.length);
  const made = Buffer.from(bytes);
  switch (one.kind) {
    case "set":
      made[at] = one.value;
      return made;
    case "flip":
      made[at] = (made[at] as number) ^ (1 << (one.value & 7));
      return made;
    case "remove":
      return Buffer.concat([made.subarray(0, at), made.subarray(at + one.length)]);
    case "repeat":
      return Buffer.concat([made.subarray(0, at + one.length), made.subarray(at)]);
    case "insert":
      return Buffer.concat([made.subarray(0, at), one.bytes, made.subarray(at)]);
  }
}

test("a damaged stream gives signals and then a WireError or nothing, never another error", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...short),
      fc.array(damage, { minLength: 1, maxLength: 4 }),
      (stream, damages) => {
        const bytes = damages.reduce(damaged, stream.bytes);
        const whole = outcome(stream, [bytes]);
        expect(outcome(stream, cut(bytes, [1, 50, 3]))).toEqual(whole);
      },
    ),
    runs(1500),
  );
});

test("frames in another order, left out or twice: signals and then a WireError or nothing", () => {
  const fragmented = captures.filter(({ part }) => part === "bulk");
  fc.assert(
    fc.property(
      fc.constantFrom(...fragmented),
      fc.array(fc.tuple(place, place), { minLength: 1, maxLength: 5 }),
      (capture, swaps) => {
        const { sender, frames } = capture.directions[0] as (typeof capture.directions)[0];
        const order = [...frames];
        for (const [from, to] of swaps) {
          const one = order[Math.floor(from * order.length)] as Buffer;
          order.splice(Math.floor(to * order.length), swaps.length % 2, one);
        }
        const chunks = order.flatMap((one) => {
          const length = Buffer.alloc(4);
          length.writeUInt32BE(one.length);
          return [length, one];
        });
        outcome({ flags: capture.flags, peer: sender, bytes: Buffer.alloc(0) }, chunks);
      },
    ),
    runs(40),
  );
});

// ---- Both directions -----------------------------------------------------------------------------

const from = new Pid(atom("p@h"), 1, 0, 1);
const names = fc.integer({ min: 0, max: 4000 }).map((i) => atom(`fuzz_${i}`));
const leaf: fc.Arbitrary<Term> = fc.oneof(
  names,
  fc.integer(),
  fc.uint8Array({ maxLength: 20 }),
  fc.integer({ min: 4000, max: 150_000 }).map((length) => new Uint8Array(length).fill(length)),
  fc.array(names, { maxLength: 300 }),
);
const message: fc.Arbitrary<Term> = fc.oneof(
  leaf,
  fc.array(leaf, { maxLength: 5 }).map((items) => t(...items) as Term),
);
/** What cannot be encoded, hidden behind something that can. */
const unsendable = message.map((term) => t(term, Symbol("no term") as unknown as Term) as Term);

test("what is written is read, with fragments interleaved and failing messages in between", () => {
  const step = fc.record({
    message: fc.oneof({ weight: 5, arbitrary: message }, { weight: 1, arbitrary: unsendable }),
    fragments: fc.integer({ min: 0, max: 3 }),
  });
  const variants = [0n, 1n << 13n, 1n << 23n, (1n << 13n) | (1n << 23n)];
  fc.assert(
    fc.property(
      fc.constantFrom(...variants),
      fc.array(step, { minLength: 1, maxLength: 30 }),
      (missing, steps) => {
        const flags = defaultFlags() & ~missing;
        const writer = new MessageWriter({ flags });
        const sink = new ByteSink();
        const open: Fragments[] = [];
        const sent: string[] = [];
        const seen: string[] = [];
        const onSignal = (signal: Signal): number => seen.push(textOf(signal));
        const reader = new MessageReader({ flags, peer: "p@h", onSignal, onTick() {} });
        const advance = (count: number): void => {
          for (let i = 0; i < count && open.length > 0; i++) {
            const one = open[i % open.length] as Fragments;
            if (one.nextFragment(sink)) open.splice(open.indexOf(one), 1);
          }
        };
        for (const { message: term, fragments } of steps) {
          const signal: Signal = { type: "send", from, to: from, message: term, token: undefined };
          try {
            const rest = writer.write(signal, sink);
            if (rest !== undefined) open.push(rest);
            sent.push(textOf(signal));
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
          }
          advance(fragments);
        }
        advance(Number.MAX_SAFE_INTEGER);
        for (const piece of sink.pieces()) reader.push(piece);
        expect(reader.fragmentBytes).toBe(0);
        // Fragmented messages end in another order than they began.
        expect(seen.toSorted()).toEqual(sent.toSorted());
      },
    ),
    runs(150),
  );
});
