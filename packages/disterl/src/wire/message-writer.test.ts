import { expect, test } from "vitest";
import { frame } from "../../../../test/vectors/wire/streams.ts";
import { ByteSink } from "../bytes/byte-sink.ts";
import type { Send, Signal } from "../signal/signal.ts";
import { atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { t } from "../term/tuple.ts";
import { DFLAG_DIST_HDR_ATOM_CACHE, DFLAG_FRAGMENTS, defaultFlags } from "./flags.ts";
import type { Fragments } from "./fragment-cutter.ts";
import { MessageReader } from "./message-reader.ts";
import { MessageWriter } from "./message-writer.ts";

const flags = defaultFlags();
const from = new Pid(atom("p@h"), 10, 0, 1);
const to = new Pid(atom("m@h"), 11, 0, 2);

function send(message: Term): Send {
  return { type: "send", from, to, message, token: undefined };
}

/** A writer and, at the other end of the wire, a reader. */
function link(agreed = flags) {
  const signals: Signal[] = [];
  const writer = new MessageWriter({ flags: agreed });
  const sink = new ByteSink();
  const reader = new MessageReader({
    flags: agreed,
    peer: "p@h",
    onSignal: (signal) => signals.push(signal),
    onTick() {},
  });
  return {
    writer,
    sink,
    /** What was written arrives. */
    flush(): Signal[] {
      for (const piece of sink.pieces()) reader.push(piece);
      sink.truncate();
      return signals.splice(0);
    },
  };
}

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7) % 251);
}

function finish(fragments: Fragments | undefined, sink: ByteSink): number {
  let count = 1;
  if (fragments === undefined) return count;
  do count++;
  while (!fragments.nextFragment(sink));
  return count;
}

test("TV-8, TV-9: a message with new atoms, then with known ones", () => {
  const writer = new MessageWriter({ flags });
  const sink = new ByteSink();
  const node = atom("tv8@vm");
  const answer = send(atom("tv8_yes"));
  const signal = { ...answer, from: new Pid(node, 0x42, 0, 9), to: new Pid(node, 5, 0, 9) };
  writer.write(signal, sink);
  const slots = [node, atom("tv8_yes")].map(({ cacheSlot }) => ({
    segment: cacheSlot >> 8,
    index: (cacheSlot & 255).toString(16).padStart(2, "0"),
  }));
  const [first, second] = slots as [(typeof slots)[0], (typeof slots)[0]];
  const flagByte = (isNew: number): string =>
    (((isNew | second.segment) << 4) | (isNew | first.segment)).toString(16).padStart(2, "0");
  const body = [
    "6803 6116 58 5200 00000042 00000000 00000009 58 5200 00000005 00000000 00000009",
    "5201",
  ];
  expect(Buffer.concat(sink.pieces())).toEqual(
    frame(
      `8344 02 ${flagByte(8)} 00 ${first.index} 06 74763840766d ${second.index} 07 7476385f796573`,
      ...body,
    ),
  );
  sink.truncate();
  writer.write(signal, sink);
  expect(Buffer.concat(sink.pieces())).toEqual(
    frame(`8344 02 ${flagByte(0)} 00 ${first.index} ${second.index}`, ...body),
  );
});

test("headers of any length in front of messages of any kind: what is read is what was written", () => {
  const { writer, sink, flush } = link();
  const written: Signal[] = [];
  for (let i = 0; i < 400; i++) {
    const names = Array.from({ length: (i * 7) % 23 }, (_, k) => atom(`length_${(i * k) % 500}`));
    const message = t(i, names, i % 3 === 0 ? bytes(5000) : bytes(i), i % 5 === 0 ? "ü" : 1.5);
    const signal = send(i % 5 === 0 ? t(names, message) : message);
    written.push(i % 4 === 0 ? { type: "link", from, to } : signal);
    writer.write(written[i] as Signal, sink);
  }
  const read = flush();
  expect(read).toHaveLength(400);
  read.forEach((signal, i) => {
    const again = new ByteSink();
    const expected = new ByteSink();
    new MessageWriter({ flags }).write(signal, again);
    new MessageWriter({ flags }).write(written[i] as Signal, expected);
    expect(Buffer.concat(again.pieces()).equals(Buffer.concat(expected.pieces()))).toBe(true);
  });
});

test("300 atoms in one message: 255 by the header, the others in full", () => {
  const { writer, sink, flush } = link();
  const many = Array.from({ length: 300 }, (_, i) => atom(`of_three_hundred_${i}`));
  writer.write(send(many), sink);
  writer.write(send(many), sink);
  expect(flush()).toEqual([send(many), send(many)]);
});

test("more atoms than the cache has slots, over and over", () => {
  const { writer, sink, flush } = link();
  const many = Array.from({ length: 5000 }, (_, i) => atom(`of_five_thousand_${i}`));
  for (let round = 0; round < 3; round++) {
    for (let at = 0; at < many.length; at += 50) {
      const some = many.slice(at, at + 50);
      writer.write(send(some), sink);
      expect((flush()[0] as Send).message).toEqual(some);
    }
  }
});

