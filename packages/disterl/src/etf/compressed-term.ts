import { deflateSync, inflateSync } from "node:zlib";
import { EtfError } from "./errors.ts";
import type { DecodeLimits } from "./limits.ts";

/*
 *     131 | 80 | UncompressedSize:32 | zlib stream of the term without its 131
 */

/** Below this size any ratio is fine; above it {@link MAX_RATIO} holds. */
const RATIO_FREE = 1024 * 1024;
const MAX_RATIO = 200;
const HEAD_BYTES = 6;

/**
 * What is inside a compressed term. `bytes[1]` is the tag 80.
 *
 * zlib makes its output piece by piece and stops at the limit or at the size that was announced,
 * whichever is less; nothing is allocated for the number announced.
 */
export function inflateTerm(bytes: Uint8Array, limits: DecodeLimits): Uint8Array {
  const facts = { offset: 1, tag: 80 };
  const announced = announcedSize(bytes);
  const stream = bytes.subarray(HEAD_BYTES);
  const allowed = Math.min(limits.inflateBytes, Math.max(RATIO_FREE, stream.length * MAX_RATIO));
  if (announced > allowed) {
    const message = `a compressed term of ${stream.length} bytes announces ${announced} bytes; limits.inflateBytes and a ratio of 1:${MAX_RATIO} allow ${allowed}`;
    throw new EtfError("ERR_ETF_LIMIT", message, facts);
  }
  const { data, used } = inflated(stream, announced, facts);
  if (data.length !== announced) {
    const message = `a compressed term announces ${announced} bytes and has ${data.length}`;
    throw new EtfError("ERR_ETF_COMPRESSED", message, facts);
  }
  if (used !== stream.length) {
    const message = `${stream.length - used} bytes are left after the compressed term`;
    throw new EtfError("ERR_ETF_TRAILING", message, { offset: HEAD_BYTES + used });
  }
  return data;
}

function announcedSize(bytes: Uint8Array): number {
  if (bytes.length < HEAD_BYTES) {
    throw new EtfError("ERR_ETF_TRUNCATED", "a compressed term has a size of 4 bytes", {
      offset: 1,
      tag: 80,
    });
  }
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(2);
}

function inflated(
  stream: Uint8Array,
  announced: number,
  facts: { offset: number; tag: number },
): { data: Buffer; used: number } {
  try {
    // `info` gives the engine, which knows how many bytes of the input the stream took.
    const { buffer, engine } = inflateSync(stream, {
      maxOutputLength: Math.max(1, announced),
      info: true,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return { data: buffer, used: engine.bytesWritten };
  } catch (cause) {
    const message = `a compressed term does not inflate to the ${announced} bytes it announces`;
    throw new EtfError("ERR_ETF_COMPRESSED", message, facts, { cause });
  }
}

/**
 * The compressed form of an encoded term, 131 included; undefined where it is not shorter.
 * @param level 1 (fast) to 9 (small), as zlib's.
 */
export function deflateTerm(plain: Uint8Array, level: number): Uint8Array | undefined {
  const stream = deflateSync(plain.subarray(1), { level });
  if (HEAD_BYTES + stream.length > plain.length) return undefined;
  const bytes = new Uint8Array(HEAD_BYTES + stream.length);
  bytes[0] = 131;
  bytes[1] = 80;
  new DataView(bytes.buffer).setUint32(2, plain.length - 1);
  bytes.set(stream, HEAD_BYTES);
  return bytes;
}
