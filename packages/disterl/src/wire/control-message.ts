import {
  DFLAG_ALIAS,
  DFLAG_ALTACT_SIG,
  DFLAG_DIST_MONITOR,
  DFLAG_DIST_MONITOR_NAME,
  DFLAG_EXIT_PAYLOAD,
  DFLAG_SEND_SENDER,
  DFLAG_SPAWN,
  DFLAG_UNLINK_ID,
} from "./flags.ts";
import { type FieldKind, type FieldOf, fieldKinds, type SignalType } from "./control-fields.ts";

/** An element that nobody looks at: once the cookie. `''` is written, anything is read. */
export const UNUSED = "''";
/** `{Module, Function, Arity}`: three fields of a spawn request in one element. */
export const MFA = "{module, function, arity}";

/** The tag of the message that stands for several signals: see `altact-signal.ts`. */
export const ALTACT_SIG_SEND = 37;
/** The tags of the messages that are read or written by hand, besides by the table. */
export const SEND_SENDER = 22;
export const REG_SEND = 6;

/** One kind of control message: `{Tag, Element, …}`, and a payload or none. */
export interface ControlMessage {
  readonly tag: number;
  /** As in `erl_dist_protocol`. */
  readonly name: string;
  readonly type: SignalType;
  /** What stands behind the tag: names of the signal's fields, {@link UNUSED} or {@link MFA}. */
  readonly elements: readonly string[];
  /** The kinds of the elements, where they are fields. */
  readonly kinds: readonly (FieldKind | undefined)[];
  /** The field that travels as payload, behind the control message. */
  readonly payload: string | undefined;
  /** Whether it carries a sequential trace token. */
  readonly traced: boolean;
  /** Flags that must be agreed for it to be sent. */
  readonly needs: bigint;
  /** Flags of which none must be agreed for it to be sent: they bring another message for this. */
  readonly unless: bigint;
}

type Element<T extends SignalType> =
  | FieldOf<T>
  | typeof UNUSED
  | (T extends "spawn_request" ? typeof MFA : never);

interface When<T extends SignalType> {
  readonly payload?: FieldOf<T>;
  readonly needs?: bigint;
  readonly unless?: bigint;
}

function control<const T extends SignalType>(
  tag: number,
  name: string,
  type: T,
  elements: readonly Element<T>[],
  { payload, needs = 0n, unless = 0n }: When<T> = {},
): ControlMessage {
  const known: Record<string, FieldKind | undefined> = fieldKinds[type];
  const kinds = elements.map((element) => known[element]);
  const traced = (elements as readonly string[]).includes("token");
  return { tag, name, type, elements, kinds, payload, traced, needs, unless };
}

const MONITOR = DFLAG_DIST_MONITOR | DFLAG_DIST_MONITOR_NAME;

/**
 * Every control message but {@link ALTACT_SIG_SEND}, for both directions: what stands where, and
 * with which flags it is the one to send. What is received is understood whatever the flags, except
 * UNLINK, which nodes that agreed on UNLINK_ID must not send.
 *
 * Spec: erl_dist_protocol, "Protocol between Connected Nodes"; `dist.c`.
 */
