import { ByteSink } from "../bytes/byte-sink.ts";

/** What a quiet connection needs. */
const SMALL_BYTES = 1024;
/** Enough for a full batch and the message that made it full. */
const LARGE_BYTES = 72 * 1024;
const KEEP_SMALL = 2;
const KEEP_LARGE = 64;

/** Large batches that nobody uses: one connection's burst leaves them to the next. */
const large: ByteSink[] = [];

/**
 * The memory that one connection encodes into. A quiet one has a kilobyte or two of its own; a busy
 * one takes large batches from those that all connections of this thread share, and gives them back.
 */
export class Batches {
  readonly #small: ByteSink[] = [];

  /** An empty batch: a large one where the last was not enough. */
  next(last?: ByteSink): ByteSink {
    if (last === undefined || last.buffer.length <= SMALL_BYTES) {
      return this.#small.pop() ?? new ByteSink(SMALL_BYTES);
    }
    return large.pop() ?? new ByteSink(LARGE_BYTES);
  }

  /** A batch has been written, or is not needed. What it grew to for one long message goes. */
  release(batch: ByteSink): void {
    batch.truncate();
    const { length } = batch.buffer;
    if (length <= SMALL_BYTES) {
      if (this.#small.length < KEEP_SMALL) this.#small.push(batch);
    } else if (length >= LARGE_BYTES && large.length < KEEP_LARGE) {
      large.push(batch);
    }
  }
}
