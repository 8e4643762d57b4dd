/** How much of the peer's bytes a connection holds and believes. */
export interface WireLimits {
  /** Longest frame, in bytes. Default: 1 MiB where fragments are agreed, 64 MiB elsewhere. */
  readonly frameBytes: number;
  /** Longest message put together from fragments, in bytes. Default: 256 MiB. */
  readonly messageBytes: number;
  /** Fragmented messages that may be under way at once. Default: 256. */
  readonly fragSequences: number;
  /** Bytes of all unfinished messages of the connection. Default: 512 MiB. */
  readonly fragBytes: number;
  /** Most fragments of one message. Default: 65 536. */
  readonly fragIdMax: number;
  /** How long an unfinished message may stand still, in milliseconds. Default: 60 000. */
  readonly fragIdleMs: number;
}

const MiB = 2 ** 20;

/** The limits of a connection, defaults filled in. */
export function wireLimits(given: Partial<WireLimits>, fragments: boolean): WireLimits {
  return {
    frameBytes: given.frameBytes ?? (fragments ? MiB : 64 * MiB),
    messageBytes: given.messageBytes ?? 256 * MiB,
    fragSequences: given.fragSequences ?? 256,
    fragBytes: given.fragBytes ?? 512 * MiB,
    fragIdMax: given.fragIdMax ?? 65_536,
    fragIdleMs: given.fragIdleMs ?? 60_000,
  };
}
