import type { Signal } from "../signal/signal.ts";
import { Atom } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";

/** What tells signals apart: `send`, `link`, `exit`, … */
export type SignalType = Signal["type"];

/** The signal with this `type`. */
export type SignalOf<T extends SignalType> = Extract<Signal, { readonly type: T }>;

/** A field of that signal, by name. */
export type FieldOf<T extends SignalType> = Exclude<keyof SignalOf<T>, "type"> & string;

/** What {@link FieldKind.read} gives for an element that the message must not have. */
export const WRONG: unique symbol = Symbol("wrong");

/** What an element of a control message must be, and what the signal holds of it. */
export interface FieldKind {
  /** For error messages: "expected …". */
  readonly expected: string;
  /** @param peer the name of the node at the other end. */
  read(value: Term, peer: Atom): unknown;
}

function kind(expected: string, accepts: (value: Term, peer: Atom) => boolean): FieldKind {
  return { expected, read: (value, peer) => (accepts(value, peer) ? value : WRONG) };
}

const isName = (value: Term): boolean => value instanceof Atom || typeof value === "boolean";
const isTheirs = (value: Term, peer: Atom): boolean => value instanceof Pid && value.node === peer;
const isCount = (value: Term, below: number): boolean =>
  typeof value === "number" && value >= 0 && value < below;

const anything = kind("any term", () => true);
const pid = kind("a pid", (value) => value instanceof Pid);
const reference = kind("a reference", (value) => value instanceof Reference);
const name = kind("an atom", isName);
const pidOrName = kind("a pid or an atom", (value) => value instanceof Pid || isName(value));
/**
 * Who makes or ends a relation must be of the peer's node, or a node could break the links of
 * others. The creation is not looked at: a link to a process of the node's former life is answered
 * in the name of that process.
 */
const theirPid = kind("a pid of the sending node", isTheirs);
const theirPidOrName = kind(
  "a pid of the sending node, or an atom",
  (value, peer) => isTheirs(value, peer) || isName(value),
);
/** The sender of an ordinary message is for tracing only: what is no pid is no sender. */
const sender: FieldKind = {
  expected: "any term",
  read: (value) => (value instanceof Pid ? value : undefined),
};

function unlinkId(from: bigint): FieldKind {
  return {
    expected: `an integer from ${from} to 2^64-1`,
    read(value) {
      if (typeof value !== "number" && typeof value !== "bigint") return WRONG;
      if (typeof value === "number" && !Number.isInteger(value)) return WRONG;
      const id = BigInt(value);
      return id >= from && id < 1n << 64n ? id : WRONG;
    },
  };
}

/** The kind of every field that can be an element of a control message, by signal. */
export const fieldKinds: { readonly [T in SignalType]: Partial<Record<FieldOf<T>, FieldKind>> } = {
  send: { from: sender, to: pid, token: anything },
  reg_send: { from: pid, to: name, token: anything },
  alias_send: { from: pid, to: reference, token: anything },
  link: { from: theirPid, to: pid },
  unlink: { id: unlinkId(1n), from: theirPid, to: pid },
  unlink_ack: { id: unlinkId(0n), from: theirPid, to: pid },
  exit: { from: theirPid, to: pid, reason: anything, token: anything },
  exit2: { from: theirPid, to: pid, reason: anything, token: anything },
  monitor: { from: theirPid, to: pidOrName, ref: reference },
  demonitor: { from: theirPid, to: pidOrName, ref: reference },
  down: { from: theirPidOrName, to: pid, ref: reference, reason: anything },
  group_leader: { leader: pid, to: pid },
  spawn_request: {
    ref: reference,
    from: theirPid,
    groupLeader: pid,
    module: name,
    function: name,
    arity: kind("an integer from 0 to 255", (value) => isCount(value, 256)),
    options: anything,
    token: anything,
  },
  spawn_reply: {
    ref: reference,
    to: pid,
    flags: kind("an integer from 0 to 2^27-1", (value) => isCount(value, 2 ** 27)),
    result: theirPidOrName,
    token: anything,
  },
};
