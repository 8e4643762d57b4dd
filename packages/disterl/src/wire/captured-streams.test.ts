import { expect, test } from "vitest";
import { type Capture, captures } from "../../../../test/vectors/wire/streams.ts";
import { ByteSink } from "../bytes/byte-sink.ts";
import { TermDecoder } from "../etf/decode-term.ts";
import type { Signal } from "../signal/signal.ts";
import { type Atom, atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { controlMessages } from "./control-message.ts";
import { DistHeader } from "./dist-header.ts";
import { MessageReader } from "./message-reader.ts";
import { MessageWriter } from "./message-writer.ts";

type Direction = Capture["directions"][number];

/** The signals of a stream that arrives in chunks of `size` bytes. */
function read(capture: Capture, direction: Direction, size = 65_536): Signal[] {
  const signals: Signal[] = [];
  const reader = new MessageReader({
    flags: capture.flags,
    peer: direction.sender,
    onSignal: (signal) => signals.push(signal),
    onTick() {},
  });
  const { stream } = direction;
  for (let at = 0; at < stream.length; at += size) reader.push(stream.subarray(at, at + size));
  return signals;
}

/** All bytes of these signals, as a connection with these flags sends them. */
function write(flags: bigint, signals: readonly Signal[]): Buffer {
  const writer = new MessageWriter({ flags });
  const sink = new ByteSink();
  for (const signal of signals) {
    const rest = writer.write(signal, sink);
    while (rest !== undefined && !rest.nextFragment(sink));
  }
  return Buffer.concat(sink.pieces());
}

function find(file: string, name: Direction["name"]): Signal[] {
  const capture = captures.find((one) => one.file === file) as Capture;
  return read(capture, capture.directions.find((one) => one.name === name) as Direction);
}

const directions = captures.flatMap((capture) =>
  capture.directions.map(
    (direction) => [`${capture.file} ${direction.name}`, capture, direction] as const,
  ),
);

test.each(directions)("%s: every frame of OTP is read, in any chunks", (_, capture, direction) => {
  const signals = read(capture, direction);
  // One frame is one signal, except that further fragments belong to the first.
  const further = direction.frames.filter(
    (one) => capture.directions.length > 0 && one[0] === 131 && one[1] === 70,
  );
  expect(signals).toHaveLength(direction.frames.length - further.length);
  const flags = capture.flags;
  const expected = write(flags, signals);
  for (const size of direction.stream.length < 20_000 ? [1, 2, 3, 7, 64] : [4099]) {
    expect(write(flags, read(capture, direction, size)).equals(expected)).toBe(true);
  }
});

test.each(directions)("%s: what we write of it is read as the same", (_, capture, direction) => {
  const signals = read(capture, direction);
  const stream = write(capture.flags, signals);
  const again = read(capture, { ...direction, stream });
  expect(again).toHaveLength(signals.length);
  expect(write(capture.flags, again).equals(stream)).toBe(true);
  again.forEach((signal, i) => {
    expect(signal.type).toBe(signals[i]?.type);
    expect(Object.keys(signal)).toEqual(Object.keys(signals[i] as Signal));
  });
});

test("every control message occurs in what real nodes wrote, except two that no OTP sends", () => {
  const seen = new Set<number>();
  for (const { flags, directions: both } of captures) {
    const headers = (flags & ((1n << 13n) | (1n << 23n))) !== 0n;
    for (const { frames } of both) {
      const decoder = new TermDecoder();
      const header = new DistHeader(decoder, true);
      for (const frame of frames) {
        if (headers && frame[1] === 70) continue;
        const at = !headers ? 2 : header.read(frame, frame[1] === 69 ? 18 : 2, frame.length);
        const control = decoder.decode(
          frame,
          at,
          frame.length,
          headers ? header.refs : undefined,
          false,
        );
        seen.add((control as unknown as number[])[0] as number);
      }
    }
  }
  const tags = [...controlMessages.map(({ tag }) => tag), 37];
  // EXIT2_TT and PAYLOAD_EXIT2_TT: exit/2 of OTP carries no token to other nodes.
  expect(tags.filter((tag) => !seen.has(tag))).toEqual([18, 27]);
});

test.each(["25", "27", "29"])("OTP %s: the conversation is the one of the scenario", (otp) => {
  const out = find(`otp-${otp}-signals.json`, "toListener");
  const back = find(`otp-${otp}-signals.json`, "toTalker");
  const types = (signals: readonly Signal[]): string[] => signals.map(({ type }) => type);
  const half = types(out).slice(0, types(out).length / 2);
  expect(half.slice(0, 4)).toEqual(["reg_send", "send", "reg_send", "monitor"]);
  expect(half.filter((type) => type === "spawn_request")).toHaveLength(6);
  expect(types(back).filter((type) => type === "spawn_reply")).toHaveLength(12);

  const talker = atom("talker@127.0.0.1");
  const listener = atom("listener@127.0.0.1");
  const [whoAreYou, hello] = out as [
    Extract<Signal, { type: "reg_send" }>,
    Extract<Signal, { type: "send" }>,
  ];
  expect(whoAreYou).toMatchObject({ to: atom("echo"), token: undefined });
  expect(whoAreYou.from.node).toBe(talker);
  expect(hello.to.node).toBe(listener);
  const [, one, float, binary, list, map] = hello.message as unknown as Term[];
  expect([one, float, binary, list]).toEqual(
    [1, 2.5, Buffer.from("binary").subarray(), [atom("a"), atom("b")]].map((term) =>
      Buffer.isBuffer(term) ? new Uint8Array(term) : term,
    ),
  );
  expect(map).toMatchObject({ size: 1 });

  const monitors = out.filter((signal) => signal.type === "monitor");
  expect(monitors.map(({ to }) => to instanceof Pid || (to as Atom).text)).toEqual([
    true,
    "echo",
    "nobody",
    true,
    true,
    "echo",
    "nobody",
    true,
  ]);
  expect(back.find((signal) => signal.type === "down")).toMatchObject({
    from: atom("nobody"),
    reason: atoms.noproc,
  });
  const exit = out.find((signal) => signal.type === "exit2");
  expect(exit?.reason).toMatchObject([atom("go_away"), [..."now"].map((c) => c.charCodeAt(0))]);
  const leaders = out.filter((signal) => signal.type === "group_leader");
  expect(leaders.map(({ leader, to }) => [leader.node, to.node])).toEqual([
    [talker, listener],
    [talker, listener],
  ]);
  const requests = out.filter((signal) => signal.type === "spawn_request");
  expect(requests.map((request) => (request.function as Atom).text).slice(0, 6)).toEqual([
    "die",
    "stay",
    "stay",
    "stay",
    "die",
    "stay",
  ]);
  expect(requests[4]?.options).toEqual(expect.arrayContaining([atom("link"), atom("monitor")]));
  const replies = back.filter((signal) => signal.type === "spawn_reply");
  expect(replies[4]).toMatchObject({ flags: 3 });
  expect(replies[5]).toMatchObject({ flags: 0, result: atom("badopt") });
  const alias = back.find((signal) => signal.type === "alias_send");
  expect(alias?.to).toBeInstanceOf(Reference);
  expect(alias?.to.words).toHaveLength(otp === "25" ? 3 : 5);
  // The second half was traced: label 17.
  const traced = back.find((signal) => signal.type === "send" && signal.token !== undefined);
  const token = (traced as { token: Term }).token as unknown as Term[];
  expect(token).toHaveLength(5);
  expect(token[1]).toBe(17);
});

test("OTP 29: a priority message and a priority exit to an alias", () => {
  const [urgent, exit] = find("otp-29-priority.json", "toTalker");
  expect(urgent).toMatchObject({
    type: "alias_send",
    priority: true,
    message: [atom("urgent"), 1],
  });
  expect(exit).toMatchObject({ type: "exit2", priority: true, reason: [atom("urgent"), 2] });
  expect((exit as Extract<Signal, { type: "exit2" }>).to).toBeInstanceOf(Reference);
});

test.each(captures.filter(({ part }) => part === "bulk"))(
  "$file: thousands of atoms, a long one, and messages of one to several fragments",
  (capture) => {
    for (const direction of capture.directions) {
      const messages = read(capture, direction).map(
        (signal) => (signal as { message: Term }).message,
      );
      const last = messages.map((message) => (message as unknown as Term[]).at(-1) as Term);
      const batches = [0, 400, 800, 1200, 1600, 2000, 2400, 2800, 0, 400];
      batches.forEach((from, i) => {
        expect(last[i]).toEqual(Array.from({ length: 400 }, (_, k) => atom(`atom_${from + k}`)));
      });
      expect(last[10]).toBe(atom("中".repeat(255)));
      [65_408, 65_536, 65_600, 131_072, 300_000].forEach((size, i) => {
        const [told, bytes] = last[11 + i] as unknown as [number, Uint8Array];
        expect(told).toBe(size);
        expect(Buffer.from(bytes).equals(Buffer.from("0123456789abcdef".repeat(size / 16)))).toBe(
          true,
        );
      });
      expect(last[16]).toEqual(Array.from({ length: 60_000 }, (_, i) => 1000 + ((i + 1) % 7)));
    }
  },
);
