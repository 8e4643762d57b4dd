import { expect, test } from "vitest";
import { frame, hex } from "../../../../test/vectors/wire/streams.ts";
import type { Signal } from "../signal/signal.ts";
import { atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";
import { t } from "../term/tuple.ts";
import { WireError } from "./errors.ts";
import { DFLAG_DIST_HDR_ATOM_CACHE, DFLAG_FRAGMENTS, defaultFlags } from "./flags.ts";
import { MessageReader, type MessageReaderOptions } from "./message-reader.ts";

const flags = defaultFlags();
const passThrough = flags & ~DFLAG_DIST_HDR_ATOM_CACHE & ~DFLAG_FRAGMENTS;

function reader(options: Partial<MessageReaderOptions> = {}) {
  const signals: Signal[] = [];
  let ticks = 0;
  const made = new MessageReader({
    flags,
    peer: "p@h",
    onSignal: (signal) => signals.push(signal),
    onTick: () => ticks++,
    ...options,
  });
  return {
    signals,
    ticks: () => ticks,
    push: (bytes: Uint8Array) => made.push(bytes),
    reader: made,
  };
}

function errorOf(bytes: Uint8Array, options: Partial<MessageReaderOptions> = {}): WireError {
  const { push } = reader(options);
  try {
    push(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
    return error as WireError;
  }
  throw new Error("no error was thrown");
}

// ---- Real streams ------------------------------------------------------------------------------

test("TV-7: net_adm:ping, as a node without an atom cache sends it", () => {
  const { signals, push } = reader({ peer: "fake@vm" });
  push(
    frame(
      "8344 00",
      "6804 6106 58 770766616b6540766d 00000005 00000000 0000004d 7700 770a6e65745f6b65726e656c",
      "6803 77092467656e5f63616c6c",
      "  6802 58 770766616b6540766d 00000005 00000000 0000004d",
      "    5a0003 770766616b6540766d 0000004d 00000001 00000002 00000003",
      "  6802 770769735f61757468 770766616b6540766d",
    ),
  );
  const fake = atom("fake@vm");
  const from = new Pid(fake, 5, 0, 77);
  expect(signals).toEqual([
    {
      type: "reg_send",
      from,
      to: atom("net_kernel"),
      message: t(
        atom("$gen_call"),
        t(from, new Reference(fake, 77, [1, 2, 3])),
        t(atom("is_auth"), fake),
      ),
      token: undefined,
    },
  ]);
});

test("TV-8 to TV-11: an answer, twice, a spawn reply and a DOWN, over one atom cache", () => {
  const { signals, push } = reader({ peer: "a29@vm" });
  const answer = [
    "6803 6116 58 5200 00000042 00000000 6b0174d6  58 5201 00000005 00000000 0000004d",
    "6802 5a0003 5201 0000004d 00000001 00000002 00000003 5202",
  ];
  push(frame("8344 03 9d0a 03 06 61323940766d 83 07 66616b6540766d f8 03 796573", ...answer));
  push(frame("8344 03 1502 03 83 f8", ...answer));
  push(
    frame(
      "8344 02 5100 83 03",
      "6805 611f 5a0003 5200 0000004d 00000009 00000009 00000009",
      "  58 5200 00000005 00000000 0000004d 6102 58 5201 000000c1 00000000 6b0174d6",
    ),
  );
  push(
    frame(
      "8344 03 1508 03 83 0a 06 72657475726e",
      "6804 611c 58 5200 000000c1 00000000 6b0174d6  58 5201 00000005 00000000 0000004d",
      "  5a0003 5201 0000004d 00000009 00000009 00000009",
      "6803 5a0003 5201 0000004d 00000001 00000002 00000003 5202 5200",
    ),
  );
  const [a29, fake] = [atom("a29@vm"), atom("fake@vm")];
  const us = new Pid(fake, 5, 0, 77);
  const them = new Pid(a29, 0x42, 0, 0x6b0174d6);
  const spawned = new Pid(a29, 0xc1, 0, 0x6b0174d6);
  const ref = new Reference(fake, 77, [1, 2, 3]);
  const request = new Reference(fake, 77, [9, 9, 9]);
  const message = t(ref, atom("yes"));
  const send = { type: "send", from: them, to: us, message, token: undefined };
  expect(signals).toEqual([
    send,
    send,
    { type: "spawn_reply", ref: request, to: us, flags: 2, result: spawned, token: undefined },
    { type: "down", from: spawned, to: us, ref: request, reason: t(ref, atom("return"), a29) },
  ]);
});

test("pass-through frames, as C nodes send them", () => {
  const { signals, push } = reader({ peer: "c@h", flags: passThrough });
  push(
    frame(
      "70 83 6804 6106 67 6400036340680000000a0000000001 6400 00 6400036563 68",
      "83 6b0003010203",
    ),
  );
  const from = new Pid(atom("c@h"), 10, 0, 1);
  expect(signals).toEqual([
    { type: "reg_send", from, to: atom("ech"), message: [1, 2, 3], token: undefined },
  ]);
});

test("headers without references, where fragments but no atom cache are agreed", () => {
  const { signals, push } = reader({ flags: flags & ~DFLAG_DIST_HDR_ATOM_CACHE });
  push(frame("8344 00 6803 6102 7700 58 77036d4068 0000000b 00000000 00000002 7702 6f6b"));
  const to = new Pid(atom("m@h"), 11, 0, 2);
  expect(signals).toEqual([
    { type: "send", from: undefined, to, message: atoms.ok, token: undefined },
  ]);
});

test("integers as bigints are for payloads: control messages are understood all the same", () => {
  const { signals, push } = reader({ decode: { integers: "bigint" } });
  push(frame("8344 00 6804 6106 58 7703704068 00000001 00000000 00000001 7700 7703656368 6107"));
  expect(signals).toMatchObject([{ type: "reg_send", message: 7n }]);
});

// ---- Frames (FR) and what surrounds them --------------------------------------------------------

const PING = frame(
  "8344 00 6804 6106 58 7703704068 00000001 00000000 00000001 7700 7703656368 6101",
);

test.each([
  ["FR-06: one byte", "83"],
  ["FR-07: 130 68", "824400 6802 6101 6101"],
  ["FR-08: a term without a header", "83 6801 6163"],
  ["FR-09: a pass-through frame where headers are agreed", "70 83 6803 6102 7700 6a 83 6a"],
  ["a header tag nobody has", "8347 00"],
])("%s: closed", (_, bytes) => {
  expect(errorOf(frame(bytes))).toMatchObject({ code: "ERR_WIRE_FRAME_KIND", frame: 1, offset: 0 });
});

test("FG-14: fragments where they are not agreed: closed", () => {
  const agreed = flags & ~DFLAG_FRAGMENTS;
  for (const kind of ["8345", "8346"]) {
    const bytes = frame(kind, "0000000000000001 0000000000000001 00");
    expect(errorOf(bytes, { flags: agreed }).code).toBe("ERR_WIRE_FRAME_KIND");
    expect(errorOf(bytes, { flags: passThrough }).code).toBe("ERR_WIRE_FRAME_KIND");
  }
});

test("a header where none is agreed: closed", () => {
  expect(errorOf(PING, { flags: passThrough }).code).toBe("ERR_WIRE_FRAME_KIND");
});

test("an error has the number of the frame and the byte in it, and the reader is dead then", () => {
  const { signals, push } = reader();
  push(Buffer.concat([PING, hex("00000000"), PING]));
  let first: unknown;
  try {
    push(Buffer.concat([PING, frame("8344 00 6802 6163 6101"), PING]));
  } catch (error) {
    first = error;
  }
  expect(first).toMatchObject({ code: "ERR_WIRE_CONTROL", frame: 4, offset: 3 });
  expect((first as WireError).message).toContain("frame 4, byte 3");
  expect(signals).toHaveLength(3);
  expect(() => push(PING)).toThrow(first);
  expect(signals).toHaveLength(3);
});

test("ticks are told once for each push that brought any", () => {
  const { ticks, push } = reader();
  push(hex("00000000 00000000 00000000"));
  push(PING);
  push(hex("0000"));
  expect(ticks()).toBe(1);
  push(hex("0000"));
  expect(ticks()).toBe(2);
});

test("frameBytes is 1 MiB where fragments are agreed, 64 MiB elsewhere, or as given", () => {
  const large = (bytes: number): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes);
    return length;
  };
  expect(errorOf(large(2 ** 20 + 1)).limit).toBe("frameBytes");
  reader().push(large(2 ** 20));
  expect(errorOf(large(2 ** 26 + 1), { flags: passThrough }).limit).toBe("frameBytes");
  reader({ flags: passThrough }).push(large(2 ** 26));
  expect(errorOf(large(1001), { limits: { frameBytes: 1000 } }).limit).toBe("frameBytes");
});

