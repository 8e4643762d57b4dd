import { DistError } from "../errors.ts";

/**
 * What is wrong with the bytes of a term.
 *
 * - `ERR_ETF_TRUNCATED`: the bytes end before the term does.
 * - `ERR_ETF_VERSION`: the first byte is not 131.
 * - `ERR_ETF_TAG`: there is no such tag, or it must not stand there.
 * - `ERR_ETF_VALUE`: the tag is known, what follows is not a legal value of it.
 * - `ERR_ETF_LIMIT`: legal, but more than the limits allow.
 * - `ERR_ETF_COMPRESSED`: a compressed term that does not inflate to what it announced.
 * - `ERR_ETF_TRAILING`: bytes are left after the term.
 */
export type EtfErrorCode =
  | "ERR_ETF_TRUNCATED"
  | "ERR_ETF_VERSION"
  | "ERR_ETF_TAG"
  | "ERR_ETF_VALUE"
  | "ERR_ETF_LIMIT"
  | "ERR_ETF_COMPRESSED"
  | "ERR_ETF_TRAILING";

/** Bytes that are not a term, or one the limits refuse. */
export class EtfError extends DistError<EtfErrorCode> {
  /** Where the offending part begins, counted from the first byte of what was given to decode. */
  readonly offset: number;
  /** The tag of that part; undefined where there is none. */
  readonly tag: number | undefined;

  constructor(
    code: EtfErrorCode,
    message: string,
    facts: { offset: number; tag?: number | undefined },
    options?: ErrorOptions,
  ) {
    super(code, `external term: ${message} (at byte ${facts.offset})`, options);
    this.offset = facts.offset;
    this.tag = facts.tag;
  }
}
