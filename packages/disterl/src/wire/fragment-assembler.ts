import { WireError } from "./errors.ts";
import { EXACT_BYTES, HEAD_BYTES } from "./frame-splitter.ts";
import type { WireLimits } from "./limits.ts";

/** How much of a message the nodes of OTP put into one fragment. */
export const FRAGMENT_BYTES = 65_536;

/** A message of which fragments are still to come, or that has just become complete. */
export interface Sequence<Opening> {
  /** What the first fragment said: whatever the reader made of it. */
  readonly opening: Opening;
  /** The payload so far is the first `length` bytes. */
  buffer: Buffer;
  length: number;
}

interface OpenSequence<Opening> extends Sequence<Opening> {
  readonly key: number | bigint;
  /** How many fragments there are. */
  readonly count: number;
  /** The FragmentId that must come next. */
  expected: number;
  /** Whether it has grown since the last sweep. */
  moved: boolean;
  /** When a sweep last saw that it had grown. */
  movedAt: number | undefined;
}

/** Where the parts of a first fragment are in its frame, and whether the frame may be kept. */
export interface FirstFragment {
  /** Of SequenceId and FragmentId. */
  readonly ids: number;
  readonly start: number;
  readonly end: number;
  readonly retain: boolean;
}

/** From so many bytes on a message has shown that it is large. */
const LARGE_BYTES = 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Puts fragmented messages together again.
 *
 *     131 69 SequenceId:64 FragmentId:64 header, control message, first part of the payload
 *     131 70 SequenceId:64 FragmentId:64 next part
 *
 * FragmentId counts down: the first fragment has the number of fragments, the last has 1. Fragments
 * of different sequences may be interleaved, with each other and with other frames.
 *
 * A payload is copied to where it stays, part by part. Its memory grows with the bytes that have
 * arrived, at most fourfold at a time (sixteenfold from a megabyte on) and never beyond the announced
 * number of fragments of the usual size; what was announced is never believed without bytes. All is
 * bounded by
 * {@link WireLimits}.
 */
export class FragmentAssembler<Opening> {
  /** Bytes held of unfinished messages. */
  bytes = 0;
  /** Further fragments so far; first ones are not counted. */
  continued = 0;
  readonly #limits: WireLimits;
  readonly #open = new Map<number | bigint, OpenSequence<Opening>>();
  #placing: OpenSequence<Opening> | undefined = undefined;

  constructor(limits: WireLimits) {
    this.#limits = limits;
  }

