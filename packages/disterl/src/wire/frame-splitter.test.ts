import { expect, test } from "vitest";
import { frame, hex } from "../../../../test/vectors/wire/streams.ts";
import { WireError } from "./errors.ts";
import { EXACT_BYTES, FrameSplitter, HEAD_BYTES, ROOM_BYTES } from "./frame-splitter.ts";

const MiB = 2 ** 20;

interface Seen {
  readonly frames: { bytes: Buffer; retain: boolean; whole: number }[];
  readonly splitter: FrameSplitter;
}

/** A splitter that keeps what it hands on; `place` as given. */
function split(
  limit = MiB,
  place: (length: number) => Uint8Array | undefined = () => undefined,
): Seen {
  const frames: Seen["frames"] = [];
  let into: Uint8Array = new Uint8Array(0);
  let head = Buffer.alloc(0);
  const splitter = new FrameSplitter(
    {
      frame(bytes, start, end, retain) {
        frames.push({
          bytes: Buffer.from(bytes.subarray(start, end)),
          retain,
          whole: bytes.length,
        });
      },
      place(first, length) {
        const given = place(length);
        if (given === undefined) return undefined;
        head = Buffer.from(first);
        into = given;
        return given;
      },
      placed() {
        frames.push({ bytes: Buffer.concat([head, into]), retain: true, whole: into.length });
      },
    },
    limit,
  );
  return { frames, splitter };
}

function bytesOf(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 7) % 251));
}

test("frames that lie in one chunk are handed on where they are", () => {
  const { frames, splitter } = split();
  const chunk = Buffer.concat([frame("0102"), frame("03"), frame("040506")]);
  expect(splitter.push(chunk)).toBe(false);
  expect(frames.map(({ bytes }) => bytes.toString("hex"))).toEqual(["0102", "03", "040506"]);
  expect(frames.every(({ retain, whole }) => !retain && whole === chunk.length)).toBe(true);
  expect(splitter.frames).toBe(3);
});

test("an empty frame is a tick and no frame", () => {
  const { frames, splitter } = split();
  expect(splitter.push(hex("00000000 00000001 ff 00000000"))).toBe(true);
  expect(splitter.push(frame("01"))).toBe(false);
  expect(frames).toHaveLength(2);
});

test("FR-05: a million ticks in a row are one fact for each chunk, and nothing is kept", () => {
  const { frames, splitter } = split();
  const chunk = Buffer.alloc(64 * 1024);
  for (let bytes = 0; bytes < 4 * MiB; bytes += chunk.length)
    expect(splitter.push(chunk)).toBe(true);
  expect(frames).toHaveLength(0);
  expect(splitter.frames).toBe(0);
});

test("FR-10: cut at every byte, a stream gives the same frames", () => {
  const stream = Buffer.concat([
    frame(bytesOf(3)),
    frame(""),
    frame(bytesOf(HEAD_BYTES)),
    frame(bytesOf(40)),
    frame(bytesOf(HEAD_BYTES - 1)),
  ]);
  const whole = split();
  whole.splitter.push(stream);
  const expected = whole.frames.map(({ bytes }) => bytes);
  for (let at = 0; at <= stream.length; at++) {
    const { frames, splitter } = split();
    splitter.push(stream.subarray(0, at));
    splitter.push(stream.subarray(at));
    expect(frames.map(({ bytes }) => bytes)).toEqual(expected);
  }
  const { frames, splitter } = split();
  for (const byte of stream) splitter.push(Uint8Array.of(byte));
  expect(frames.map(({ bytes }) => bytes)).toEqual(expected);
});

test("a frame split over chunks has memory of its own: the chunks' may be reused", () => {
  const { frames, splitter } = split();
  const stream = frame(bytesOf(100_000));
  const chunk = Buffer.alloc(65_536);
  for (let at = 0; at < stream.length; at += chunk.length) {
    const length = stream.copy(chunk, 0, at);
    splitter.push(chunk.subarray(0, length));
    chunk.fill(0xee);
  }
  expect(frames).toHaveLength(1);
  expect(frames[0]?.bytes.equals(bytesOf(100_000))).toBe(true);
  expect(frames[0]).toMatchObject({ retain: true, whole: 100_000 + ROOM_BYTES });
});

