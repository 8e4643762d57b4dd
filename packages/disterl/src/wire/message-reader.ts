import { TermDecoder } from "../etf/decode-term.ts";
import { EtfError } from "../etf/errors.ts";
import type { DecodeOptions } from "../etf/leaf-reader.ts";
import type { Signal } from "../signal/signal.ts";
import { type Atom, atom } from "../term/atom.ts";
import type { Term } from "../term/term.ts";
import {
  DIST_FRAG_CONT,
  DIST_FRAG_HEADER,
  DIST_HEADER,
  DistHeader,
  PASS_THROUGH,
  VERSION_MAGIC,
} from "./dist-header.ts";
import { WireError } from "./errors.ts";
import { DFLAG_DIST_HDR_ATOM_CACHE, DFLAG_FRAGMENTS } from "./flags.ts";
import { FragmentAssembler, type Sequence } from "./fragment-assembler.ts";
import { FrameSplitter, HEAD_BYTES } from "./frame-splitter.ts";
import { type WireLimits, wireLimits } from "./limits.ts";
import { ControlReader } from "./read-control.ts";

/** Options of {@link MessageReader}. */
export interface MessageReaderOptions {
  /** The flags agreed in the handshake. */
  readonly flags: bigint;
  /** The name of the node at the other end. */
  readonly peer: string;
  readonly limits?: Partial<WireLimits>;
  /** How terms are decoded, and the limits of one term; `limits.atoms` is for the connection. */
  readonly decode?: DecodeOptions;
  /** Called for every signal, in the order of the wire, with the bytes it took there. */
  onSignal(signal: Signal, bytes: number): void;
  /** Called once for every push that brought a tick or more. */
  onTick(): void;
}

/** Counters of a {@link MessageReader}. */
export interface ReadCounts {
  /** Frames, ticks not among them. */
  readonly frames: number;
  readonly ticks: number;
  /** Frames that were a further fragment of a message. */
  readonly fragments: number;
  /** Slots of the atom cache that the peer has filled; at most 2048. */
  readonly cachedAtoms: number;
}

/** What the first fragment of a message says about the rest. */
interface Opening {
  readonly signal: Signal;
  readonly payload: string | undefined;
  /** The atoms of the header. */
  readonly refs: readonly (Atom | boolean)[];
}

/**
 * Bytes of a connection in, signals out: frames, distribution header and atom cache, fragments,
 * control messages and terms.
 *
 * ```
 * | Length:32 | 131 68 | header | control | payload |                 one frame is one signal
 * | Length:32 | 131 69 | Seq:64 Frag:64 | header | control | part |  the first of several frames
 * | Length:32 | 131 70 | Seq:64 Frag:64 | part |                      the further ones
 * | Length:32 | 112 | 131 control | 131 payload |                    neither header nor fragments agreed
 * | 0:32 |                                                           tick
 * ```
 *
 * A signal is handed on when its last byte has arrived, from within {@link push}. Whatever a peer
 * does wrong ends in one {@link WireError} from `push`; from then on the reader gives that error
 * only. An error that `onSignal` throws has the same effect.
 */
export class MessageReader {
  readonly #onSignal: (signal: Signal, bytes: number) => void;
  readonly #onTick: () => void;
  readonly #splitter: FrameSplitter;
  readonly #decoder: TermDecoder;
  /** For control messages: as `#decoder`, but with integers that are numbers. */
  readonly #controlDecoder: TermDecoder;
  readonly #header: DistHeader;
  readonly #assembler: FragmentAssembler<Opening>;
  readonly #control: ControlReader;
  /** Whether frames have a distribution header. */
  readonly #headers: boolean;
  readonly #fragments: boolean;
  #failure: Error | undefined = undefined;

