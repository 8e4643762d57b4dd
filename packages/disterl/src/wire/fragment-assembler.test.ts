import { expect, test } from "vitest";
import { frame, hex } from "../../../../test/vectors/wire/streams.ts";
import type { Signal } from "../signal/signal.ts";
import { atom } from "../term/atom.ts";
import { WireError } from "./errors.ts";
import { defaultFlags } from "./flags.ts";
import { FragmentAssembler } from "./fragment-assembler.ts";
import { type WireLimits, wireLimits } from "./limits.ts";
import { MessageReader } from "./message-reader.ts";

function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** `{2, '', Pid}`: 27 bytes. */
const CONTROL = "6803 6102 7700 58 77036d4068 0000000b 00000000 00000002";

function first(sequence: number | bigint, count: number | bigint, ...rest: (string | Buffer)[]) {
  return frame("8345", u64(sequence), u64(count), ...(rest.length > 0 ? rest : ["00", CONTROL]));
}

function next(sequence: number | bigint, fragment: number | bigint, data: Uint8Array = hex("")) {
  return frame("8346", u64(sequence), u64(fragment), data);
}

function reader(limits: Partial<WireLimits> = {}) {
  const signals: Signal[] = [];
  const made = new MessageReader({
    flags: defaultFlags(),
    peer: "p@h",
    limits,
    onSignal: (signal) => signals.push(signal),
    onTick() {},
  });
  return { signals, made, push: (...bytes: Buffer[]) => made.push(Buffer.concat(bytes)) };
}