test("a frame longer than what is reserved at once grows with its bytes", () => {
  const length = EXACT_BYTES * 9 + 5;
  const { frames, splitter } = split(64 * MiB);
  const stream = frame(bytesOf(length));
  for (let at = 0; at < stream.length; at += 50_000)
    splitter.push(stream.subarray(at, at + 50_000));
  expect(frames[0]?.bytes.equals(bytesOf(length))).toBe(true);
  expect(frames[0]?.whole).toBe(length);
});

test("the rest of a frame goes where the handler wants it", () => {
  const body = bytesOf(1000);
  const place = Buffer.alloc(1000 - HEAD_BYTES);
  const { frames, splitter } = split(MiB, () => place);
  const stream = Buffer.concat([frame(body), frame("0102")]);
  for (let at = 0; at < stream.length; at += 7) splitter.push(stream.subarray(at, at + 7));
  expect(frames.map(({ bytes }) => bytes)).toEqual([body, hex("0102")]);
  expect(place.equals(body.subarray(HEAD_BYTES))).toBe(true);
});

test("a frame whose first bytes are all of it can be placed", () => {
  const { frames, splitter } = split(MiB, () => new Uint8Array(0));
  const stream = frame(bytesOf(HEAD_BYTES));
  splitter.push(stream.subarray(0, 10));
  splitter.push(stream.subarray(10));
  expect(frames[0]?.bytes).toEqual(bytesOf(HEAD_BYTES));
});

test.each([
  ["FR-01", "7ffffff0"],
  ["FR-02", "80000000"],
  ["FR-02", "ffffffff"],
])("%s: a frame of %s bytes is refused at its header, before any memory is taken", (_, length) => {
  const { frames, splitter } = split(64 * MiB);
  const before = process.memoryUsage().arrayBuffers;
  let thrown: unknown;
  try {
    splitter.push(hex(`00000001 01 ${length}`));
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(WireError);
  expect(thrown).toMatchObject({
    code: "ERR_WIRE_LIMIT",
    limit: "frameBytes",
    frame: 2,
    offset: 0,
  });
  expect(frames).toHaveLength(1);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MiB);
});

test("FR-03: 64 MiB are announced where 1 MiB is allowed: refused at the header", () => {
  const { splitter } = split(MiB);
  expect(() => splitter.push(Buffer.concat([hex("04000000"), Buffer.alloc(100)]))).toThrow(
    "at most 1048576 are accepted (limit frameBytes)",
  );
});

test("FR-04: 20 connections that announce much and send little hold little", () => {
  const before = process.memoryUsage().arrayBuffers;
  const held = Array.from({ length: 20 }, () => {
    const { splitter } = split(64 * MiB);
    splitter.push(Buffer.concat([hex("04000000"), Buffer.alloc(1000)]));
    return splitter;
  });
  expect(held).toHaveLength(20);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 2 * EXACT_BYTES);
});

test("FR-11: a thousand frames of one chunk come in order, and stop where the handler says stop", () => {
  const stream = Buffer.concat(
    Array.from({ length: 1000 }, (_, i) => frame(Uint8Array.of(i >> 8, i & 255))),
  );
  const { frames, splitter } = split();
  splitter.push(stream);
  expect(frames.map(({ bytes }) => bytes.readUInt16BE(0))).toEqual([...Array(1000).keys()]);

  let seen = 0;
  const stopping = new FrameSplitter(
    {
      frame() {
        seen++;
        if (seen === 3) stopping.stopped = true;
      },
      place: () => undefined,
      placed() {},
    },
    MiB,
  );
  stopping.push(stream);
  expect(seen).toBe(3);
});

test("the work is linear in the bytes, however small the chunks", () => {
  const stream = frame(bytesOf(800_000));
  const timeOfByte = (size: number): number => {
    const rounds = [1, 2, 3].map(() => {
      const { splitter } = split();
      const began = process.cpuUsage();
      for (let at = 0; at < size; at++) splitter.push(stream.subarray(at, at + 1));
      const { user, system } = process.cpuUsage(began);
      return (user + system) / size;
    });
    return Math.min(...rounds);
  };
  timeOfByte(50_000);
  // Copying what is there for every byte would make it 16 times as slow, not somewhat slower.
  expect(timeOfByte(800_000)).toBeLessThan(8 * timeOfByte(50_000));
});
