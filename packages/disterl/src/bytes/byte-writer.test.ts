import { expect, test } from "vitest";
import { ByteWriter } from "./byte-writer.ts";

test("fields follow each other, big-endian", () => {
  const packet = new ByteWriter()
    .u8(0x73)
    .u16(0x0102)
    .u32(0x03040506)
    .u64(0x0708090a0b0c0d0en)
    .text("né")
    .bytes(Uint8Array.of(1, 2));
  expect(Buffer.from(packet.finish()).toString("hex")).toBe(
    "730102030405060708090a0b0c0d0e6ec3a90102",
  );
});

test.each([
  ["u8", 1, (writer: ByteWriter) => writer.u8(0xaa)],
  ["u16", 2, (writer: ByteWriter) => writer.u16(0xaaaa)],
  ["u32", 4, (writer: ByteWriter) => writer.u32(0xaaaaaaaa)],
  ["u64", 8, (writer: ByteWriter) => writer.u64(0xaaaaaaaaaaaaaaaan)],
])("%s may be what makes the packet outgrow its memory, wherever that is", (_, width, put) => {
  for (let before = 0; before < 300; before += 1) {
    const writer = new ByteWriter().bytes(new Uint8Array(before));
    const packet = put(writer).finish();
    expect(packet.length).toBe(before + width);
    expect(packet.subarray(before).every((byte) => byte === 0xaa)).toBe(true);
  }
});