test("after stop, from within onSignal, nothing comes any more", () => {
  const made = reader({
    onSignal: (signal) => {
      seen.push(signal);
      made.reader.stop();
    },
  });
  const seen: Signal[] = [];
  made.push(Buffer.concat([PING, PING]));
  made.push(PING);
  expect(seen).toHaveLength(1);
});

test("an error of onSignal comes out of push as it is, and ends the reader", () => {
  const mine = new Error("mine");
  const { push } = reader({
    onSignal: () => {
      throw mine;
    },
  });
  expect(() => push(PING)).toThrow(mine);
  expect(() => push(PING)).toThrow(mine);
});

test("a binary of a frame that lay in one chunk does not change with the chunk", () => {
  const { signals, push } = reader();
  const sized = (length: number): Buffer => {
    const binary = Buffer.alloc(5 + length, 7);
    binary[0] = 109;
    binary.writeUInt32BE(length, 1);
    return frame("8344 00 6803 6102 7700 58 77036d4068 0000000b 00000000 00000002", binary);
  };
  for (const length of [3, 5000]) {
    const chunk = sized(length);
    push(chunk);
    chunk.fill(0xee);
    expect(signals.pop()).toMatchObject({ message: new Uint8Array(length).fill(7) });
  }
});

// ---- The header's consequences (AC) --------------------------------------------------------------

