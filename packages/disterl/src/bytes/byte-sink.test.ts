import { expect, test } from "vitest";
import { ByteSink } from "./byte-sink.ts";

function put(sink: ByteSink, text: string): void {
  const bytes = Buffer.from(text);
  sink.ensure(bytes.length);
  sink.buffer.set(bytes, sink.length);
  sink.length += bytes.length;
}

function text(pieces: readonly Uint8Array[]): string {
  return Buffer.concat(pieces).toString();
}

test("written bytes and referenced ones come out in order, referenced ones uncopied", () => {
  const sink = new ByteSink(4);
  const big = Buffer.from("BIG");
  put(sink, "head");
  sink.reference(big);
  put(sink, "tail");
  expect(sink.totalBytes).toBe(11);
  expect(text(sink.pieces())).toBe("headBIGtail");
  expect(sink.pieces()[1]).toBe(big);
});

test("rewind keeps a referenced binary that was the last thing before", () => {
  const sink = new ByteSink();
  put(sink, "a");
  sink.reference(Buffer.from("B"));
  const mark = [sink.length, sink.references.length] as const;
  sink.reference(Buffer.from("C"));
  put(sink, "d");
  sink.rewind(...mark);
  expect(text(sink.pieces())).toBe("aB");
  expect(sink.referencedBytes).toBe(1);
});

test.each([3, -2])("shift by %s moves bytes and references behind a place, and no others", (by) => {
  const sink = new ByteSink(16);
  put(sink, "one");
  sink.reference(Buffer.from("ONE"));
  const start = sink.length + 2;
  put(sink, "..");
  const references = sink.references.length;
  put(sink, "two");
  sink.reference(Buffer.from("TWO"));
  put(sink, "three");
  sink.shift(start, by, references);
  sink.buffer.fill("-", 3, start + by);
  expect(text(sink.pieces())).toBe(`oneONE${"-".repeat(2 + by)}twoTWOthree`);
});

test.each([
  ["what is left", "x".repeat(5000), "y"],
  ["what is taken", "x", "y".repeat(5000)],
])(
  "detach takes the end out as pieces; copied is the smaller side (%s is large)",
  (_, left, taken) => {
    const sink = new ByteSink();
    put(sink, left);
    sink.reference(Buffer.from("KEPT"));
    const mark = [sink.length, sink.references.length] as const;
    put(sink, taken);
    const big = Buffer.from("BIG");
    sink.reference(big);
    sink.reference(big);
    put(sink, taken);
    const buffer = sink.buffer.buffer;
    const pieces = sink.detach(...mark);
    put(sink, "more");
    expect(text(pieces)).toBe(`${taken}BIGBIG${taken}`);
    expect(pieces[1]).toBe(big);
    expect(text(sink.pieces())).toBe(`${left}KEPTmore`);
    expect(sink.buffer.buffer === buffer).toBe(left.length > taken.length);
  },
);

test("detach where a referenced binary is first and last", () => {
  const sink = new ByteSink();
  put(sink, "a");
  const references = sink.references.length;
  sink.reference(Buffer.from("B"));
  expect(text(sink.detach(1, references))).toBe("B");
  expect(text(sink.pieces())).toBe("a");
  expect(sink.totalBytes).toBe(1);
});

test("an emptied sink keeps its memory for reuse, but not a giant's", () => {
  const sink = new ByteSink();
  put(sink, "x".repeat(100_000));
  const { buffer } = sink;
  const pieces = sink.pieces();
  sink.truncate();
  expect(sink.buffer).toBe(buffer);
  put(sink, "y".repeat(1_000_000));
  sink.truncate();
  expect(sink.buffer.length).toBeLessThan(10_000);
  put(sink, "z");
  expect(text(sink.pieces())).toBe("z");
  expect(pieces).toHaveLength(1);
});
