import { WireError } from "./errors.ts";

/** Bytes of a frame that tell what it is, a further fragment included: `131 70 Seq:64 Frag:64`. */
export const HEAD_BYTES = 18;

/**
 * Up to this length memory for a frame that arrives in parts is taken at once; a longer frame gets
 * its memory as its bytes arrive. A fragment or a 64 KiB binary costs one copy that way, and a
 * declared length alone never costs more than this.
 */
export const EXACT_BYTES = 128 * 1024;

/**
 * Memory behind a frame that is gathered: the rest of a message that is a little longer than its
 * first fragment fits in there, so that the first need not be moved.
 */
export const ROOM_BYTES = 512;

/** Who gets the frames. */
export interface FrameHandler {
  /**
   * A frame is `bytes` from `start` to `end`.
   * @param retain whether `bytes` may be kept, and written to behind `end`; otherwise its memory is
   *   only good during the call.
   */
  frame(bytes: Uint8Array, start: number, end: number, retain: boolean): void;
  /**
   * Asked once for a frame that arrives in parts, when its first {@link HEAD_BYTES} are there: where
   * the other `length - HEAD_BYTES` bytes should go. If it says so, {@link placed} follows when they
   * are there, and no {@link frame}.
   */
  place(head: Uint8Array, length: number): Uint8Array | undefined;
  placed(): void;
}

/**
 * Cuts a stream into frames. A frame is a length and that many bytes; an empty one is a tick.
 *
 *     0        4
 *     | Length | Length bytes |      Length: 32 bits, big-endian
 *
 * A frame that lies in one chunk is handed on where it is. One that is split over chunks is gathered
 * in memory of its own. The work is linear in the bytes however they are cut.
 */
export class FrameSplitter {
  /** Frames begun so far, ticks not counted: the number of the current one. */
  frames = 0;
  /** Ticks so far. */
  ticks = 0;
  /** Set it (from within a call of the handler, too) to hand on no more frames. */
  stopped = false;
  readonly #handler: FrameHandler;
  readonly #frameBytes: number;
  /** The length of the frame under way, or what is there of its four bytes. */
  #lengthHave = 0;
  #length = 0;
  /** What is there of the frame under way; -1 when none is. */
  #have = -1;
  /** The first bytes of the frame under way, until it is known where it goes. */
  readonly #head = new Uint8Array(HEAD_BYTES);
  #into: Uint8Array | undefined = undefined;
  /** How many bytes of the frame are not in `#into` because `place` took only the rest. */
  #skipped = 0;

  constructor(handler: FrameHandler, frameBytes: number) {
    this.#handler = handler;
    this.#frameBytes = frameBytes;
  }

  /**
   * Takes the next bytes of the stream; `chunk` is the caller's again afterwards.
   * @returns whether there was a tick among them.
   */
  push(chunk: Uint8Array): boolean {
    const end = chunk.length;
    let ticked = false;
    let at = 0;
    while (at < end && !this.stopped) {
      if (this.#have >= 0) {
        at = this.#gather(chunk, at);
        continue;
      }
      if (this.#lengthHave > 0 || end - at < 4) {
        // The length itself is split.
        this.#length = this.#length * 256 + (chunk[at++] as number);
        if (++this.#lengthHave < 4) continue;
        this.#lengthHave = 0;
      } else {
        this.#length =
          (chunk[at] as number) * 0x1000000 +
          (((chunk[at + 1] as number) << 16) |
            ((chunk[at + 2] as number) << 8) |
            (chunk[at + 3] as number));
        at += 4;
      }
      const length = this.#length;
      this.#length = 0;
      if (length === 0) {
        this.ticks++;
        ticked = true;
        continue;
      }
      this.#begin(length);
      if (length <= end - at) {
        this.#handler.frame(chunk, at, at + length, false);
        at += length;
      } else {
        this.#length = length;
        this.#have = 0;
        this.#skipped = 0;
      }
    }
    return ticked;
  }

  #begin(length: number): void {
    this.frames++;
    if (length > this.#frameBytes) {
      throw new WireError(
        "ERR_WIRE_LIMIT",
        `a frame of ${length} bytes was announced; at most ${this.#frameBytes} are accepted (limit frameBytes)`,
        { frame: this.frames, offset: 0, limit: "frameBytes" },
      );
    }
  }

  /** Takes what `chunk` has, from `at` on, of the frame under way. Returns where it stopped. */
  #gather(chunk: Uint8Array, at: number): number {
    const length = this.#length;
    let stop = Math.min(chunk.length, at + length - this.#have);
    if (this.#into === undefined) {
      stop = Math.min(stop, at + HEAD_BYTES - this.#have);
      this.#head.set(chunk.subarray(at, stop), this.#have);
      this.#have += stop - at;
      if (this.#have < Math.min(HEAD_BYTES, length)) return stop;
      this.#choosePlace(length);
    } else {
      if (this.#have + stop - at > this.#into.length + this.#skipped) this.#grow();
      stop = Math.min(stop, at + this.#into.length + this.#skipped - this.#have);
      this.#into.set(chunk.subarray(at, stop), this.#have - this.#skipped);
      this.#have += stop - at;
    }
    if (this.#have === length) this.#complete();
    return stop;
  }

  #choosePlace(length: number): void {
    if (length >= HEAD_BYTES) {
      this.#into = this.#handler.place(this.#head, length);
      if (this.#into !== undefined) {
        this.#skipped = HEAD_BYTES;
        return;
      }
    }
    this.#into = Buffer.allocUnsafeSlow(Math.min(length + ROOM_BYTES, EXACT_BYTES));
    this.#into.set(this.#head.subarray(0, this.#have));
  }

  #grow(): void {
    const old = this.#into as Uint8Array;
    if (old.length === this.#length) return;
    this.#into = Buffer.allocUnsafeSlow(Math.min(this.#length, old.length * 4));
    this.#into.set(old);
  }

  #complete(): void {
    const into = this.#into as Uint8Array;
    const length = this.#length;
    const placed = this.#skipped > 0;
    this.#into = undefined;
    this.#length = 0;
    this.#have = -1;
    if (placed) this.#handler.placed();
    else this.#handler.frame(into, 0, length, true);
  }
}
