import { expect, test } from "vitest";
import { frame } from "../../../../test/vectors/wire/streams.ts";
import { ByteSink } from "../bytes/byte-sink.ts";
import type { Signal } from "../signal/signal.ts";
import { atoms } from "../term/atom.ts";
import {
  DFLAG_ALIAS,
  DFLAG_ALTACT_SIG,
  DFLAG_DIST_HDR_ATOM_CACHE,
  DFLAG_DIST_MONITOR_NAME,
  DFLAG_SPAWN,
  DFLAG_UNLINK_ID,
  defaultFlags,
} from "./flags.ts";
import { MessageWriter } from "./message-writer.ts";
import {
  catching,
  echo,
  M,
  m,
  P,
  p,
  R,
  r,
  write,
} from "../../../../test/vectors/wire/identifiers.ts";

const headers = defaultFlags() & ~DFLAG_DIST_HDR_ATOM_CACHE;

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