export const controlMessages: readonly ControlMessage[] = [
  control(1, "LINK", "link", ["from", "to"]),
  control(2, "SEND", "send", [UNUSED, "to"], { payload: "message", unless: DFLAG_SEND_SENDER }),
  control(3, "EXIT", "exit", ["from", "to", "reason"], { unless: DFLAG_EXIT_PAYLOAD }),
  control(4, "UNLINK", "unlink", ["from", "to"], { unless: DFLAG_UNLINK_ID }),
  control(REG_SEND, "REG_SEND", "reg_send", ["from", UNUSED, "to"], { payload: "message" }),
  control(7, "GROUP_LEADER", "group_leader", ["leader", "to"]),
  control(8, "EXIT2", "exit2", ["from", "to", "reason"], { unless: DFLAG_EXIT_PAYLOAD }),
  control(12, "SEND_TT", "send", [UNUSED, "to", "token"], {
    payload: "message",
    unless: DFLAG_SEND_SENDER,
  }),
  control(13, "EXIT_TT", "exit", ["from", "to", "token", "reason"], {
    unless: DFLAG_EXIT_PAYLOAD,
  }),
  control(16, "REG_SEND_TT", "reg_send", ["from", UNUSED, "to", "token"], { payload: "message" }),
  control(18, "EXIT2_TT", "exit2", ["from", "to", "token", "reason"], {
    unless: DFLAG_EXIT_PAYLOAD,
  }),
  control(19, "MONITOR_P", "monitor", ["from", "to", "ref"], { needs: MONITOR }),
  control(20, "DEMONITOR_P", "demonitor", ["from", "to", "ref"], { needs: MONITOR }),
  control(21, "MONITOR_P_EXIT", "down", ["from", "to", "ref", "reason"], {
    needs: MONITOR,
    unless: DFLAG_EXIT_PAYLOAD,
  }),
  control(SEND_SENDER, "SEND_SENDER", "send", ["from", "to"], {
    payload: "message",
    needs: DFLAG_SEND_SENDER,
  }),
  control(23, "SEND_SENDER_TT", "send", ["from", "to", "token"], {
    payload: "message",
    needs: DFLAG_SEND_SENDER,
  }),
  control(24, "PAYLOAD_EXIT", "exit", ["from", "to"], {
    payload: "reason",
    needs: DFLAG_EXIT_PAYLOAD,
  }),
  control(25, "PAYLOAD_EXIT_TT", "exit", ["from", "to", "token"], {
    payload: "reason",
    needs: DFLAG_EXIT_PAYLOAD,
  }),
  control(26, "PAYLOAD_EXIT2", "exit2", ["from", "to"], {
    payload: "reason",
    needs: DFLAG_EXIT_PAYLOAD,
  }),
  control(27, "PAYLOAD_EXIT2_TT", "exit2", ["from", "to", "token"], {
    payload: "reason",
    needs: DFLAG_EXIT_PAYLOAD,
  }),
  control(28, "PAYLOAD_MONITOR_P_EXIT", "down", ["from", "to", "ref"], {
    payload: "reason",
    needs: MONITOR | DFLAG_EXIT_PAYLOAD,
  }),
  control(29, "SPAWN_REQUEST", "spawn_request", ["ref", "from", "groupLeader", MFA, "options"], {
    payload: "args",
    needs: DFLAG_SPAWN,
  }),
  control(
    30,
    "SPAWN_REQUEST_TT",
    "spawn_request",
    ["ref", "from", "groupLeader", MFA, "options", "token"],
    { payload: "args", needs: DFLAG_SPAWN },
  ),
  control(31, "SPAWN_REPLY", "spawn_reply", ["ref", "to", "flags", "result"], {
    needs: DFLAG_SPAWN,
  }),
  control(32, "SPAWN_REPLY_TT", "spawn_reply", ["ref", "to", "flags", "result", "token"], {
    needs: DFLAG_SPAWN,
  }),
  control(33, "ALIAS_SEND", "alias_send", ["from", "to"], {
    payload: "message",
    needs: DFLAG_ALIAS,
    unless: DFLAG_ALTACT_SIG,
  }),
  control(34, "ALIAS_SEND_TT", "alias_send", ["from", "to", "token"], {
    payload: "message",
    needs: DFLAG_ALIAS,
    unless: DFLAG_ALTACT_SIG,
  }),
  control(35, "UNLINK_ID", "unlink", ["id", "from", "to"], { needs: DFLAG_UNLINK_ID }),
  control(36, "UNLINK_ID_ACK", "unlink_ack", ["id", "from", "to"], { needs: DFLAG_UNLINK_ID }),
];
