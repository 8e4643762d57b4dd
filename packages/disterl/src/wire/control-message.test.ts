import { expect, test } from "vitest";
import { frame } from "../../../../test/vectors/wire/streams.ts";
import { ByteSink } from "../bytes/byte-sink.ts";
import type { Signal } from "../signal/signal.ts";
import { atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";
import { t } from "../term/tuple.ts";
import { controlMessages } from "./control-message.ts";
import { WireError } from "./errors.ts";
import {
  DFLAG_ALIAS,
  DFLAG_ALTACT_SIG,
  DFLAG_DIST_HDR_ATOM_CACHE,
  DFLAG_DIST_MONITOR_NAME,
  DFLAG_EXIT_PAYLOAD,
  DFLAG_FRAGMENTS,
  DFLAG_SEND_SENDER,
  DFLAG_SPAWN,
  DFLAG_UNLINK_ID,
  defaultFlags,
} from "./flags.ts";
import { MessageReader } from "./message-reader.ts";
import { MessageWriter } from "./message-writer.ts";

/** Of the peer, ours, and of a third node, in hex and as values. */
const P = "58 7703704068 0000000a 00000000 00000001";
const M = "58 77036d4068 0000000b 00000000 00000002";
const X = "58 7703784068 0000000c 00000000 00000003";
const R = "5a 0003 7703704068 00000001 00000001 00000002 00000003";
const p = new Pid(atom("p@h"), 10, 0, 1);
const m = new Pid(atom("m@h"), 11, 0, 2);
const x = new Pid(atom("x@h"), 12, 0, 3);
const r = new Reference(atom("p@h"), 1, [1, 2, 3]);
const token = t(atom("tok"), 1);
const TOK = "6802 7703 746f6b 6101";
const NAME = "7704 6563686f";
const echo = atom("echo");

const headers = defaultFlags() & ~DFLAG_DIST_HDR_ATOM_CACHE;

function read(flags: bigint, ...parts: (string | Uint8Array)[]): Signal[] {
  const signals: Signal[] = [];
  const reader = new MessageReader({
    flags,
    peer: "p@h",
    onSignal: (signal) => signals.push(signal),
    onTick() {},
  });
  reader.push(frame("8344 00", ...parts));
  return signals;
}

function write(flags: bigint, signal: Signal): string {
  const sink = new ByteSink();
  expect(new MessageWriter({ flags }).write(signal, sink)).toBeUndefined();
  return Buffer.concat(sink.pieces()).toString("hex");
}

const EXIT_PAYLOAD = DFLAG_EXIT_PAYLOAD;
const SENDER = DFLAG_SEND_SENDER;

/** Tag, name, flags that are not agreed, control message, payload, signal. */
const vectors: [number, string, bigint, string, string, Signal][] = [
  [1, "LINK", 0n, `6803 6101 ${P} ${M}`, "", { type: "link", from: p, to: m }],
  [
    2,
    "SEND",
    SENDER,
    `6803 6102 7700 ${M}`,
    "6105",
    { type: "send", from: undefined, to: m, message: 5, token: undefined },
  ],
  [
    3,
    "EXIT",
    EXIT_PAYLOAD,
    `6804 6103 ${P} ${M} 6105`,
    "",
    { type: "exit", from: p, to: m, reason: 5, token: undefined },
  ],
  [
    4,
    "UNLINK",
    DFLAG_UNLINK_ID,
    `6803 6104 ${P} ${M}`,
    "",
    { type: "unlink", id: undefined, from: p, to: m },
  ],
  [
    6,
    "REG_SEND",
    0n,
    `6804 6106 ${P} 7700 ${NAME}`,
    "6105",
    { type: "reg_send", from: p, to: echo, message: 5, token: undefined },
  ],
  [7, "GROUP_LEADER", 0n, `6803 6107 ${X} ${M}`, "", { type: "group_leader", leader: x, to: m }],
  [
    8,
    "EXIT2",
    EXIT_PAYLOAD,
    `6804 6108 ${P} ${M} 6105`,
    "",
    { type: "exit2", from: p, to: m, reason: 5, priority: false, token: undefined },
  ],
  [
    12,
    "SEND_TT",
    SENDER,
    `6804 610c 7700 ${M} ${TOK}`,
    "6105",
    { type: "send", from: undefined, to: m, message: 5, token },
  ],
  [
    13,
    "EXIT_TT",
    EXIT_PAYLOAD,
    `6805 610d ${P} ${M} ${TOK} 6105`,
    "",
    { type: "exit", from: p, to: m, reason: 5, token },
  ],
  [
    16,
    "REG_SEND_TT",
    0n,
    `6805 6110 ${P} 7700 ${NAME} ${TOK}`,
    "6105",
    { type: "reg_send", from: p, to: echo, message: 5, token },
  ],
  [
    18,
    "EXIT2_TT",
    EXIT_PAYLOAD,
    `6805 6112 ${P} ${M} ${TOK} 6105`,
    "",
    { type: "exit2", from: p, to: m, reason: 5, priority: false, token },
  ],
  [
    19,
    "MONITOR_P",
    0n,
    `6804 6113 ${P} ${NAME} ${R}`,
    "",
    { type: "monitor", from: p, to: echo, ref: r },
  ],
  [
    20,
    "DEMONITOR_P",
    0n,
    `6804 6114 ${P} ${M} ${R}`,
    "",
    { type: "demonitor", from: p, to: m, ref: r },
  ],
  [
    21,
    "MONITOR_P_EXIT",
    EXIT_PAYLOAD,
    `6805 6115 ${NAME} ${M} ${R} 6105`,
    "",
    { type: "down", from: echo, to: m, ref: r, reason: 5 },
  ],
  [
    22,
    "SEND_SENDER",
    0n,
    `6803 6116 ${P} ${M}`,
    "6105",
    { type: "send", from: p, to: m, message: 5, token: undefined },
  ],
  [
    23,
    "SEND_SENDER_TT",
    0n,
    `6804 6117 ${P} ${M} ${TOK}`,
    "6105",
    { type: "send", from: p, to: m, message: 5, token },
  ],
  [
    24,
    "PAYLOAD_EXIT",
    0n,
    `6803 6118 ${P} ${M}`,
    "6105",
    { type: "exit", from: p, to: m, reason: 5, token: undefined },
  ],
  [
    25,
    "PAYLOAD_EXIT_TT",
    0n,
    `6804 6119 ${P} ${M} ${TOK}`,
    "6105",
    { type: "exit", from: p, to: m, reason: 5, token },
  ],
  [
    26,
    "PAYLOAD_EXIT2",
    0n,
    `6803 611a ${P} ${M}`,
    "6105",
    { type: "exit2", from: p, to: m, reason: 5, priority: false, token: undefined },
  ],
  [
    27,
    "PAYLOAD_EXIT2_TT",
    0n,
    `6804 611b ${P} ${M} ${TOK}`,
    "6105",
    { type: "exit2", from: p, to: m, reason: 5, priority: false, token },
  ],
  [
    28,
    "PAYLOAD_MONITOR_P_EXIT",
    0n,
    `6804 611c ${P} ${M} ${R}`,
    "6105",
    { type: "down", from: p, to: m, ref: r, reason: 5 },
  ],
  [
    29,
    "SPAWN_REQUEST",
    0n,
    `6806 611d ${R} ${P} ${X} 6803 770161 770162 6101 6a`,
    "6b00010 9",
    {
      type: "spawn_request",
      ref: r,
      from: p,
      groupLeader: x,
      module: atom("a"),
      function: atom("b"),
      arity: 1,
      options: [],
      args: [9],
      token: undefined,
    },
  ],
  [
    30,
    "SPAWN_REQUEST_TT",
    0n,
    `6807 611e ${R} ${P} ${P} 6803 770474727565 770162 6100 6a ${TOK}`,
    "6a",
    {
      type: "spawn_request",
      ref: r,
      from: p,
      groupLeader: p,
      module: true,
      function: atom("b"),
      arity: 0,
      options: [],
      args: [],
      token,
    },
  ],
  [
    31,
    "SPAWN_REPLY",
    0n,
    `6805 611f ${R} ${M} 6103 ${P}`,
    "",
    { type: "spawn_reply", ref: r, to: m, flags: 3, result: p, token: undefined },
  ],
  [
    32,
    "SPAWN_REPLY_TT",
    0n,
    `6806 6120 ${R} ${M} 6100 7706 6261646f7074 ${TOK}`,
    "",
    { type: "spawn_reply", ref: r, to: m, flags: 0, result: atom("badopt"), token },
  ],
  [
    33,
    "ALIAS_SEND",
    DFLAG_ALTACT_SIG,
    `6803 6121 ${P} ${R}`,
    "6105",
    { type: "alias_send", from: p, to: r, message: 5, priority: false, token: undefined },
  ],
  [
    34,
    "ALIAS_SEND_TT",
    DFLAG_ALTACT_SIG,
    `6804 6122 ${P} ${R} ${TOK}`,
    "6105",
    { type: "alias_send", from: p, to: r, message: 5, priority: false, token },
  ],
  [
    35,
    "UNLINK_ID",
    0n,
    `6804 6123 6e0800 ffffffffffffffff ${P} ${M}`,
    "",
    { type: "unlink", id: 2n ** 64n - 1n, from: p, to: m },
  ],
  [
    36,
    "UNLINK_ID_ACK",
    0n,
    `6804 6124 6101 ${P} ${M}`,
    "",
    { type: "unlink_ack", id: 1n, from: p, to: m },
  ],
  [
    37,
    "ALTACT_SIG_SEND",
    0n,
    `6804 6125 6104 ${P} ${R}`,
    "6105",
    { type: "alias_send", from: p, to: r, message: 5, priority: false, token: undefined },
  ],
  [
    37,
    "ALTACT_SIG_SEND (PRIO, TOKEN)",
    0n,
    `6805 6125 6107 ${P} ${R} ${TOK}`,
    "6105",
    { type: "alias_send", from: p, to: r, message: 5, priority: true, token },
  ],
  [
    37,
    "ALTACT_SIG_SEND (EXIT, NAME)",
    0n,
    `6804 6125 6118 ${P} ${NAME}`,
    "6105",
    { type: "exit2", from: p, to: echo, reason: 5, priority: false, token: undefined },
  ],
  [
    37,
    "ALTACT_SIG_SEND (EXIT, ALIAS, PRIO)",
    0n,
    `6804 6125 6115 ${P} ${R}`,
    "6105",
    { type: "exit2", from: p, to: r, reason: 5, priority: true, token: undefined },
  ],
  [
    37,
    "ALTACT_SIG_SEND (EXIT, PRIO)",
    0n,
    `6804 6125 6111 ${P} ${M}`,
    "6105",
    { type: "exit2", from: p, to: m, reason: 5, priority: true, token: undefined },
  ],
];

test.each(vectors)("%i %s is read, and written where the flags say so", (...vector) => {
  const [, , without, control, payload, signal] = vector;
  const flags = headers & ~without;
  expect(read(flags, control, payload)).toEqual([signal]);
  expect(write(flags, signal)).toBe(frame("8344 00", control, payload).toString("hex"));
});

test.each(vectors)(
  "%i %s is read the same from pass-through frames and over a cache",
  (...vector) => {
    const [, , without, , , signal] = vector;
    for (const missing of [DFLAG_DIST_HDR_ATOM_CACHE | DFLAG_FRAGMENTS, 0n]) {
      const flags = defaultFlags() & ~without & ~missing;
      const writer = new MessageWriter({ flags });
      const sink = new ByteSink();
      for (let i = 0; i < 3; i++) writer.write(signal, sink);
      const signals: Signal[] = [];
      const onSignal = (one: Signal): number => signals.push(one);
      new MessageReader({ flags, peer: "p@h", onSignal, onTick() {} }).push(
        Buffer.concat(sink.pieces()),
      );
      expect(signals).toEqual([signal, signal, signal]);
    }
  },
);

test("every message of the table has a vector, and tag 5 and those above 37 do not exist", () => {
  const tested = new Set(vectors.map(([tag]) => tag));
  const tags = [...controlMessages.map(({ tag }) => tag), 37];
  expect(tags.filter((tag) => !tested.has(tag))).toEqual([]);
  const gaps = Array.from({ length: 256 }, (_, tag) => tag).filter((tag) => !tags.includes(tag));
  for (const tag of gaps) {
    const error = catching(() =>
      read(headers, `6803 61${tag.toString(16).padStart(2, "0")}`, P, M),
    );
    expect(error).toMatchObject({ code: "ERR_WIRE_CONTROL" });
  }
  expect(gaps).toHaveLength(256 - 30);
});

function catching(f: () => unknown): WireError {
  try {
    f();
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
    return error as WireError;
  }
  throw new Error("no error was thrown");
}

// ---- What a peer must not send (CT, part 12) -----------------------------------------------------

const SPAWN = (from: string, mfa: string): string => `6806 611d ${R} ${from} ${P} ${mfa} 6a`;

test.each([
  ["CT-01: no tuple", "6106"],
  ["CT-01: an empty tuple", "6800"],
  ["CT-02: tag 99", "6802 6163 6101"],
  ["CT-02: tag 38", `6803 6126 ${P} ${M}`],
  ["CM-5: tag 5, which nobody sends", `6803 6105 ${P} ${M}`],
  ["CT-03: a tag as bignum", `6803 6e0900 010000000000000001 ${P} ${M}`],
  ["CT-03: a negative tag", `6803 62ffffffff ${P} ${M}`],
  ["CT-03: a float as tag", `6803 463ff8000000000000 ${P} ${M}`],
  ["CT-03: 22.0 as tag", `6803 464036000000000000 ${P} ${M}`],
  ["CT-03: an atom as tag", `6803 770473656e64 ${P} ${M}`],
  ["CT-04: REG_SEND of two", `6802 6106 ${P}`],
  ["CT-04: SEND of five", `6805 6102 7700 ${M} 6a 6a`],
  ["CT-04: SPAWN_REQUEST of three", `6803 611d ${R} ${P}`],
  ["CT-04: SEND_SENDER of four", `6804 6116 ${P} ${M} 6a`],
  ["CT-05: a name that is an integer", `6804 6106 ${P} 7700 6101`],
  ["CT-05: a name that is a string", `6804 6106 ${P} 7700 6b000161`],
  ["CT-05: a name that is a pid", `6804 6106 ${P} 7700 ${M}`],
  ["REG_SEND from no pid", `6804 6106 6101 7700 ${NAME}`],
  ["ER-3: SEND to a name", `6803 6102 7700 ${NAME}`],
  ["ER-3: SEND_SENDER to a reference", `6803 6116 ${P} ${R}`],
  ["ER-3: ALIAS_SEND to a pid", `6803 6121 ${P} ${M}`],
  ["CT-07: LINK from a third node", `6803 6101 ${X} ${M}`],
  ["CT-07: LINK from our own node", `6803 6101 ${M} ${M}`],
  ["CT-07: EXIT from a third node", `6803 6118 ${X} ${M}`],
  ["CT-07: EXIT2 from our own node", `6803 611a ${M} ${M}`],
  ["CT-07: MONITOR_P from a third node", `6804 6113 ${X} ${M} ${R}`],
  ["CT-07: DEMONITOR_P from a third node", `6804 6114 ${X} ${M} ${R}`],
  ["CT-07: UNLINK_ID from a third node", `6804 6123 6101 ${X} ${M}`],
  ["CT-07: UNLINK_ID_ACK from a third node", `6804 6124 6101 ${X} ${M}`],
  ["CT-07: DOWN from a third node", `6804 611c ${X} ${M} ${R}`],
  ["CT-07: SPAWN_REQUEST from a third node", SPAWN(X, "6803 770161 770162 6100")],
  ["CT-07: a spawned process on a third node", `6805 611f ${R} ${M} 6100 ${X}`],
  ["MONITOR_P of an integer", `6804 6113 ${P} 6101 ${R}`],
  ["MONITOR_P without a reference", `6804 6113 ${P} ${M} 6101`],
  ["ER-9: unlink id 0", `6804 6123 6100 ${P} ${M}`],
  ["ER-9: unlink id -1", `6804 6123 62ffffffff ${P} ${M}`],
  ["ER-9: unlink id 2^64", `6804 6123 6e0900 000000000000000001 ${P} ${M}`],
  ["ER-9: unlink id 1.5", `6804 6123 463ff8000000000000 ${P} ${M}`],
  ["ER-9: unlink id as an atom", `6804 6123 770161 ${P} ${M}`],
  ["CM-4: UNLINK where UNLINK_ID is agreed", `6803 6104 ${P} ${M}`],
  ["GROUP_LEADER that is a name", `6803 6107 ${NAME} ${M}`],
  ["SPAWN_REQUEST of a pair", SPAWN(P, "6802 770161 770162")],
  ["SPAWN_REQUEST of no tuple", SPAWN(P, "6a")],
  ["SPAWN_REQUEST of a module 1", SPAWN(P, "6803 6101 770162 6100")],
  ["SPAWN_REQUEST of arity 256", SPAWN(P, "6803 770161 770162 6200000100")],
  ["SPAWN_REQUEST of arity -1", SPAWN(P, "6803 770161 770162 62ffffffff")],
  ["SG-57: SPAWN_REPLY with flags 2^27", `6805 611f ${R} ${M} 6208000000 ${P}`],
  ["SG-57: SPAWN_REPLY with an integer", `6805 611f ${R} ${M} 6100 6101`],
  ["CM-40: 37 with negative flags", `6804 6125 62ffffffff ${P} ${M}`],
  ["CM-40: 37 with flags 4.0", `6804 6125 464010000000000000 ${P} ${R}`],
  ["CM-40: 37 with alias and name", `6804 6125 610c ${P} ${R}`],
  ["CM-40: 37 with TOKEN and no token", `6804 6125 6102 ${P} ${M}`],
  ["CM-40: 37 to a pid with ALIAS", `6804 6125 6104 ${P} ${M}`],
  ["CM-40: 37 to a pid with NAME", `6804 6125 6108 ${P} ${M}`],
  ["CM-40: 37 to a reference without ALIAS", `6804 6125 6100 ${P} ${R}`],
  ["CM-40: 37 from no pid", `6804 6125 6100 6101 ${M}`],
  ["CM-40: 37 of three", `6803 6125 6100 ${P}`],
  ["CM-40: 37 as exit from a third node", `6804 6125 6110 ${X} ${M}`],
])("%s: closed", (_, control) => {
  const error = catching(() => read(headers, control, "6105"));
  expect(error).toMatchObject({ code: "ERR_WIRE_CONTROL", frame: 1, offset: 3 });
});

test("CM-40: higher flags and further elements of 37 are ignored, its flags may be a bignum", () => {
  const send = { type: "send", from: p, to: m, message: 5, token: undefined };
  expect(read(headers, `6804 6125 61e0 ${P} ${M}`, "6105")).toEqual([send]);
  expect(read(headers, `6806 6125 6100 ${P} ${M} 6a 6a`, "6105")).toEqual([send]);
  expect(read(headers, `6804 6125 6e0900 000000000000000001 ${P} ${M}`, "6105")).toEqual([send]);
  // Flags 4 + 2^64.
  expect(read(headers, `6804 6125 6e0900 040000000000000001 ${P} ${R}`, "6105")).toMatchObject([
    { type: "alias_send" },
  ]);
});

test("CM-42: a priority message to a pid or a name is an ordinary one", () => {
  expect(read(headers, `6804 6125 6101 ${P} ${M}`, "6105")).toEqual([
    { type: "send", from: p, to: m, message: 5, token: undefined },
  ]);
  expect(read(headers, `6804 6125 6109 ${P} ${NAME}`, "6105")).toEqual([
    { type: "reg_send", from: p, to: echo, message: 5, token: undefined },
  ]);
});

test("ID-9, CT-07: whoever an ordinary message says it is from, it is delivered", () => {
  expect(read(headers, `6803 6116 ${X} ${M}`, "6105")).toMatchObject([{ from: x }]);
  expect(read(headers, `6803 6116 6101 ${M}`, "6105")).toMatchObject([{ from: undefined }]);
  expect(read(headers, `6804 6106 ${X} 6101 ${NAME}`, "6105")).toMatchObject([{ from: x }]);
});

test("a process of the peer's former life may still be reported: only its node's name counts", () => {
  const former = "58 7703704068 0000000a 00000000 000000ff";
  expect(read(headers, `6803 6118 ${former} ${M}`, "6105")).toMatchObject([{ type: "exit" }]);
  expect(read(headers, `6804 611c ${former} ${M} ${R}`, "6105")).toMatchObject([{ type: "down" }]);
});

test("CT-18: tokens are carried whatever they are", () => {
  for (const garbage of ["6a", "6101", "6d00000001ff", "6c00000001 6101 6102"]) {
    const [signal] = read(headers, `6804 6117 ${P} ${M} ${garbage}`, "6105");
    expect(signal).toMatchObject({ type: "send", to: m, message: 5 });
    expect((signal as { token: unknown }).token).toBeDefined();
  }
});

test("CT-21: names that JavaScript objects have are names as any other", () => {
  for (const name of ["constructor", "__proto__", "toString"]) {
    const text = Buffer.from(name);
    const bytes = Buffer.concat([Buffer.from([119, text.length]), text]);
    const control = Buffer.concat([Buffer.from("68046106", "hex"), hexOf(P), hexOf("7700"), bytes]);
    expect(read(headers, control, "6105")).toMatchObject([{ to: atom(name) }]);
  }
});

function hexOf(text: string): Buffer {
  return frame(text).subarray(4);
}

test("true and false are legal names", () => {
  expect(read(headers, `6804 6106 ${P} 7700 770474727565`, "6105")).toMatchObject([{ to: true }]);
});

// ---- What the agreed flags have no message for ---------------------------------------------------

const inexpressible: [string, bigint, Signal][] = [
  [
    "a message to an alias without ALIAS and ALTACT_SIG",
    DFLAG_ALIAS | DFLAG_ALTACT_SIG,
    { type: "alias_send", from: p, to: r, message: 1, priority: false, token: undefined },
  ],
  [
    "a monitor without DIST_MONITOR_NAME",
    DFLAG_DIST_MONITOR_NAME,
    { type: "monitor", from: p, to: m, ref: r },
  ],
  [
    "a DOWN without DIST_MONITOR_NAME",
    DFLAG_DIST_MONITOR_NAME,
    { type: "down", from: p, to: m, ref: r, reason: 1 },
  ],
  [
    "a spawn request without SPAWN",
    DFLAG_SPAWN,
    {
      type: "spawn_request",
      ref: r,
      from: p,
      groupLeader: p,
      module: echo,
      function: echo,
      arity: 0,
      options: [],
      args: [],
      token: undefined,
    },
  ],
  [
    "an unlink ack without UNLINK_ID",
    DFLAG_UNLINK_ID,
    { type: "unlink_ack", id: 1n, from: p, to: m },
  ],
  [
    "exit/2 to a name without ALTACT_SIG",
    DFLAG_ALTACT_SIG,
    { type: "exit2", from: p, to: echo, reason: 1, priority: false, token: undefined },
  ],
  [
    "exit/2 to an alias without ALTACT_SIG",
    DFLAG_ALTACT_SIG,
    { type: "exit2", from: p, to: r, reason: 1, priority: true, token: undefined },
  ],
];

test.each(inexpressible)("%s cannot be expressed, and nothing is written", (_, without, signal) => {
  const writer = new MessageWriter({ flags: headers & ~without });
  const sink = new ByteSink();
  expect(writer.canExpress(signal)).toBe(false);
  const error = catching(() => writer.write(signal, sink));
  expect(error.code).toBe("ERR_WIRE_NOT_EXPRESSIBLE");
  expect(sink.totalBytes).toBe(0);
  expect(new MessageWriter({ flags: headers }).canExpress(signal)).toBe(true);
});

test("CM-42: without ALTACT_SIG a priority signal is an ordinary one", () => {
  const flags = headers & ~DFLAG_ALTACT_SIG;
  const exit: Signal = {
    type: "exit2",
    from: p,
    to: m,
    reason: 5,
    priority: true,
    token: undefined,
  };
  expect(write(flags, exit)).toBe(frame("8344 00", `6803 611a ${P} ${M}`, "6105").toString("hex"));
  const send: Signal = {
    type: "alias_send",
    from: p,
    to: r,
    message: 5,
    priority: true,
    token: undefined,
  };
  expect(write(flags, send)).toBe(frame("8344 00", `6803 6121 ${P} ${R}`, "6105").toString("hex"));
});

test("a message without a sender is a SEND, also where SEND_SENDER is agreed", () => {
  const send: Signal = {
    type: "send",
    from: undefined,
    to: m,
    message: atoms.ok,
    token: undefined,
  };
  expect(write(headers, send)).toBe(
    frame("8344 00", `6803 6102 7700 ${M}`, "77026f6b").toString("hex"),
  );
});
