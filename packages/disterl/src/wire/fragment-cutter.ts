import type { ByteSink } from "../bytes/byte-sink.ts";
import type { Name } from "../signal/signal.ts";
import type { Pid } from "../term/pid.ts";
import { DIST_FRAG_CONT, VERSION_MAGIC } from "./dist-header.ts";
import { FRAGMENT_BYTES } from "./fragment-assembler.ts";

/** From this length on bytes are put into a sink by reference. */
const REFERENCE_BYTES = 4096;

/**
 * The rest of a message that is sent in fragments; the first one is already written.
 *
 * Other messages may go between two fragments, except messages of the same sender: those wait until
 * the last fragment is written. The order of the first fragments is the order of writing.
 */
export interface Fragments {
  /** Whose next signals must wait: a name for the end of a process that was monitored by name. */
  readonly sender: Pid | Name | undefined;
  /** Appends the next fragment to `sink`. @returns whether it was the last. */
  nextFragment(sink: ByteSink): boolean;
  /** Bytes of the message that are still to be written. */
  readonly bytesLeft: number;
}

/** Bytes in pieces, from which the front is taken bit by bit. */
export class PieceQueue {
  length = 0;
  readonly #pieces: Uint8Array[];
  #piece = 0;
  #at = 0;

  constructor(pieces: Uint8Array[]) {
    this.#pieces = pieces;
    for (const piece of pieces) this.length += piece.length;
  }

  /** Moves the first `count` bytes to the end of `sink`: small pieces copied, large ones referenced. */
  moveTo(sink: ByteSink, count: number): void {
    this.length -= count;
    let left = count;
    while (left > 0) {
      const piece = this.#pieces[this.#piece] as Uint8Array;
      const taken = Math.min(left, piece.length - this.#at);
      const bytes = piece.subarray(this.#at, this.#at + taken);
      if (taken >= REFERENCE_BYTES) {
        sink.reference(bytes);
      } else {
        sink.ensure(taken);
        sink.buffer.set(bytes, sink.length);
        sink.length += taken;
      }
      left -= taken;
      this.#at += taken;
      if (this.#at === piece.length) {
        this.#piece++;
        this.#at = 0;
      }
    }
  }
}

/**
 * Cuts what follows the first fragment into fragments of 64 KiB.
 *
 *     | Length:32 | 131 | 70 | SequenceId:64 | FragmentId:64 | data |
 */
export class FragmentCutter implements Fragments {
  readonly sender: Pid | Name | undefined;
  readonly #sequence: number;
  readonly #rest: PieceQueue;

  constructor(sender: Pid | Name | undefined, sequence: number, rest: PieceQueue) {
    this.sender = sender;
    this.#sequence = sequence;
    this.#rest = rest;
  }

  get bytesLeft(): number {
    return this.#rest.length;
  }

  nextFragment(sink: ByteSink): boolean {
    const left = this.#rest.length;
    const data = Math.min(left, FRAGMENT_BYTES);
    sink.ensure(22);
    const at = sink.length;
    sink.view.setUint32(at, 18 + data);
    sink.buffer[at + 4] = VERSION_MAGIC;
    sink.buffer[at + 5] = DIST_FRAG_CONT;
    writeFragmentIds(sink, at + 6, this.#sequence, Math.ceil(left / FRAGMENT_BYTES));
    sink.length = at + 22;
    this.#rest.moveTo(sink, data);
    return left === data;
  }
}

/** `SequenceId:64 FragmentId:64` at `at`; there must be room. */
export function writeFragmentIds(
  sink: ByteSink,
  at: number,
  sequence: number,
  fragment: number,
): void {
  sink.view.setUint32(at, Math.floor(sequence / 0x100000000));
  sink.view.setUint32(at + 4, sequence >>> 0);
  sink.view.setUint32(at + 8, 0);
  sink.view.setUint32(at + 12, fragment);
}
