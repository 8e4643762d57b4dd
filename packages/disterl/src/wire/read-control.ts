import type { Signal } from "../signal/signal.ts";
import { Atom } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { type AnyTuple, isTuple } from "../term/tuple.ts";
import type { Term } from "../term/term.ts";
import { readAltactSignal } from "./altact-signal.ts";
import { fieldKinds, type SignalOf, type SignalType, WRONG } from "./control-fields.ts";
import {
  ALTACT_SIG_SEND,
  type ControlMessage,
  controlMessages,
  MFA,
  REG_SEND,
  SEND_SENDER,
} from "./control-message.ts";
import { WireError } from "./errors.ts";
import { DFLAG_UNLINK_ID } from "./flags.ts";

/** Stands in a new signal for what is filled in next. */
const TO_COME = undefined as never;

/** New signals: one shape for each type, whatever message it came in. */
const blanks: { readonly [T in SignalType]: () => SignalOf<T> } = {
  send: () => ({ type: "send", from: undefined, to: TO_COME, message: TO_COME, token: undefined }),
  reg_send: () => ({
    type: "reg_send",
    from: TO_COME,
    to: TO_COME,
    message: TO_COME,
    token: undefined,
  }),
  alias_send: () => ({
    type: "alias_send",
    from: TO_COME,
    to: TO_COME,
    message: TO_COME,
    priority: false,
    token: undefined,
  }),
  link: () => ({ type: "link", from: TO_COME, to: TO_COME }),
  unlink: () => ({ type: "unlink", id: undefined, from: TO_COME, to: TO_COME }),
  unlink_ack: () => ({ type: "unlink_ack", id: TO_COME, from: TO_COME, to: TO_COME }),
  exit: () => ({ type: "exit", from: TO_COME, to: TO_COME, reason: TO_COME, token: undefined }),
  exit2: () => ({
    type: "exit2",
    from: TO_COME,
    to: TO_COME,
    reason: TO_COME,
    priority: false,
    token: undefined,
  }),
  monitor: () => ({ type: "monitor", from: TO_COME, to: TO_COME, ref: TO_COME }),
  demonitor: () => ({ type: "demonitor", from: TO_COME, to: TO_COME, ref: TO_COME }),
  down: () => ({ type: "down", from: TO_COME, to: TO_COME, ref: TO_COME, reason: TO_COME }),
  group_leader: () => ({ type: "group_leader", leader: TO_COME, to: TO_COME }),
  spawn_request: () => ({
    type: "spawn_request",
    ref: TO_COME,
    from: TO_COME,
    groupLeader: TO_COME,
    module: TO_COME,
    function: TO_COME,
    arity: TO_COME,
    options: TO_COME,
    args: TO_COME,
    token: undefined,
  }),
  spawn_reply: () => ({
    type: "spawn_reply",
    ref: TO_COME,
    to: TO_COME,
    flags: TO_COME,
    result: TO_COME,
    token: undefined,
  }),
};

/** Makes signals of control messages. */
export class ControlReader {
  /** The field that the payload of the message last read goes into; undefined for none. */
  payload: string | undefined = undefined;
  readonly #peer: Atom;
  readonly #messages: (ControlMessage | undefined)[] = [];

  /**
   * @param peer the name of the node at the other end.
   * @param flags the agreed flags.
   */
  constructor(peer: Atom, flags: bigint) {
    this.#peer = peer;
    for (const message of controlMessages) this.#messages[message.tag] = message;
    // OTP 26 and later close the connection on it as well.
    if ((flags & DFLAG_UNLINK_ID) !== 0n) this.#messages[4] = undefined;
  }

  /**
   * The signal of a control message, without its payload: {@link payload} says where that goes.
   * @param offset where the control message stands, for errors.
   */
  read(control: Term, offset: number): Signal {
    if (!isTuple(control) || control.length === 0) {
      throw wrong("a control message is a tuple that begins with its tag", offset);
    }
    const tag = control[0];
    const to = control[2];
    // The common two, by hand; the rest by the table, which gives the same.
    if (tag === SEND_SENDER && control.length === 3 && to instanceof Pid) {
      this.payload = "message";
      const from = control[1];
      return {
        type: "send",
        from: from instanceof Pid ? from : undefined,
        to,
        message: TO_COME,
        token: undefined,
      };
    }
    if (tag === REG_SEND && control.length === 4 && control[1] instanceof Pid) {
      const name = control[3];
      if (name instanceof Atom) {
        this.payload = "message";
        return {
          type: "reg_send",
          from: control[1],
          to: name,
          message: TO_COME,
          token: undefined,
        };
      }
    }
    if (tag === ALTACT_SIG_SEND) {
      const { signal, payload } = readAltactSignal(control, this.#peer, offset);
      this.payload = payload;
      return signal;
    }
    return this.#readByTable(control, offset);
  }

  #readByTable(control: AnyTuple, offset: number): Signal {
    const tag = control[0];
    const message = typeof tag === "number" ? this.#messages[tag] : undefined;
    if (message === undefined) {
      const found = typeof tag === "number" ? `tag ${tag}` : "a tag that is no small integer";
      throw wrong(`the control message has ${found}, which no agreed message has`, offset);
    }
    const { name, tag: known, elements, kinds } = message;
    if (control.length !== elements.length + 1) {
      const found = control.length;
      throw wrong(
        `${name} (${known}) is a ${elements.length + 1}-tuple, not a ${found}-tuple`,
        offset,
      );
    }
    const signal = blanks[message.type]();
    const fields = signal as unknown as Record<string, unknown>;
    for (let i = 0; i < elements.length; i++) {
      const element = elements[i] as string;
      const given = control[i + 1] as Term;
      const kind = kinds[i];
      if (kind !== undefined) {
        const value = kind.read(given, this.#peer);
        if (value === WRONG) {
          throw wrong(`${name} (${known}): ${element} must be ${kind.expected}`, offset);
        }
        fields[element] = value;
      } else if (element === MFA) {
        readMfa(given, fields, this.#peer, name, offset);
      }
    }
    this.payload = message.payload;
    return signal;
  }
}

const mfaFields = ["module", "function", "arity"] as const;

function readMfa(
  given: Term,
  fields: Record<string, unknown>,
  peer: Atom,
  name: string,
  offset: number,
): void {
  if (!isTuple(given) || given.length !== 3) {
    throw wrong(`${name}: the function to call must be ${MFA}`, offset);
  }
  mfaFields.forEach((field, i) => {
    const kind = fieldKinds.spawn_request[field];
    const value = kind?.read(given[i] as Term, peer);
    if (value === WRONG) throw wrong(`${name}: ${field} must be ${kind?.expected}`, offset);
    fields[field] = value;
  });
}

function wrong(reason: string, offset: number): WireError {
  return new WireError("ERR_WIRE_CONTROL", reason, { offset });
}