  constructor(options: MessageReaderOptions) {
    const { flags, decode } = options;
    const cached = (flags & DFLAG_DIST_HDR_ATOM_CACHE) !== 0n;
    this.#fragments = (flags & DFLAG_FRAGMENTS) !== 0n;
    this.#headers = cached || this.#fragments;
    const limits = wireLimits(options.limits ?? {}, this.#fragments);
    this.#onSignal = (signal, bytes) => options.onSignal(signal, bytes);
    this.#onTick = () => options.onTick();
    this.#splitter = new FrameSplitter(this, limits.frameBytes);
    this.#decoder = new TermDecoder(decode);
    this.#controlDecoder =
      decode?.integers === "bigint"
        ? new TermDecoder({ ...decode, integers: "auto" })
        : this.#decoder;
    this.#header = new DistHeader(this.#decoder, cached);
    this.#assembler = new FragmentAssembler(limits);
    this.#control = new ControlReader(atom(options.peer), flags);
  }

  /** Bytes held of messages whose fragments have not all arrived. */
  get fragmentBytes(): number {
    return this.#assembler.bytes;
  }

  /** What has arrived so far. */
  get counts(): ReadCounts {
    return {
      frames: this.#splitter.frames,
      ticks: this.#splitter.ticks,
      fragments: this.#assembler.continued,
      cachedAtoms: this.#header.cachedAtoms,
    };
  }

  /**
   * Takes the next bytes of the connection. `chunk` is the caller's again when this returns.
   * @throws WireError when the peer broke the protocol or went over a limit.
   */
  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      if (this.#splitter.push(chunk)) this.#onTick();
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Throws away messages whose fragments stopped coming: to be called now and then.
   * @param now milliseconds of any steady clock.
   * @throws WireError when one has stood still for longer than `limits.fragIdleMs`.
   */
  sweep(now: number): void {
    if (this.#failure !== undefined) return;
    try {
      this.#assembler.sweep(now);
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * No more signals, from within `onSignal` too; frees what is held. Later pushes do nothing.
   */
  stop(): void {
    this.#splitter.stopped = true;
    this.#assembler.clear();
  }

  /** @internal */
  frame(bytes: Uint8Array, start: number, end: number, retain: boolean): void {
    let signal: Signal | undefined;
    this.#signalBytes = end - start;
    try {
      signal = this.#headers
        ? this.#readFrame(bytes, start, end, retain)
        : this.#readPassThrough(bytes, start, end, retain);
    } catch (error) {
      throw this.#placedError(error, start);
    }
    if (signal !== undefined) this.#onSignal(signal, this.#signalBytes);
  }

  /** @internal */
  place(head: Uint8Array, length: number): Uint8Array | undefined {
    if (!this.#fragments || head[0] !== VERSION_MAGIC || head[1] !== DIST_FRAG_CONT) {
      return undefined;
    }
    try {
      this.#placedLength = length - HEAD_BYTES;
      return this.#assembler.place(head, length);
    } catch (error) {
      throw this.#placedError(error, 0);
    }
  }

  #placedLength = 0;
  #signalBytes = 0;

  /** @internal */
  placed(): void {
    const message = this.#assembler.placed(this.#placedLength);
    if (message === undefined) return;
    let signal: Signal;
    try {
      signal = this.#assembled(message);
      this.#release();
    } catch (error) {
      throw this.#placedError(error, 0);
    }
    this.#onSignal(signal, this.#signalBytes);
  }

  #readFrame(bytes: Uint8Array, start: number, end: number, retain: boolean): Signal | undefined {
    const kind = bytes[start + 1];
    if (bytes[start] !== VERSION_MAGIC || end - start < 2) throw this.#wrongKind(bytes, start, end);
    if (kind === DIST_HEADER) {
      const at = this.#header.read(bytes, start + 2, end);
      return this.#readWhole(bytes, at, end, retain);
    }
    if (!this.#fragments) throw this.#wrongKind(bytes, start, end);
    if (kind === DIST_FRAG_HEADER) return this.#readFirst(bytes, start + 2, end, retain);
    if (kind !== DIST_FRAG_CONT) throw this.#wrongKind(bytes, start, end);
    const message = this.#assembler.next(bytes, start + 2, end);
    return message === undefined ? undefined : this.#assembled(message);
  }

  /** Control message and payload, at `at`. */
  #readWhole(bytes: Uint8Array, at: number, end: number, retain: boolean): Signal {
    const signal = this.#readControl(bytes, at, end, this.#header.refs);
    const field = this.#control.payload;
    if (field === undefined) return signal;
    const payload = this.#controlDecoder.position;
    this.#readPayload(signal, field, bytes, payload, end, this.#header.refs, retain);
    return signal;
  }

  #readFirst(bytes: Uint8Array, ids: number, end: number, retain: boolean): Signal | undefined {
    const count = this.#assembler.check(bytes, ids, end);
    const at = this.#header.read(bytes, ids + 16, end);
    if (count === 1) return this.#readWhole(bytes, at, end, retain);
    const signal = this.#readControl(bytes, at, end, this.#header.refs);
    const opening = { signal, payload: this.#control.payload, refs: this.#header.refs.slice() };
    const start = this.#controlDecoder.position;
    this.#assembler.first(opening, bytes, { ids, start, end, retain });
    return undefined;
  }

  #assembled({ opening, buffer, length }: Sequence<Opening>): Signal {
    const { signal, payload, refs } = opening;
    this.#signalBytes = length;
    if (payload === undefined) return signal;
    // Memory that is mostly unused is not kept alive by a binary that points into it.
    const retain = buffer.length <= 2 * length;
    this.#readPayload(signal, payload, buffer, 0, length, refs, retain);
    return signal;
  }

  #readPassThrough(bytes: Uint8Array, start: number, end: number, retain: boolean): Signal {
    if (bytes[start] !== PASS_THROUGH || end - start < 2 || bytes[start + 1] !== VERSION_MAGIC) {
      throw this.#wrongKind(bytes, start, end);
    }
    const signal = this.#readControl(bytes, start + 2, end, undefined);
    const field = this.#control.payload;
    if (field === undefined) return signal;
    const at = this.#controlDecoder.position;
    if (at < end && bytes[at] !== VERSION_MAGIC) {
      throw new WireError("ERR_WIRE_PAYLOAD", "the payload does not begin with 131", {
        offset: at,
      });
    }
    this.#readPayload(signal, field, bytes, at + 1, end, undefined, retain);
    return signal;
  }

  #readControl(
    bytes: Uint8Array,
    at: number,
    end: number,
    refs: readonly (Atom | boolean)[] | undefined,
  ): Signal {
    let control: Term;
    try {
      control = this.#controlDecoder.decode(bytes, at, end, refs, false);
    } catch (error) {
      throw notATerm("ERR_WIRE_CONTROL", "the control message", at, error);
    }
    return this.#control.read(control, at);
  }

  #readPayload(
    signal: Signal,
    field: string,
    bytes: Uint8Array,
    at: number,
    end: number,
    refs: readonly (Atom | boolean)[] | undefined,
    retain: boolean,
  ): void {
    if (at >= end) {
      throw new WireError("ERR_WIRE_PAYLOAD", `a ${signal.type} came without its ${field}`, {
        offset: end,
      });
    }
    try {
      const payload = this.#decoder.decode(bytes, at, end, refs, retain);
      (signal as unknown as Record<string, Term>)[field] = payload;
    } catch (error) {
      throw notATerm("ERR_WIRE_PAYLOAD", `the ${field} of a ${signal.type}`, at, error);
    }
  }

