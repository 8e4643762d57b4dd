import type { ByteSink } from "../bytes/byte-sink.ts";
import { TermEncoder } from "../etf/encode-term.ts";
import type { Name, Signal } from "../signal/signal.ts";
import type { Pid } from "../term/pid.ts";
import { DIST_FRAG_HEADER, DIST_HEADER, PASS_THROUGH, VERSION_MAGIC } from "./dist-header.ts";
import { WireError } from "./errors.ts";
import { DFLAG_DIST_HDR_ATOM_CACHE, DFLAG_FRAGMENTS } from "./flags.ts";
import { FRAGMENT_BYTES } from "./fragment-assembler.ts";
import { FragmentCutter, type Fragments, PieceQueue, writeFragmentIds } from "./fragment-cutter.ts";
import { OutgoingAtoms } from "./outgoing-atoms.ts";
import { ControlWriter, NO_PAYLOAD } from "./write-control.ts";

/** Longest frame that nodes accept: lengths are signed in some of them. */
const MAX_FRAME_BYTES = 0x7fffffff;

/** Options of {@link MessageWriter}. */
export interface MessageWriterOptions {
  /** The flags agreed in the handshake. */
  readonly flags: bigint;
}

/**
 * Signals in, the bytes of a connection out: the mirror of `MessageReader`.
 *
 * Terms are encoded straight into the sink, behind a gap for what stands in front of them: length
 * and distribution header. How long the header is shows only afterwards (it lists the atoms that the
 * terms turned out to have), so the gap is made as long as the last header was, and the terms are
 * moved where that was wrong.
 *
 * What is written must reach the peer in the order of writing: each message relies on the atom cache
 * as the messages before left it.
 */
export class MessageWriter {
  readonly #atoms: OutgoingAtoms | undefined;
  readonly #headers: boolean;
  readonly #fragments: boolean;
  readonly #encoder = new TermEncoder();
  readonly #control: ControlWriter;
  /** Bytes left free in front of the control message. */
  #gap = 7;
  #sequence = 0;

  constructor({ flags }: MessageWriterOptions) {
    const cached = (flags & DFLAG_DIST_HDR_ATOM_CACHE) !== 0n;
    this.#fragments = (flags & DFLAG_FRAGMENTS) !== 0n;
    this.#headers = cached || this.#fragments;
    this.#atoms = cached ? new OutgoingAtoms() : undefined;
    this.#control = new ControlWriter(this.#encoder, flags);
  }

  /** Slots of the atom cache that are in use; at most 2048. */
  get cachedAtoms(): number {
    return this.#atoms?.cachedAtoms ?? 0;
  }

  /**
   * Whether the agreed flags have a message for this signal. The peers of today that lack one are C
   * nodes; what there is to do instead is up to the node (a monitor watches the connection, a
   * message to an alias is dropped, a spawn is refused with `notsup`).
   */
  canExpress(signal: Signal): boolean {
    return this.#control.canExpress(signal);
  }

  /**
   * Appends the signal to `sink`, as one frame with its length in front. A message that is longer
   * than 64 KiB is cut, where fragments are agreed: then the first fragment is appended and the rest
   * returned.
   *
   * @throws WireError `ERR_WIRE_NOT_EXPRESSIBLE` when {@link canExpress} says no,
   *   `ERR_WIRE_MESSAGE_TOO_LONG` when it is longer than one frame can be and cannot be cut.
   * @throws TypeError when a term of the signal cannot be encoded.
   *   After any error the sink and the atom cache are as if nothing had happened.
   */
  write(signal: Signal, sink: ByteSink): Fragments | undefined {
    const start = sink.length;
    const references = sink.references.length;
    const before = sink.totalBytes;
    const gap = this.#gap;
    const refs = this.#atoms;
    sink.ensure(gap);
    sink.length = start + gap;
    refs?.begin();
    try {
      if (!this.#headers) this.#writePassThrough(signal, sink, start);
      else {
        const payload = this.#control.write(signal, sink, refs);
        const control = sink.totalBytes - before - gap;
        if (payload !== NO_PAYLOAD) {
          this.#encoder.encode(payload, sink, refs);
          if (this.#fragments && sink.totalBytes - before - gap > FRAGMENT_BYTES) {
            return this.#beginFragments(signal, sink, start, references, control);
          }
        }
        this.#putHeader(sink, start, references);
      }
      const length = sink.totalBytes - before - 4;
      if (length > MAX_FRAME_BYTES) throw tooLong(signal, length);
      sink.view.setUint32(start, length);
      return undefined;
    } catch (error) {
      sink.rewind(start, references);
      refs?.abandon();
      throw error;
    }
  }

  /** `112`, `131` control, `131` payload. */
  #writePassThrough(signal: Signal, sink: ByteSink, start: number): void {
    sink.length = start + 6;
    sink.buffer[start + 4] = PASS_THROUGH;
    sink.buffer[start + 5] = VERSION_MAGIC;
    const payload = this.#control.write(signal, sink, undefined);
    if (payload === NO_PAYLOAD) return;
    sink.ensure(1);
    sink.buffer[sink.length++] = VERSION_MAGIC;
    this.#encoder.encode(payload, sink, undefined);
  }

  /** `131 68` and the references to atoms, into the gap, which becomes as long as they are. */
  #putHeader(sink: ByteSink, start: number, references: number): void {
    const atoms = this.#atoms;
    const needed = 6 + (atoms === undefined ? 1 : atoms.headerLength);
    if (needed !== this.#gap) {
      sink.shift(start + this.#gap, needed - this.#gap, references);
      this.#gap = 6 + (atoms === undefined ? 1 : atoms.plainHeaderLength);
    }
    const { buffer } = sink;
    buffer[start + 4] = VERSION_MAGIC;
    buffer[start + 5] = DIST_HEADER;
    if (atoms === undefined) buffer[start + 6] = 0;
    else atoms.writeHeader(buffer, start + 6);
  }

  /**
   * Takes what was encoded out of the sink again and puts its first 64 KiB in as first fragment; the
   * control message stays whole. Nothing of this can fail but for memory.
   */
  #beginFragments(
    signal: Signal,
    sink: ByteSink,
    start: number,
    references: number,
    control: number,
  ): Fragments {
    const atoms = this.#atoms;
    const body = new PieceQueue(sink.detach(start + this.#gap, references));
    sink.rewind(start, references);
    const data = Math.max(control, FRAGMENT_BYTES);
    const fragments = 1 + Math.ceil((body.length - data) / FRAGMENT_BYTES);
    const header = 22 + (atoms === undefined ? 1 : atoms.headerLength);
    sink.ensure(header);
    sink.view.setUint32(start, header - 4 + data);
    sink.buffer[start + 4] = VERSION_MAGIC;
    sink.buffer[start + 5] = DIST_FRAG_HEADER;
    this.#sequence++;
    writeFragmentIds(sink, start + 6, this.#sequence, fragments);
    if (atoms === undefined) sink.buffer[start + 22] = 0;
    else atoms.writeHeader(sink.buffer, start + 22);
    sink.length = start + header;
    body.moveTo(sink, data);
    return new FragmentCutter(senderOf(signal), this.#sequence, body);
  }
}

/** Every signal that has a payload says who it is from. */
function senderOf(signal: Signal): Pid | Name | undefined {
  return "from" in signal ? signal.from : undefined;
}

function tooLong(signal: Signal, length: number): WireError {
  return new WireError(
    "ERR_WIRE_MESSAGE_TOO_LONG",
    `this ${signal.type} takes ${length} bytes, a frame at most ${MAX_FRAME_BYTES}, and the peer takes no fragments`,
  );
}
