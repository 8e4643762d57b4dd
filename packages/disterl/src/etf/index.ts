/**
 * The External Term Format: terms to bytes and back.
 *
 * {@link encodeTerm} and {@link decodeTerm} are `term_to_binary` and `binary_to_term`;
 * {@link TermEncoder} and {@link TermDecoder} are for streams of terms, where memory is reused and
 * the 131 is left away.
 *
 * @module
 */
export { TermDecoder } from "./decode-term.ts";
export { TermEncoder } from "./encode-term.ts";
export { EtfError, type EtfErrorCode } from "./errors.ts";
export { decodeTerm, type EncodeOptions, encodeTerm } from "./external-term.ts";
export type { DecodeOptions } from "./leaf-reader.ts";
export type { AtomRefs, EncoderOptions } from "./leaf-writer.ts";
export { type DecodeLimits, defaultDecodeLimits } from "./limits.ts";
export { type TagName, tagName, tags, VERSION_MAGIC } from "./tags.ts";