function errorOf(limits: Partial<WireLimits>, ...bytes: Buffer[]): WireError {
  try {
    reader(limits).push(...bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
    return error as WireError;
  }
  throw new Error("no error was thrown");
}

/** `109 Length:32`, then bytes. */
function binary(length: number): Buffer {
  const bytes = Buffer.from(Uint8Array.from({ length: 5 + length }, (_, i) => (i * 31) % 253));
  bytes[0] = 109;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

test("FG-1 to FG-4: the parts of a payload are put together, cut inside a term or not", () => {
  const { signals, push } = reader();
  push(first(7, 3, "00", CONTROL, "6c 000000"));
  push(next(7, 2, hex("02 6101")));
  expect(signals).toHaveLength(0);
  push(next(7, 1, hex("6102 6a")));
  expect(signals).toMatchObject([{ type: "send", message: [1, 2] }]);
});

test("FG-3: one fragment can be all", () => {
  const { signals, push } = reader();
  push(first(7, 1, "00", CONTROL, "6105"), first(7, 1, "00", CONTROL, "6106"));
  expect(signals).toMatchObject([{ message: 5 }, { message: 6 }]);
});

test("FG-4: the first fragment's header counts for all, whatever the cache has become since", () => {
  const { signals, push } = reader();
  push(
    first(1, 2, "01 08 05 01 61", CONTROL),
    frame("8344 01 08 05 01 62", CONTROL, "5200"),
    next(1, 1, hex("5200")),
  );
  expect(signals).toMatchObject([{ message: atom("b") }, { message: atom("a") }]);
});

test("FG-5: sequences and other messages may be interleaved", () => {
  const { signals, push } = reader();
  push(first(1, 3), first(2n ** 64n - 1n, 2), next(1, 2, hex("6d00000002")));
  push(frame("8344 00", CONTROL, "6101"), next(2n ** 64n - 1n, 1, hex("6102")));
  push(next(1, 1, hex("aabb")));
  expect(signals).toMatchObject([
    { message: 1 },
    { message: 2 },
    { message: Uint8Array.of(0xaa, 0xbb) },
  ]);
});

test("a sequence id may be used again when its message is complete", () => {
  const { signals, push } = reader();
  for (let i = 0; i < 3; i++) push(first(1, 2), next(1, 1, Buffer.from([97, i])));
  expect(signals).toMatchObject([{ message: 0 }, { message: 1 }, { message: 2 }]);
});

test("large fragments in chunks of any size: the same message, and its memory is not the chunks'", () => {
  const payload = binary(300_000);
  const parts = [0, 65_536, 131_072, 196_608, 262_144].map((at) =>
    payload.subarray(at, at + 65_536),
  );
  const stream = Buffer.concat([
    first(9, 5, "00", CONTROL, parts[0] as Buffer),
    ...parts.slice(1).map((part, i) => next(9, 4 - i, part)),
    frame("8344 00", CONTROL, "6a"),
  ]);
  for (const size of [1, 19, 1000, 65_536, 100_000, stream.length]) {
    const { signals, made } = reader();
    const chunk = Buffer.alloc(size);
    for (let at = 0; at < stream.length; at += size) {
      const length = stream.copy(chunk, 0, at);
      made.push(chunk.subarray(0, length));
      chunk.fill(0xee);
    }
    expect(signals).toHaveLength(2);
    const [{ message }] = signals as [Extract<Signal, { type: "send" }>];
    expect(Buffer.compare(message as Uint8Array, payload.subarray(5))).toBe(0);
    expect(made.fragmentBytes).toBe(0);
  }
});

test("fragments longer than what is placed directly", () => {
  const payload = binary(900_000);
  const stream = Buffer.concat([
    first(9, 2, "00", CONTROL, payload.subarray(0, 200_000)),
    next(9, 1, payload.subarray(200_000)),
  ]);
  const { signals, made } = reader();
  for (let at = 0; at < stream.length; at += 65_536) made.push(stream.subarray(at, at + 65_536));
  const [{ message }] = signals as [Extract<Signal, { type: "send" }>];
  expect(Buffer.compare(message as Uint8Array, payload.subarray(5))).toBe(0);
});

test.each([
  ["FG-01", "FragmentId 0", [first(5, 0)]],
  ["FG-10", "SequenceId 0", [first(0, 2)]],
  ["FG-01", "FragmentId 0 of a further one", [first(5, 2), next(5, 0)]],
  ["FG-07", "a sequence that was never begun", [next(5, 1)]],
  ["FG-08", "a sequence begun twice", [first(5, 2), first(5, 2)]],
  ["FG-08", "a sequence begun again in one piece", [first(5, 2), first(5, 1)]],
  ["FG-09", "a number left out", [first(5, 3), next(5, 1)]],
  ["FG-10", "a number twice", [first(5, 3), next(5, 2), next(5, 2)]],
  ["FG-9", "the first number again", [first(5, 3), next(5, 3)]],
  ["FG-07", "one more after the last", [first(5, 2), next(5, 1, hex("6a")), next(5, 1)]],
  ["FG-04", "2^63 as the next one", [first(5, 3), next(5, 2n ** 63n)]],
])("%s: %s: closed", (_, __, frames) => {
  expect(errorOf({}, ...frames).code).toBe("ERR_WIRE_FRAGMENT");
});

test("FG-9: the same of a fragment that arrives in parts", () => {
  const { push } = reader();
  const wrong = next(5, 1, Buffer.alloc(1000));
  push(first(5, 3), wrong.subarray(0, 15));
  expect(() => push(wrong.subarray(15, 30))).toThrow("fragment 2 of sequence 5 must come next");
});

test.each([
  ["FG-02", 2n ** 20n],
  ["FG-02", 2n ** 26n],
  ["FG-03", 2n ** 40n],
  ["FG-04", 2n ** 63n],
  ["FG-04", 2n ** 64n - 1n],
  ["FG-02", 65_537n],
])("%s: %s fragments announced: closed, no memory taken", (_, count) => {
  const before = process.memoryUsage().arrayBuffers;
  expect(errorOf({}, first(5, count))).toMatchObject({
    code: "ERR_WIRE_LIMIT",
    limit: "fragIdMax",
    frame: 1,
    offset: 10,
  });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
});

test.each([
  ["FG-05", "8345"],
  ["FG-06", "8346"],
])("%s: a fragment cut at any byte of its ids: closed", (_, kind) => {
  const ids = hex("0000000000000005 0000000000000002 00");
  for (let length = 0; length <= ids.length; length++) {
    const frames = kind === "8346" ? [first(5, 3)] : [];
    const cut = frame(kind, ids.subarray(0, length));
    if (kind === "8346" && length >= 16) reader().push(...frames, cut);
    else expect(errorOf({}, ...frames, cut).code).toMatch(/FRAGMENT|HEADER|CONTROL/);
  }
});

test("FG-11: sequences that are never finished end at fragSequences", () => {
  const { push, made } = reader();
  const filling = Buffer.alloc(60_000);
  for (let i = 1; i <= 256; i++) push(first(i, 2, "00", CONTROL, filling));
  expect(made.fragmentBytes).toBe(256 * 60_000);
  let thrown: unknown;
  try {
    push(first(257, 2, "00", CONTROL, filling));
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code: "ERR_WIRE_LIMIT", limit: "fragSequences", frame: 257 });
  expect(made.fragmentBytes).toBe(0);
});

test("FG-11: and at fragBytes, FG-2: and a message at messageBytes", () => {
  const filling = Buffer.alloc(60_000);
  const many = [1, 2, 3].map((i) => first(i, 2, "00", CONTROL, filling));
  expect(errorOf({ fragBytes: 150_000 }, ...many)).toMatchObject({ limit: "fragBytes", frame: 3 });
  const long = [first(1, 9, "00", CONTROL, filling), next(1, 8, filling), next(1, 7, filling)];
  expect(errorOf({ messageBytes: 150_000 }, ...long)).toMatchObject({
    limit: "messageBytes",
    frame: 3,
  });
});

test("FG-12: one byte in each of 65 536 fragments: complete, in linear time", () => {
  const stream = (count: number): Buffer => {
    const payload = binary(count - 6);
    return Buffer.concat([
      first(1, count, "00", CONTROL, payload.subarray(0, 1)),
      ...Array.from({ length: count - 1 }, (_, i) =>
        next(1, count - 1 - i, payload.subarray(i + 1, i + 2)),
      ),
    ]);
  };
  const time = (bytes: Buffer): number => {
    const rounds = [1, 2, 3].map(() => {
      const { signals, made } = reader();
      const began = process.cpuUsage();
      for (let at = 0; at < bytes.length; at += 65_536) made.push(bytes.subarray(at, at + 65_536));
      expect(signals).toHaveLength(1);
      const { user, system } = process.cpuUsage(began);
      return user + system;
    });
    return Math.min(...rounds);
  };
  const [small, large] = [stream(8192), stream(65_536)];
  time(small);
  expect(time(large)).toBeLessThan(8 * 4 * time(small));
});

test("FG-13: what is unfinished when the connection goes is freed and never delivered", () => {
  const { signals, made, push } = reader();
  push(first(1, 3, "00", CONTROL, Buffer.alloc(1000)), next(1, 2, Buffer.alloc(1000)));
  expect(made.fragmentBytes).toBe(2000);
  made.stop();
  expect(made.fragmentBytes).toBe(0);
  push(next(1, 1, Buffer.alloc(10)));
  expect(signals).toHaveLength(0);
});

test("FG-15: a control message that goes on in the second fragment: closed", () => {
  const cut = hex(CONTROL).subarray(0, 20);
  const error = errorOf({}, first(1, 2, "00", cut), next(1, 1, hex(CONTROL).subarray(20)));
  expect(error).toMatchObject({ code: "ERR_WIRE_CONTROL", frame: 1 });
  expect(error.cause).toMatchObject({ code: "ERR_ETF_TRUNCATED" });
});

test("T26: memory follows what has arrived, not what was announced", () => {
  const before = process.memoryUsage().arrayBuffers;
  const { push } = reader();
  for (let i = 1; i <= 200; i++) push(first(i, 65_536, "00", CONTROL, Buffer.alloc(100)));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
});

test("a message of many fragments takes less than twice its length while it arrives", () => {
  const count = 512;
  const { signals, made } = reader();
  // One frame whose FragmentId is written anew: nothing else takes memory here.
  const frames = next(1, 1, Buffer.alloc(65_536, 1));
  made.push(first(1, count, "00", CONTROL, binary(count * 65_536 - 5).subarray(0, 65_536)));
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let i = count - 1; i >= 1; i--) {
    frames.writeBigUInt64BE(BigInt(i), 14);
    made.push(frames);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  expect(signals).toHaveLength(1);
  expect(most).toBeLessThan(2 * count * 65_536);
});

test("a binary does not keep memory alive that was reserved for fragments and not needed", () => {
  const payload = binary(10_000);
  const { signals, push } = reader();
  push(first(1, 100, "00", CONTROL, payload.subarray(0, 100)));
  for (let i = 99; i >= 1; i--) {
    const at = (100 - i) * 100;
    push(next(1, i, payload.subarray(at, i === 1 ? payload.length : at + 100)));
  }
  const [{ message }] = signals as [Extract<Signal, { type: "send" }>];
  expect(Buffer.compare(message as Uint8Array, payload.subarray(5))).toBe(0);
  expect((message as Uint8Array).buffer.byteLength).toBe(10_000);
});

test("fragIdleMs: a message that stands still ends the connection, one that moves does not", () => {
  const { made, push } = reader({ fragIdleMs: 1000 });
  made.sweep(0);
  push(first(1, 10), first(2, 10));
  made.sweep(100);
  made.sweep(1000);
  push(next(1, 9, hex("00")));
  push(next(2, 9, hex("00")));
  made.sweep(1500);
  push(next(1, 8, hex("00")));
  made.sweep(2000);
  made.sweep(2500);
  let thrown: unknown;
  try {
    made.sweep(2600);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code: "ERR_WIRE_LIMIT", limit: "fragIdleMs" });
  expect(() => push(next(1, 7))).toThrow(thrown);
});

test("a message that came in fragments and is no term: a WireError as for any other", () => {
  expect(errorOf({}, first(1, 2), next(1, 1, hex("c8")))).toMatchObject({
    code: "ERR_WIRE_PAYLOAD",
    frame: 2,
  });
  expect(errorOf({}, first(1, 2), next(1, 1)).message).toContain("without its message");
});

test("a first fragment that may be kept stays where it is when the rest fits behind it", () => {
  const assembler = new FragmentAssembler<string>(wireLimits({}, true));
  const gathered = Buffer.alloc(30);
  Buffer.concat([u64(1), u64(2), Buffer.from("abcd")]).copy(gathered);
  assembler.first("it", gathered, { ids: 0, start: 16, end: 20, retain: true });
  const rest = Buffer.concat([u64(1), u64(1), Buffer.from("efgh")]);
  const message = assembler.next(rest, 0, rest.length);
  expect(message?.buffer.toString("latin1", 0, message.length)).toBe("abcdefgh");
  expect(message?.buffer.buffer).toBe(gathered.buffer);
  expect(assembler.bytes).toBe(0);
});