// ---- Errors leave no trace -----------------------------------------------------------------------

const bad = { not: "a term" } as unknown as Term;

test("a term that cannot be encoded: no bytes, no reference, no cache entry, whatever was there", () => {
  const { writer, sink, flush } = link();
  const kept = atom("rolled_back_kept");
  const fresh = atom("rolled_back_fresh");
  writer.write(send(t(kept, bytes(5000))), sink);
  writer.write(send(bytes(5000)), sink);
  const before = { total: sink.totalBytes, length: sink.length, count: sink.references.length };
  for (const term of [
    t(fresh, atom("rolled_back_too"), bytes(9000), bad),
    t(
      Array.from({ length: 300 }, (_, i) => atom(`rolled_back_${i}`)),
      bad,
    ),
    t(bytes(200_000), bad),
    bad,
    Number.NaN,
  ]) {
    expect(() => writer.write(send(term), sink)).toThrow(TypeError);
    expect({
      total: sink.totalBytes,
      length: sink.length,
      count: sink.references.length,
    }).toEqual(before);
  }
  writer.write(send(t(kept, fresh)), sink);
  writer.write(send(t(kept, fresh)), sink);
  expect(flush().slice(2)).toEqual([send(t(kept, fresh)), send(t(kept, fresh))]);
});

test("an atom that overwrote another in a failed message gives its slot back", () => {
  const { writer, sink, flush } = link();
  const owner = atom("slot_owner");
  const intruder = atom("slot_intruder");
  writer.write(send(owner), sink);
  intruder.cacheSlot = owner.cacheSlot;
  expect(() => writer.write(send(t(intruder, bad)), sink)).toThrow(TypeError);
  const at = sink.totalBytes;
  writer.write(send(owner), sink);
  const second = sink.totalBytes - at;
  writer.write(send(intruder), sink);
  writer.write(send(owner), sink);
  expect(flush().map((signal) => (signal as Send).message)).toEqual([
    owner,
    owner,
    intruder,
    owner,
  ]);
  // Known to the peer: sent by its slot, not with its text.
  expect(second).toBeLessThan(at - "slot_owner".length);
});

test.each([
  [
    "control message",
    { type: "send", from, to: bad as unknown as Pid, message: 1, token: undefined },
  ],
  ["token", { type: "send", from, to, message: 1, token: bad }],
] as [string, Signal][])("an error in the %s leaves no trace either", (_, signal) => {
  for (const agreed of [flags, flags & ~DFLAG_DIST_HDR_ATOM_CACHE & ~DFLAG_FRAGMENTS]) {
    const { writer, sink, flush } = link(agreed);
    expect(() => writer.write(signal, sink)).toThrow(TypeError);
    expect(sink.totalBytes).toBe(0);
    writer.write(send(atoms.ok), sink);
    expect(flush()).toEqual([send(atoms.ok)]);
  }
});

// ---- Fragments -----------------------------------------------------------------------------------

