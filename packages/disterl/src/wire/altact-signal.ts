import type { AliasSend, Exit2, RegSend, Send, Signal } from "../signal/signal.ts";
import { Atom } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import type { AnyTuple } from "../term/tuple.ts";
import { WireError } from "./errors.ts";

/**
 * ALTACT_SIG_SEND, the message of OTP 28 for signals that are not from a plain pid to a plain pid:
 *
 *     {37, Flags, Sender, To}           and the payload
 *     {37, Flags, Sender, To, Token}    with TOKEN
 *
 * | flag  | bit | meaning                                               |
 * |-------|-----|-------------------------------------------------------|
 * | PRIO  | 1   | a priority signal                                     |
 * | TOKEN | 2   | there is a fifth element                              |
 * | ALIAS | 4   | To is a reference                                     |
 * | NAME  | 8   | To is an atom; a pid with neither                     |
 * | EXIT  | 16  | the payload is the reason of an `exit/2`, no message  |
 *
 * Only the low byte of Flags counts, and elements behind the token are ignored.
 *
 * Spec: erl_dist_protocol, ALTACT_SIG_SEND; `dist.c` of OTP 28 and 29.
 */
export const ALTACT_PRIO = 1;
export const ALTACT_TOKEN = 2;
export const ALTACT_ALIAS = 4;
export const ALTACT_NAME = 8;
export const ALTACT_EXIT = 16;

/** The flags of the signal; `to` decides ALIAS and NAME. */
export function altactFlags(signal: AliasSend | Exit2): number {
  return (
    (signal.priority ? ALTACT_PRIO : 0) |
    (signal.token === undefined ? 0 : ALTACT_TOKEN) |
    (signal.to instanceof Reference ? ALTACT_ALIAS : signal.to instanceof Pid ? 0 : ALTACT_NAME) |
    (signal.type === "exit2" ? ALTACT_EXIT : 0)
  );
}

const TO_COME = undefined as never;

/** The signal of such a message, its payload left out, and the field the payload goes into. */
export function readAltactSignal(
  control: AnyTuple,
  peer: Atom,
  offset: number,
): { signal: Signal; payload: "message" | "reason" } {
  const flags = lowByte(control[1]);
  const from = control[2];
  const to = control[3] as Term;
  const traced = (flags & ALTACT_TOKEN) !== 0;
  if (flags < 0) throw wrong("Flags must be an integer from 0 up", offset);
  if (control.length < (traced ? 5 : 4)) {
    throw wrong(`a tuple of ${traced ? 5 : 4} elements or more is expected`, offset);
  }
  if (!(from instanceof Pid)) throw wrong("Sender must be a pid", offset);
  const token = traced ? (control[4] as Term) : undefined;
  const priority = (flags & ALTACT_PRIO) !== 0;
  const where = flags & (ALTACT_ALIAS | ALTACT_NAME);
  if (where === (ALTACT_ALIAS | ALTACT_NAME)) throw wrong("To is both alias and name", offset);
  if ((flags & ALTACT_EXIT) !== 0) {
    if (from.node !== peer) throw wrong("Sender must be a pid of the sending node", offset);
    const target = addressOf(to, where, offset);
    const signal: Exit2 = { type: "exit2", from, to: target, reason: TO_COME, priority, token };
    return { signal, payload: "reason" };
  }
  return { signal: readSend(from, to, where, priority, token, offset), payload: "message" };
}

function readSend(
  from: Pid,
  to: Term,
  where: number,
  priority: boolean,
  token: Term | undefined,
  offset: number,
): Send | RegSend | AliasSend {
  const address = addressOf(to, where, offset);
  if (address instanceof Reference) {
    return { type: "alias_send", from, to: address, message: TO_COME, priority, token };
  }
  // Only an alias can have been made to take priority messages: elsewhere they are ordinary.
  if (address instanceof Pid) return { type: "send", from, to: address, message: TO_COME, token };
  return { type: "reg_send", from, to: address, message: TO_COME, token };
}

function addressOf(to: Term, where: number, offset: number): Pid | Reference | Atom | boolean {
  if (where === ALTACT_ALIAS) {
    if (to instanceof Reference) return to;
    throw wrong("To must be a reference", offset);
  }
  if (where === ALTACT_NAME) {
    if (to instanceof Atom || typeof to === "boolean") return to;
    throw wrong("To must be an atom", offset);
  }
  if (to instanceof Pid) return to;
  throw wrong("To must be a pid", offset);
}

function lowByte(flags: Term | undefined): number {
  if (typeof flags === "number" && flags >= 0 && Number.isInteger(flags)) return flags % 256;
  if (typeof flags === "bigint" && flags >= 0n) return Number(flags & 0xffn);
  return -1;
}

function wrong(reason: string, offset: number): WireError {
  return new WireError("ERR_WIRE_CONTROL", `ALTACT_SIG_SEND (37): ${reason}`, { offset });
}
