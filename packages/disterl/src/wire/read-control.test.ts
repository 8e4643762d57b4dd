import { expect, test } from "vitest";
import { hex } from "../../../../test/vectors/wire/streams.ts";
import { atom } from "../term/atom.ts";
import { DFLAG_DIST_HDR_ATOM_CACHE, defaultFlags } from "./flags.ts";
import {
  catching,
  echo,
  M,
  m,
  NAME,
  P,
  p,
  R,
  read,
  X,
  x,
} from "../../../../test/vectors/wire/identifiers.ts";

const headers = defaultFlags() & ~DFLAG_DIST_HDR_ATOM_CACHE;

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
    const control = Buffer.concat([Buffer.from("68046106", "hex"), hex(P), hex("7700"), bytes]);
    expect(read(headers, control, "6105")).toMatchObject([{ to: atom(name) }]);
  }
});

test("true and false are legal names", () => {
  expect(read(headers, `6804 6106 ${P} 7700 770474727565`, "6105")).toMatchObject([{ to: true }]);
});
