import type { ByteSink } from "../bytes/byte-sink.ts";
import type { TermEncoder } from "../etf/encode-term.ts";
import type { AtomRefs } from "../etf/leaf-writer.ts";
import type { AliasSend, Exit2, Signal } from "../signal/signal.ts";
import { atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import type { Term } from "../term/term.ts";
import { t } from "../term/tuple.ts";
import { altactFlags } from "./altact-signal.ts";
import {
  ALTACT_SIG_SEND,
  type ControlMessage,
  controlMessages,
  MFA,
  SEND_SENDER,
  UNUSED,
} from "./control-message.ts";
import { WireError } from "./errors.ts";
import { DFLAG_ALTACT_SIG, DFLAG_SEND_SENDER, flagNames } from "./flags.ts";

/** What a control message without a payload has. No term, and not what a program sends by mistake. */
export const NO_PAYLOAD = Symbol("no payload");

const SMALL_TUPLE_EXT = 104;
const SMALL_INTEGER_EXT = 97;

/** The message for a signal type, without and with a trace token; undefined: there is none. */
interface Choice {
  readonly plain: ControlMessage | undefined;
  readonly traced: ControlMessage | undefined;
}

/** For each type of signal what it is sent with. */
type Choices = ReadonlyMap<Signal["type"], Choice>;

/** Chooses the control message for a signal by the agreed flags, and writes it. */
export class ControlWriter {
  readonly #encoder: TermEncoder;
  readonly #altact: boolean;
  readonly #senders: boolean;
  readonly #flags: bigint;
  readonly #choices: Choices;

  /** @param flags the agreed flags. */
  constructor(encoder: TermEncoder, flags: bigint) {
    this.#encoder = encoder;
    this.#flags = flags;
    this.#altact = (flags & DFLAG_ALTACT_SIG) !== 0n;
    this.#senders = (flags & DFLAG_SEND_SENDER) !== 0n;
    // Most peers of a node have the same flags, and so the same table.
    if (lastChoices.flags !== flags) lastChoices = { flags, choices: choicesOf(flags) };
    this.#choices = lastChoices.choices;
  }

  /** Whether the agreed flags have a message for this signal. */
  canExpress(signal: Signal): boolean {
    return this.#usesAltact(signal) || this.#choose(signal) !== undefined;
  }

  /**
   * Writes the control message.
   * @returns the payload to be written behind it, or {@link NO_PAYLOAD}.
   */
  write(signal: Signal, sink: ByteSink, refs: AtomRefs | undefined): Term | typeof NO_PAYLOAD {
    // The most frequent message by hand; the table gives the same, a fifth slower.
    if (signal.type === "send" && this.#senders && signal.token === undefined) {
      const { from } = signal;
      if (from !== undefined) {
        this.#begin(sink, 3, SEND_SENDER);
        this.#encoder.encode(from, sink, refs);
        this.#encoder.encode(signal.to, sink, refs);
        return signal.message;
      }
    }
    if (this.#usesAltact(signal)) return this.#writeAltact(signal as AliasSend | Exit2, sink, refs);
    const message = this.#choose(signal);
    if (message === undefined) throw this.#notExpressible(signal);
    const { elements, payload } = message;
    this.#begin(sink, elements.length + 1, message.tag);
    const fields = signal as unknown as Record<string, Term>;
    for (let i = 0; i < elements.length; i++) {
      const element = elements[i] as string;
      const field =
        element === UNUSED || element === MFA ? other(element, signal) : fields[element];
      this.#encoder.encode(field as Term, sink, refs);
    }
    return payload === undefined ? NO_PAYLOAD : (fields[payload] as Term);
  }

  #begin(sink: ByteSink, arity: number, tag: number): void {
    sink.ensure(4);
    const { buffer } = sink;
    let at = sink.length;
    buffer[at++] = SMALL_TUPLE_EXT;
    buffer[at++] = arity;
    buffer[at++] = SMALL_INTEGER_EXT;
    buffer[at++] = tag;
    sink.length = at;
  }

  #usesAltact(signal: Signal): boolean {
    if (!this.#altact) return false;
    if (signal.type === "alias_send") return true;
    return signal.type === "exit2" && (signal.priority || !(signal.to instanceof Pid));
  }

  #writeAltact(signal: AliasSend | Exit2, sink: ByteSink, refs: AtomRefs | undefined): Term {
    const { token } = signal;
    this.#begin(sink, token === undefined ? 4 : 5, ALTACT_SIG_SEND);
    sink.ensure(2);
    sink.buffer[sink.length++] = SMALL_INTEGER_EXT;
    sink.buffer[sink.length++] = altactFlags(signal);
    this.#encoder.encode(signal.from, sink, refs);
    this.#encoder.encode(signal.to, sink, refs);
    if (token !== undefined) this.#encoder.encode(token, sink, refs);
    return signal.type === "exit2" ? signal.reason : signal.message;
  }

  #choose(signal: Signal): ControlMessage | undefined {
    let choice = this.#choices.get(signal.type) as Choice;
    if (signal.type === "send" && signal.from === undefined) choice = anonymousSend;
    if (signal.type === "exit2" && !(signal.to instanceof Pid)) return undefined;
    const { token } = signal as { readonly token?: Term };
    return token === undefined ? choice.plain : choice.traced;
  }

  #notExpressible(signal: Signal): WireError {
    return new WireError(
      "ERR_WIRE_NOT_EXPRESSIBLE",
      `the peer has no message for this ${signal.type}: agreed are ${flagNames(this.#flags).join(", ")}`,
    );
  }
}

let lastChoices: { readonly flags: bigint; readonly choices: Choices } = {
  flags: -1n,
  choices: new Map(),
};

function choicesOf(flags: bigint): Choices {
  const usable = controlMessages.filter(
    ({ needs, unless }) => (needs & flags) === needs && (unless & flags) === 0n,
  );
  return new Map(
    controlMessages.map(({ type }) => [
      type,
      choiceOf(usable.filter((message) => message.type === type)),
    ]),
  );
}

/** For a message that nobody is said to have sent. */
const anonymousSend: Choice = choiceOf(
  controlMessages.filter(({ name }) => name === "SEND" || name === "SEND_TT"),
);

function choiceOf(messages: readonly ControlMessage[]): Choice {
  return {
    plain: messages.find(({ traced }) => !traced),
    traced: messages.find(({ traced }) => traced),
  };
}

/** What stands in an element that is no field of the signal. */
function other(element: string, signal: Signal): Term {
  if (element === UNUSED) return atoms.empty;
  return signal.type === "spawn_request"
    ? t(signal.module, signal.function, signal.arity)
    : atoms.empty;
}