test("AC-05: a reference beyond the header's: closed", () => {
  const error = errorOf(frame("8344 00 6801 5205"));
  expect(error).toMatchObject({ code: "ERR_WIRE_CONTROL" });
  expect(error.cause).toMatchObject({ code: "ERR_ETF_VALUE" });
});

test("AC-09: the cache is updated by a message whoever it is for", () => {
  const { signals, push } = reader();
  const body = "6804 6106 58 7703704068 00000001 00000000 00000001 7700 5200 5200";
  push(frame("8344 01 08 07 06 6e6f626f6479", body));
  push(frame("8344 01 00 07", body));
  expect(signals.map((signal) => "to" in signal && signal.to)).toEqual(
    Array(2).fill(atom("nobody")),
  );
});

test("AC-12: a header that is wrong half-way ends the reader: its entries are never used", () => {
  const { push } = reader();
  const wrong = frame("8344 02 8800 07 01 61 08 02 fffe");
  expect(() => push(wrong)).toThrow(WireError);
  expect(() => push(frame("8344 01 00 07 6801 5200"))).toThrow("atom of the distribution header");
});

test("AC-10: a peer that invents atoms for ever is closed at the limit", () => {
  const { push } = reader({ decode: { limits: { atoms: 50 } } });
  const invent = (i: number): Buffer =>
    frame("8344 01 08 00 08", Buffer.from(`inv${i}`.padEnd(8, "_")), PING.subarray(7));
  for (let i = 0; i < 50; i++) push(invent(i));
  expect(() => push(invent(50))).toThrow("limits.atoms");
});

// ---- Payloads -----------------------------------------------------------------------------------

const HEAD = "8344 00 6804 6106 58 7703704068 00000001 00000000 00000001 7700 7703656368";

test("CT-06: a send without its payload: closed; a payload on a LINK: ignored", () => {
  expect(errorOf(frame(HEAD))).toMatchObject({ code: "ERR_WIRE_PAYLOAD" });
  expect(errorOf(frame(HEAD)).message).toContain("a reg_send came without its message");
  const { signals, push } = reader();
  const link = "6803 6101 58 7703704068 00000001 00000000 00000001";
  push(frame("8344 00", link, "58 77036d4068 0000000b 00000000 00000002", "6a 6a"));
  expect(signals).toMatchObject([{ type: "link" }]);
});

test("ET-16, ER-7: a payload that is no term is a WireError with the EtfError as cause", () => {
  for (const payload of ["50 00000005 789c", "8361", "6d 000000ff 01", "c8", "83 6101"]) {
    const error = errorOf(frame(HEAD, payload));
    expect(error.code).toBe("ERR_WIRE_PAYLOAD");
    expect(error.cause).toMatchObject({ name: "EtfError" });
    expect(error.offset).toBe(hex(HEAD).length);
  }
});

test("ER-21: bytes behind the payload are ignored", () => {
  const { signals, push } = reader();
  push(frame(HEAD, "6101", "ffff"));
  expect(signals).toMatchObject([{ message: 1 }]);
});

test("a pass-through payload must begin with 131, and a missing one is missed", () => {
  const control = "6803 6102 7700 58 77036d4068 0000000b 00000000 00000002";
  const options = { flags: passThrough };
  expect(errorOf(frame("70 83", control, "6101"), options).message).toContain("begin with 131");
  expect(errorOf(frame("70 83", control), options).code).toBe("ERR_WIRE_PAYLOAD");
  expect(errorOf(frame("70 83", control, "83"), options).code).toBe("ERR_WIRE_PAYLOAD");
});
