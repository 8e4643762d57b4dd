import { DistError } from "../errors.ts";
import type { WireLimits } from "./limits.ts";

/**
 * What was wrong with a connection's bytes, or with a signal that was to become bytes.
 *
 * | code                          | meaning                                                               |
 * |-------------------------------|-----------------------------------------------------------------------|
 * | `ERR_WIRE_FRAME_KIND`         | a frame that does not begin as the agreed flags say                   |
 * | `ERR_WIRE_HEADER`             | a distribution header that is cut short or refers to nothing          |
 * | `ERR_WIRE_FRAGMENT`           | a fragment that does not follow the one before it                     |
 * | `ERR_WIRE_CONTROL`            | a control message of an unknown kind, or with wrong elements          |
 * | `ERR_WIRE_PAYLOAD`            | a message, reason or argument list that is missing or not a term      |
 * | `ERR_WIRE_LIMIT`              | more than {@link WireLimits} allows; `limit` says which               |
 * | `ERR_WIRE_NOT_EXPRESSIBLE`    | a signal that the agreed flags have no message for                    |
 * | `ERR_WIRE_MESSAGE_TOO_LONG`   | a signal that fits no frame, where no fragments were agreed           |
 *
 * The last two come from writing, all others from reading.
 */
export type WireErrorCode =
  | "ERR_WIRE_FRAME_KIND"
  | "ERR_WIRE_HEADER"
  | "ERR_WIRE_FRAGMENT"
  | "ERR_WIRE_CONTROL"
  | "ERR_WIRE_PAYLOAD"
  | "ERR_WIRE_LIMIT"
  | "ERR_WIRE_NOT_EXPRESSIBLE"
  | "ERR_WIRE_MESSAGE_TOO_LONG";

/** Where an error was met and what it is about. */
export interface WireErrorFacts {
  /** Byte position: within the frame once `frame` is known, within the buffer before. */
  readonly offset?: number | undefined;
  /** Which frame of the connection, counted from 1; ticks do not count. */
  readonly frame?: number | undefined;
  /** The limit that was exceeded, for `ERR_WIRE_LIMIT`. */
  readonly limit?: keyof WireLimits | undefined;
  readonly cause?: unknown;
}

/**
 * The connection broke the protocol (reading), or a signal cannot be sent on it (writing).
 *
 * After an error from reading the connection is of no use any more: what follows in the stream, and
 * the atom cache, cannot be trusted. After an error from writing nothing has been written.
 */
export class WireError extends DistError<WireErrorCode> {
  /** Which frame of the connection, from 1. */
  readonly frame: number | undefined;
  /** In bytes, within the frame. */
  readonly offset: number | undefined;
  /** With `ERR_WIRE_LIMIT`: which. */
  readonly limit: keyof WireLimits | undefined;
  /** The message without the position. */
  readonly reason: string;

  constructor(code: WireErrorCode, reason: string, facts: WireErrorFacts = {}) {
    const place = facts.frame === undefined ? "" : `frame ${facts.frame}, byte ${facts.offset}: `;
    super(code, place + reason, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.reason = reason;
    this.frame = facts.frame;
    this.offset = facts.offset;
    this.limit = facts.limit;
  }

  /** The same error, placed: in the frame with this number, which began at `start`. @internal */
  inFrame(frame: number, start: number): WireError {
    if (this.frame !== undefined) return this;
    const { limit, cause } = this;
    return new WireError(this.code, this.reason, {
      frame,
      offset: Math.max(0, (this.offset ?? start) - start),
      limit,
      cause,
    });
  }
}
