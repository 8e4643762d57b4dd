import { expect, test } from "vitest";
import { frame } from "../../../../test/vectors/wire/streams.ts";
import { ByteSink } from "../bytes/byte-sink.ts";
import type { Signal } from "../signal/signal.ts";
import { atom } from "../term/atom.ts";
import { controlMessages } from "./control-message.ts";
import {
  DFLAG_ALTACT_SIG,
  DFLAG_DIST_HDR_ATOM_CACHE,
  DFLAG_EXIT_PAYLOAD,
  DFLAG_FRAGMENTS,
  DFLAG_SEND_SENDER,
  DFLAG_UNLINK_ID,
  defaultFlags,
} from "./flags.ts";
import { MessageReader } from "./message-reader.ts";
import { MessageWriter } from "./message-writer.ts";
import {
  catching,
  echo,
  M,
  m,
  NAME,
  P,
  p,
  R,
  r,
  read,
  TOK,
  token,
  write,
  X,
  x,
} from "../../../../test/vectors/wire/identifiers.ts";

const headers = defaultFlags() & ~DFLAG_DIST_HDR_ATOM_CACHE;

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
