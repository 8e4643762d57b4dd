import type { Atom } from "../term/atom.ts";
import type { Pid } from "../term/pid.ts";
import type { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";

/**
 * What processes say to each other, as data: one object per signal, whatever opcode carried it and
 * whether it came over a connection or from next door. Names follow `erl_dist_protocol`.
 *
 * `token` is the sequential trace token where the sender had one (the `_TT` opcodes): carried, never
 * interpreted.
 */
export type Signal =
  | Send
  | RegSend
  | AliasSend
  | Link
  | Unlink
  | UnlinkAck
  | Exit
  | Exit2
  | Monitor
  | Demonitor
  | Down
  | GroupLeader
  | SpawnRequest
  | SpawnReply;

/** A registered name; `true` and `false` are legal names. */
export type Name = Atom | boolean;

/** A message to a pid. `from` is informational; old opcodes do not carry it. */
export interface Send {
  readonly type: "send";
  readonly from: Pid | undefined;
  readonly to: Pid;
  readonly message: Term;
  readonly token: Term | undefined;
}

/** A message to a name on the receiving node. */
export interface RegSend {
  readonly type: "reg_send";
  readonly from: Pid;
  readonly to: Name;
  readonly message: Term;
  readonly token: Term | undefined;
}

/** A message to an alias of a process of the receiving node. */
export interface AliasSend {
  readonly type: "alias_send";
  readonly from: Pid;
  readonly to: Reference;
  readonly message: Term;
  /** OTP 28: honoured when the alias was made with the `priority` option. */
  readonly priority: boolean;
  readonly token: Term | undefined;
}

/** `link/1`: the two processes end together. */
export interface Link {
  readonly type: "link";
  readonly from: Pid;
  readonly to: Pid;
}

/** `id` is 1 … 2^64-1; undefined from peers without UNLINK_ID, who expect no ack. */
export interface Unlink {
  readonly type: "unlink";
  readonly id: bigint | undefined;
  readonly from: Pid;
  readonly to: Pid;
}

/** The answer to {@link Unlink}, with its `id`. */
export interface UnlinkAck {
  readonly type: "unlink_ack";
  readonly id: bigint;
  readonly from: Pid;
  readonly to: Pid;
}

/** A linked process ended. */
export interface Exit {
  readonly type: "exit";
  readonly from: Pid;
  readonly to: Pid;
  readonly reason: Term;
  readonly token: Term | undefined;
}

/** `exit(To, Reason)`. To a name or an alias only between nodes of OTP 28 and later. */
export interface Exit2 {
  readonly type: "exit2";
  readonly from: Pid;
  readonly to: Pid | Name | Reference;
  readonly reason: Term;
  readonly priority: boolean;
  readonly token: Term | undefined;
}

/** `monitor/2`: `from` wants to know when `to` ends. */
export interface Monitor {
  readonly type: "monitor";
  readonly from: Pid;
  readonly to: Pid | Name;
  readonly ref: Reference;
}

/** Takes back the {@link Monitor} with this reference. */
export interface Demonitor {
  readonly type: "demonitor";
  readonly from: Pid;
  readonly to: Pid | Name;
  readonly ref: Reference;
}

/** A monitored process ended; `from` is the pid or the name, as it was monitored. */
export interface Down {
  readonly type: "down";
  readonly from: Pid | Name;
  readonly to: Pid;
  readonly ref: Reference;
  readonly reason: Term;
}

/** `leader` becomes the group leader of `to`. */
export interface GroupLeader {
  readonly type: "group_leader";
  readonly leader: Pid;
  readonly to: Pid;
}

/** Asks for a process that runs `module:function(args)` (`spawn_request/5`). */
export interface SpawnRequest {
  readonly type: "spawn_request";
  readonly ref: Reference;
  readonly from: Pid;
  readonly groupLeader: Pid;
  readonly module: Name;
  readonly function: Name;
  readonly arity: number;
  readonly options: Term;
  readonly args: Term;
  readonly token: Term | undefined;
}

/** The answer to a {@link SpawnRequest}: the new process, or why there is none. */
export interface SpawnReply {
  readonly type: "spawn_reply";
  readonly ref: Reference;
  readonly to: Pid;
  /** Bit 0: a link was made; bit 1: a monitor was made. */
  readonly flags: number;
  /** The new process, or the error. */
  readonly result: Pid | Name;
  readonly token: Term | undefined;
}