  /** Unfinished messages. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Checks the ids of a first fragment; they are at `at`. To be called before anything else of the
   * frame is read.
   * @returns its FragmentId: how many fragments there are.
   */
  check(bytes: Uint8Array, at: number, end: number): number {
    const count = fragmentId(bytes, at, end);
    if (count > this.#limits.fragIdMax) {
      const wanted = `${count} fragments were announced`;
      throw over("fragIdMax", wanted, this.#limits.fragIdMax, at + 8);
    }
    const key = sequenceId(bytes, at);
    if (this.#open.has(key)) {
      throw malformed(at, `sequence ${key} begins a second time`);
    }
    if (count > 1 && this.#open.size >= this.#limits.fragSequences) {
      const wanted = `${this.#open.size + 1} fragmented messages at once`;
      throw over("fragSequences", wanted, this.#limits.fragSequences, at);
    }
    return count;
  }

  /**
   * Opens the sequence of a first fragment that {@link check} has let pass. Its payload is from `start`
   * to `end`, and stays where it is with `retain` if there is room behind it.
   */
  first(opening: Opening, bytes: Uint8Array, { ids, start, end, retain }: FirstFragment): void {
    const count = fragmentId(bytes, ids, end);
    const sequence: OpenSequence<Opening> = {
      opening,
      key: sequenceId(bytes, ids),
      buffer: NOTHING,
      length: 0,
      count,
      expected: count - 1,
      moved: true,
      movedAt: undefined,
    };
    const stays = retain && bytes.length > end;
    if (stays)
      sequence.buffer = Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
    this.#reserve(sequence, end - start, start);
    this.#open.set(sequence.key, sequence);
    if (stays) this.#extend(sequence, end - start);
    else this.#append(sequence, bytes, start, end);
  }

  /**
   * A further fragment, with its ids at `at`.
   * @returns the message, when this was its last fragment.
   */
  next(bytes: Uint8Array, at: number, end: number): Sequence<Opening> | undefined {
    const sequence = this.#expect(bytes, at, end);
    const start = at + 16;
    this.#reserve(sequence, end - start, at);
    this.#append(sequence, bytes, start, end);
    return this.#advance(sequence);
  }

  /**
   * Where the data of a further fragment may go that is only arriving; see `FrameHandler.place`.
   * Nothing when that is too much to reserve ahead.
   */
  place(head: Uint8Array, length: number): Uint8Array | undefined {
    const data = length - HEAD_BYTES;
    if (data > EXACT_BYTES) return undefined;
    const sequence = this.#expect(head, 2, HEAD_BYTES);
    this.#reserve(sequence, data, 2);
    this.#placing = sequence;
    return sequence.buffer.subarray(sequence.length, sequence.length + data);
  }

  /** The data are at the place last given. As {@link next} from there. */
  placed(data: number): Sequence<Opening> | undefined {
    const sequence = this.#placing as OpenSequence<Opening>;
    this.#placing = undefined;
    this.#extend(sequence, data);
    return this.#advance(sequence);
  }

  /**
   * To be called now and then, several times within `fragIdleMs`.
   * @param now milliseconds of any steady clock.
   * @throws WireError when a message has stood still for longer than `fragIdleMs`.
   */
  sweep(now: number): void {
    for (const sequence of this.#open.values()) {
      if (sequence.moved || sequence.movedAt === undefined) {
        sequence.moved = false;
        sequence.movedAt = now;
      } else if (now - sequence.movedAt > this.#limits.fragIdleMs) {
        const wanted = `sequence ${sequence.key} has stood still for ${now - sequence.movedAt} ms`;
        throw over("fragIdleMs", wanted, this.#limits.fragIdleMs, undefined);
      }
    }
  }

  /** Forgets all unfinished messages. */
  clear(): void {
    this.#open.clear();
    this.#placing = undefined;
    this.bytes = 0;
  }

  #expect(bytes: Uint8Array, at: number, end: number): OpenSequence<Opening> {
    const fragment = fragmentId(bytes, at, end);
    const key = sequenceId(bytes, at);
    const sequence = this.#open.get(key);
    if (sequence === undefined) throw malformed(at, `sequence ${key} was never begun`);
    if (fragment !== sequence.expected) {
      throw malformed(
        at + 8,
        `fragment ${sequence.expected} of sequence ${key} must come next, not ${fragment}`,
      );
    }
    return sequence;
  }

  #reserve(sequence: OpenSequence<Opening>, more: number, at: number): void {
    const { messageBytes, fragBytes } = this.#limits;
    const needed = sequence.length + more;
    if (needed > messageBytes) {
      throw over("messageBytes", `a message of ${needed} bytes or more`, messageBytes, at);
    }
    if (this.bytes + more > fragBytes) {
      const wanted = `${this.bytes + more} bytes of unfinished messages`;
      throw over("fragBytes", wanted, fragBytes, at);
    }
    if (needed <= sequence.buffer.length) return;
    const usual = sequence.count * FRAGMENT_BYTES;
    const factor = needed < LARGE_BYTES ? 4 : 16;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(needed * factor, usual)));
    sequence.buffer.copy(grown, 0, 0, sequence.length);
    sequence.buffer = grown;
  }

  #append(sequence: OpenSequence<Opening>, bytes: Uint8Array, start: number, end: number): void {
    sequence.buffer.set(bytes.subarray(start, end), sequence.length);
    this.#extend(sequence, end - start);
  }

  #extend(sequence: OpenSequence<Opening>, bytes: number): void {
    sequence.length += bytes;
    this.bytes += bytes;
  }

  #advance(sequence: OpenSequence<Opening>): Sequence<Opening> | undefined {
    sequence.moved = true;
    this.continued++;
    if (--sequence.expected > 0) return undefined;
    this.#open.delete(sequence.key);
    this.bytes -= sequence.length;
    return sequence;
  }
}

function u32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

/** The SequenceId at `at`: a number while that is exact. */
function sequenceId(bytes: Uint8Array, at: number): number | bigint {
  const high = u32(bytes, at);
  const low = u32(bytes, at + 4);
  return high < 0x200000 ? high * 0x100000000 + low : (BigInt(high) << 32n) | BigInt(low);
}

/** The FragmentId behind the SequenceId at `at`, once both are known to be there and to be no 0. */
function fragmentId(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 16) {
    throw malformed(at, "the fragment ends before its SequenceId and FragmentId");
  }
  // Above 2^53 it is not exact, but far above any limit and equal to no expected one.
  const fragment = u32(bytes, at + 8) * 0x100000000 + u32(bytes, at + 12);
  if (fragment === 0) throw malformed(at + 8, "FragmentId 0: it counts down to 1");
  if (u32(bytes, at) === 0 && u32(bytes, at + 4) === 0) throw malformed(at, "SequenceId 0");
  return fragment;
}

function malformed(offset: number, reason: string): WireError {
  return new WireError("ERR_WIRE_FRAGMENT", reason, { offset });
}

function over(
  limit: keyof WireLimits,
  wanted: string,
  most: number,
  offset: number | undefined,
): WireError {
  return new WireError(
    "ERR_WIRE_LIMIT",
    `${wanted}; at most ${most} are accepted (limit ${limit})`,
    {
      offset,
      limit,
    },
  );
}