  /** The decoders must not keep a large frame alive until the next one comes. */
  #release(): void {
    this.#decoder.release();
    this.#controlDecoder.release();
  }

  #wrongKind(bytes: Uint8Array, start: number, end: number): WireError {
    const expected = this.#headers
      ? `131 and 68${this.#fragments ? ", 69 or 70" : ""}`
      : "112 and 131";
    const found = [...bytes.subarray(start, Math.min(end, start + 2))].join(" and ");
    const reason = `a frame begins with ${expected} here, not with ${found}`;
    return new WireError("ERR_WIRE_FRAME_KIND", reason, { offset: start });
  }

  #placedError(error: unknown, start: number): unknown {
    // Only the header's atoms are decoded outside readControl and readPayload.
    const what = "an atom of the distribution header";
    const placed = notATerm("ERR_WIRE_HEADER", what, start, error);
    return placed instanceof WireError ? placed.inFrame(this.#splitter.frames, start) : placed;
  }

  #fail(error: unknown): never {
    this.#failure = error instanceof Error ? error : new Error(String(error), { cause: error });
    this.stop();
    throw this.#failure;
  }
}

function notATerm(
  code: "ERR_WIRE_CONTROL" | "ERR_WIRE_PAYLOAD" | "ERR_WIRE_HEADER",
  what: string,
  offset: number,
  error: unknown,
): unknown {
  if (!(error instanceof EtfError)) return error;
  // Its message counts from the beginning of the chunk; ours says where in the frame.
  const why = error.message.replace(/ \(at byte \d+\)$/, "");
  return new WireError(code, `${what} cannot be decoded: ${why}`, {
    offset: error.offset ?? offset,
    cause: error,
  });
}
