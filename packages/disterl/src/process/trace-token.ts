import type { Pid } from "../term/pid.ts";
import type { Term } from "../term/term.ts";
import { isTuple, t, type Tuple } from "../term/tuple.ts";

/** A message of the system (`DOWN`, `EXIT`, a timer): it leaves the token of its receiver alone. */
export const KEEP_TOKEN = Symbol("keep the token");

/** What a message brings: a token, none, or {@link KEEP_TOKEN}. */
export type MessageToken = Term | typeof KEEP_TOKEN | undefined;

/** A message with what it brings, in a mailbox. */
export class Traced {
  readonly message: Term;
  readonly token: MessageToken;

  constructor(message: Term, token: MessageToken) {
    this.message = message;
    this.token = token;
  }
}

/** What a mailbox holds: messages, those with a token in a cover. */
export type Entry = Term | Traced;

export function messageOf(entry: Entry): Term {
  return entry instanceof Traced ? entry.message : entry;
}

/** `{Flags, Label, Serial, From, LastCount}`, as it goes over the wire (protocol CM-43). */
export type TraceToken = Tuple<readonly [Term, Term, Term, Term, Term]>;

/**
 * The sequential trace token of one process and its two counters. Mirrors `seq_trace_clock`,
 * `seq_trace_lastcnt` and `SEQ_TRACE_TOKEN` of the emulator: the label goes from message to message,
 * the numbers tell in which order.
 */
export class TraceState {
  /** Goes out with what the process sends; undefined when it is not traced. */
  token: TraceToken | undefined = undefined;
  #clock = 0;
  #lastCount = 0;

  /** A message was taken: its token is the process's from now on. */
  received(token: Term | undefined): void {
    const serial = isTuple(token, 5) ? token[2] : undefined;
    // Whatever a peer says is a token must be one that counts on.
    if (typeof serial !== "number" || !Number.isSafeInteger(serial) || serial < 0) {
      this.token = undefined;
      return;
    }
    this.token = token as TraceToken;
    this.#lastCount = serial;
    if (this.#clock < serial) this.#clock = serial;
  }

  /** The token of the next signal; the serial counts on. */
  sending(from: Pid): TraceToken | undefined {
    if (this.token === undefined) return undefined;
    const [flags, label] = this.token;
    this.#clock += 1;
    this.token = t(flags, label, this.#clock, from, this.#lastCount);
    return this.token;
  }
}