/** Frames of a sink, by their lengths. */
function framesOf(sink: ByteSink): Buffer[] {
  const stream = Buffer.concat(sink.pieces());
  const frames: Buffer[] = [];
  for (let at = 0; at < stream.length; ) {
    const length = stream.readUInt32BE(at);
    frames.push(stream.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return frames;
}

test("FG-7: up to 64 KiB of control message and payload go in one frame, more in fragments", () => {
  const { writer, sink, flush } = link();
  writer.write(send(1), sink);
  flush();
  // Control: 4 + 2 * (3 + 12); payload: 5 + length.
  const fits = 65_536 - 34 - 5;
  expect(writer.write(send(bytes(fits)), sink)).toBeUndefined();
  expect(flush()).toHaveLength(1);
  const fragments = writer.write(send(bytes(fits + 1)), sink);
  expect(fragments).toMatchObject({ sender: from, bytesLeft: 1 });
  expect(fragments?.nextFragment(sink)).toBe(true);
  expect(fragments?.bytesLeft).toBe(0);
  expect(flush()).toHaveLength(1);
});

test("FG-1, FG-7: numbers count down to 1, 64 KiB in each, the binary is not copied", () => {
  const { writer, sink, flush } = link();
  const binary = bytes(300_000);
  const fragments = writer.write(send(t(atom("fragmented"), binary, 7)), sink) as Fragments;
  expect(finish(fragments, sink)).toBe(5);
  const frames = framesOf(sink);
  expect(frames.map((one) => one.subarray(0, 2).toString("hex"))).toEqual([
    "8345",
    "8346",
    "8346",
    "8346",
    "8346",
  ]);
  expect(frames.map((one) => one.readBigUInt64BE(2))).toEqual(Array(5).fill(1n));
  expect(frames.map((one) => one.readBigUInt64BE(10))).toEqual([5n, 4n, 3n, 2n, 1n]);
  expect(frames.slice(1, 4).map((one) => one.length)).toEqual(Array(3).fill(65_536 + 18));
  const shared = sink.references.filter((one) => one.bytes.buffer === binary.buffer);
  expect(shared.reduce((sum, one) => sum + one.bytes.length, 0)).toBeGreaterThan(290_000);
  const [signal] = flush() as [Send];
  expect(Buffer.compare((signal.message as unknown as Uint8Array[])[1] as Uint8Array, binary)).toBe(
    0,
  );
});

test("a large term without large binaries is cut anywhere, and the sink becomes small again", () => {
  const { writer, sink, flush } = link();
  const list = Array.from({ length: 100_000 }, (_, i) => i * 3);
  writer.write(send(1), sink);
  finish(writer.write(send(list), sink), sink);
  expect(sink.buffer.length).toBeLessThan(200_000);
  const [, signal] = flush() as [Send, Send];
  expect(signal.message).toEqual(list);
});

test("FG-5, FG-6: messages written between fragments, and fragments of several senders", () => {
  const { writer, sink, flush } = link();
  const first = writer.write(send(t(1, bytes(200_000))), sink) as Fragments;
  writer.write(send(atom("between")), sink);
  const second = writer.write(send(t(2, bytes(200_000))), sink) as Fragments;
  let firstDone = false;
  let secondDone = false;
  while (!firstDone || !secondDone) {
    firstDone ||= first.nextFragment(sink);
    writer.write(send(atom("between")), sink);
    secondDone ||= second.nextFragment(sink);
  }
  const messages = flush().map((signal) => (signal as Send).message);
  expect(messages.filter((one) => one === atom("between"))).toHaveLength(messages.length - 2);
  const large = messages.filter((one) => one !== atom("between")) as unknown as [
    number,
    Uint8Array,
  ][];
  expect(large.map(([number]) => number)).toEqual([1, 2]);
  for (const [, binary] of large) expect(Buffer.compare(binary, bytes(200_000))).toBe(0);
});

test("FG-2: the control message is never cut, however long", () => {
  const { writer, sink, flush } = link();
  const options = Array.from({ length: 40_000 }, (_, i) => i + 1000);
  const request: Signal = {
    type: "spawn_request",
    ref: new Reference(from.node, 1, [1, 2, 3]),
    from,
    groupLeader: from,
    module: atom("m"),
    function: atom("f"),
    arity: 1,
    options: [bytes(70_000), options],
    args: [bytes(100_000)],
    token: undefined,
  };
  finish(writer.write(request, sink), sink);
  const [signal] = flush();
  expect(signal).toMatchObject({ type: "spawn_request", arity: 1 });
});

test("without fragments a large message is one frame", () => {
  for (const missing of [DFLAG_FRAGMENTS, DFLAG_FRAGMENTS | DFLAG_DIST_HDR_ATOM_CACHE]) {
    const { writer, sink, flush } = link(flags & ~missing);
    expect(writer.write(send(bytes(2_000_000)), sink)).toBeUndefined();
    expect(framesOf(sink)).toHaveLength(1);
    expect(((flush()[0] as Send).message as Uint8Array).length).toBe(2_000_000);
  }
});

test("without fragments a message no frame can hold is refused, and nothing is written", () => {
  const { writer, sink, flush } = link(flags & ~DFLAG_FRAGMENTS);
  const half = new Uint8Array(2 ** 30);
  const signal = send(t(atom("too_long_fresh"), half, half));
  expect(() => writer.write(signal, sink)).toThrow("a frame at most 2147483647");
  expect(sink.totalBytes).toBe(0);
  writer.write(send(atom("too_long_fresh")), sink);
  expect(flush()).toEqual([send(atom("too_long_fresh"))]);
});

test("what is already in the sink stays as it is", () => {
  const { writer, sink } = link();
  writer.write(send(bytes(5000)), sink);
  const before = Buffer.concat(sink.pieces());
  finish(writer.write(send(bytes(100_000)), sink), sink);
  finish(writer.write(send(Array.from({ length: 30_000 }, (_, i) => i)), sink), sink);
  expect(Buffer.concat(sink.pieces()).subarray(0, before.length).equals(before)).toBe(true);
  expect(framesOf(sink)).toHaveLength(1 + 2 + 3);
});

test("what is no term is refused, and is not taken for a message without one", () => {
  const { writer, sink, flush } = link();
  const nothing = undefined as unknown as Term;
  expect(() => writer.write(send(nothing), sink)).toThrow(/undefined/);
  const exit = {
    type: "exit2",
    from,
    to,
    reason: nothing,
    priority: false,
    token: undefined,
  } as const;
  expect(() => writer.write(exit, sink)).toThrow(/undefined/);
  expect(sink.length).toBe(0);
  writer.write(send(1), sink);
  expect(flush()).toEqual([send(1)]);
});
