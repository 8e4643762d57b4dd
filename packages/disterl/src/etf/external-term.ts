import { ByteSink } from "../bytes/byte-sink.ts";
import { LocalTerm } from "../term/local-term.ts";
import type { Term } from "../term/term.ts";
import { deflateTerm, inflateTerm } from "./compressed-term.ts";
import { TermDecoder } from "./decode-term.ts";
import { TermEncoder } from "./encode-term.ts";
import { EtfError } from "./errors.ts";
import type { DecodeOptions } from "./leaf-reader.ts";
import type { EncoderOptions } from "./leaf-writer.ts";
import { decodeLimits } from "./limits.ts";
import { tagName, VERSION_MAGIC } from "./tags.ts";

/** Options of {@link encodeTerm}. */
export interface EncodeOptions extends EncoderOptions {
  /**
   * Compress with zlib where that is shorter: true for level 6, or a level from 0 (not at all) to 9.
   * Default false.
   */
  readonly compressed?: boolean | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
}

/** Memory that an idle decoder may keep alive. */
const KEEP_BYTES = 64 * 1024;
/** Up to this size results share the memory of {@link SHARED_BYTES}, as small buffers do in Node. */
const SHARE_UP_TO = 2048;
const SHARED_BYTES = 16 * 1024;

/**
 * The term in `bytes`: what `binary_to_term/1` reads, that is 131 and a term, compressed or not.
 *
 * Binaries of 4 KB and more are views of `bytes` (compressed terms excepted): do not write over it.
 *
 * @throws EtfError where the bytes are anything else, go on after the term, or exceed the limits.
 */
export function decodeTerm(bytes: Uint8Array, options: DecodeOptions & { maps: "object" }): unknown;
export function decodeTerm(bytes: Uint8Array, options?: DecodeOptions): Term;
export function decodeTerm(bytes: Uint8Array, options?: DecodeOptions): Term {
  const first = bytes[0];
  if (first === undefined) {
    throw new EtfError("ERR_ETF_TRUNCATED", "no bytes at all", { offset: 0 });
  }
  if (first !== VERSION_MAGIC) {
    const message = `it begins with ${VERSION_MAGIC}, not with ${first}`;
    throw new EtfError("ERR_ETF_VERSION", message, { offset: 0 });
  }
  if (bytes[1] === 80) {
    return decodeWhole(inflateTerm(bytes, decodeLimits(options?.limits)), 0, options);
  }
  return decodeWhole(bytes, 1, options);
}

function decodeWhole(bytes: Uint8Array, start: number, options: DecodeOptions | undefined): Term {
  if (bytes[start] === 121) return new LocalTerm(Uint8Array.from(bytes.subarray(start + 1)));
  const decoder = takeDecoder(options);
  const term = decoder.decode(bytes, start, bytes.length, undefined, true);
  const { position } = decoder;
  if (options === undefined) giveBack(decoder, bytes);
  if (position === bytes.length) return term;
  const message = `${bytes.length - position} bytes are left after the term, the first is ${tagName(bytes[position] as number)}`;
  throw new EtfError("ERR_ETF_TRAILING", message, { offset: position });
}

/** A decoder without options that is not in use, so that small terms do not pay for a new one. */
let idleDecoder: TermDecoder | undefined;

function takeDecoder(options: DecodeOptions | undefined): TermDecoder {
  if (options !== undefined) return new TermDecoder(options);
  const decoder = idleDecoder ?? new TermDecoder();
  idleDecoder = undefined;
  return decoder;
}

function giveBack(decoder: TermDecoder, bytes: Uint8Array): void {
  if (bytes.buffer.byteLength > KEEP_BYTES) decoder.release();
  decoder.renewBudget();
  idleDecoder = decoder;
}

/**
 * The bytes of a term: 131 and the term, as `term_to_binary` writes it.
 *
 * @throws TypeError for a value that is no term; it names the path to it.
 */
export function encodeTerm(term: Term, options: EncodeOptions = {}): Uint8Array {
  const plain = term instanceof LocalTerm ? localBytes(term) : encodeWhole(term, options);
  const level = compressionLevel(options.compressed);
  return level === 0 ? plain : (deflateTerm(plain, level) ?? plain);
}

function compressionLevel(given: EncodeOptions["compressed"]): number {
  if (given === true) return 6;
  const level = given === undefined || given === false ? 0 : given;
  if (level >= 0 && level <= 9 && Number.isInteger(level)) return level;
  throw new TypeError(`compressed is a boolean, or a level from 0 to 9: ${String(given)}`);
}

function localBytes(term: LocalTerm): Uint8Array {
  const bytes = new Uint8Array(2 + term.bytes.length);
  bytes[0] = VERSION_MAGIC;
  bytes[1] = 121;
  bytes.set(term.bytes, 2);
  return bytes;
}

/** A sink that is not in use; what is before its length belongs to results. */
let idleSink: ByteSink | undefined;
const plainEncoder = new TermEncoder();

function encodeWhole(term: Term, options: EncodeOptions): Uint8Array {
  const sink = idleSink ?? new ByteSink(SHARED_BYTES);
  idleSink = undefined;
  const start = sink.length;
  sink.ensure(1);
  sink.buffer[start] = VERSION_MAGIC;
  sink.length = start + 1;
  const encoder = needsOwn(options) ? new TermEncoder(options) : plainEncoder;
  encoder.encode(term, sink);
  const size = sink.length - start;
  if (size <= SHARE_UP_TO && sink.references.length === 0) {
    if (sink.length <= SHARED_BYTES - SHARE_UP_TO) idleSink = sink;
    return new Uint8Array(sink.buffer.buffer, start, size);
  }
  const whole = joined(sink, start);
  sink.truncate(start);
  if (sink.buffer.length === SHARED_BYTES) idleSink = sink;
  return whole;
}

function needsOwn(options: EncodeOptions): boolean {
  return (
    options.minorVersion === 1 || options.deterministic === true || options.smallPorts === true
  );
}

function joined(sink: ByteSink, start: number): Uint8Array {
  const whole = new Uint8Array(sink.totalBytes - start);
  let at = 0;
  for (const piece of sink.pieces(start)) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
