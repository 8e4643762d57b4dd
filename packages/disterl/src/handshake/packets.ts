import { ByteReader, OutOfBytes } from "../bytes/byte-reader.ts";
import { ByteWriter } from "../bytes/byte-writer.ts";
import { HandshakeError, type HandshakeStep } from "./errors.ts";
import { printable } from "../bytes/printable.ts";

/**
 * The packets of the handshake, build and parse side by side. The length before each (2 bytes on
 * TCP, 4 on TLS) is not drawn: the carrier knows it.
 *
 * Spec: erl_dist_protocol, "Distribution Handshake"; OTP module `dist_util`.
 * Node names are Latin-1 here, except in `named:`.
 */

/** The longest node name, in characters: a name is an atom. */
export const MAX_NAME_CHARACTERS = 255;

const DIGEST_BYTES = 16;
const tag = { N: 0x4e, n: 0x6e, s: 0x73, c: 0x63, r: 0x72, a: 0x61 } as const;

function malformed(step: HandshakeStep, detail: string, cause?: unknown): HandshakeError {
  return new HandshakeError(
    "ERR_HANDSHAKE_MALFORMED",
    step,
    `${detail}; the peer does not speak this protocol, or not at this point`,
    { cause },
  );
}

function shownTag(byte: number): string {
  const hex = byte.toString(16).padStart(2, "0");
  return byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}' (${hex})` : hex;
}

/** Reads one packet; whatever runs past its end becomes a HandshakeError with the offset. */
function reading<T>(step: HandshakeStep, packet: Uint8Array, read: (reader: ByteReader) => T): T {
  try {
    return read(new ByteReader(packet));
  } catch (error) {
    if (!(error instanceof OutOfBytes)) throw error;
    throw malformed(step, `the packet of ${packet.length} bytes is cut: ${error.message}`, error);
  }
}

function expectTag(step: HandshakeStep, reader: ByteReader, wanted: number): void {
  const found = reader.u8();
  if (found === wanted) return;
  throw malformed(step, `expected the tag ${shownTag(wanted)}, found ${shownTag(found)}`);
}

function expectEnd(step: HandshakeStep, reader: ByteReader): void {
  if (reader.left === 0) return;
  throw malformed(step, `${reader.left} bytes too many, after offset ${reader.offset}`);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

function readName(step: HandshakeStep, reader: ByteReader, length: number): string {
  if (length > MAX_NAME_CHARACTERS) {
    throw malformed(step, `a node name of ${length} bytes; at most ${MAX_NAME_CHARACTERS}`);
  }
  return latin1(reader.take(length));
}

function nameBytes(name: string): Uint8Array {
  const bytes = Buffer.from(name, "latin1");
  if (name.length > MAX_NAME_CHARACTERS || bytes.toString("latin1") !== name) {
    throw new TypeError(`a node name has at most ${MAX_NAME_CHARACTERS} characters of Latin-1`);
  }
  return bytes;
}

/** How a node introduces itself. */
export interface NamePacket {
  /** 6: `N`. 5: the old `n`, whose high flags and creation follow in a {@link Complement}. */
  readonly version: 5 | 6;
  /** Full name; only the host when the NAME_ME flag asks for a name. */
  readonly name: string;
  readonly flags: bigint;
  /** 0 in version 5. */
  readonly creation: number;
}

/**
 * The initiator's name.
 *
 *     +----+----------+-----------+------+------+
 *     |'N' | flags    | creation  | n    | name |      what follows the name is ignored
 *     +----+----------+-----------+------+------+
 *      1 B   8 B        4 B         2 B    n B
 *
 *     +----+----------+-----------+------+
 *     |'n' | version  | flags     | name |             version 5: the rest of the packet
 *     +----+----------+-----------+------+
 *      1 B   2 B        4 B
 */
export function buildName({ version, name, flags, creation }: NamePacket): Uint8Array {
  const bytes = nameBytes(name);
  const writer = new ByteWriter();
  if (version === 5)
    writer
      .u8(tag.n)
      .u16(5)
      .u32(Number(flags & 0xffffffffn));
  else writer.u8(tag.N).u64(flags).u32(creation).u16(bytes.length);
  return writer.bytes(bytes).finish();
}

/** Refuses: other tags, names over 255 bytes, a cut packet, a version below 5. */
export function parseName(packet: Uint8Array): NamePacket {
  return reading("name", packet, (reader) => {
    if (packet[0] === tag.n) {
      reader.u8();
      const spoken = reader.u16();
      if (spoken < 5)
        throw malformed("name", `the peer speaks version ${spoken}; 5 and 6 are known`);
      const flags = BigInt(reader.u32());
      const name = readName("name", reader, reader.left);
      return { version: 5, name, flags, creation: 0 };
    }
    expectTag("name", reader, tag.N);
    const flags = reader.u64();
    const creation = reader.u32();
    const name = readName("name", reader, reader.u16());
    return { version: 6, name, flags, creation };
  });
}

/** The acceptor's answer to a name. */
export type Status =
  | { readonly kind: "ok" | "ok_simultaneous" | "nok" | "not_allowed" | "alive" }
  | { readonly kind: "named"; readonly name: string; readonly creation: number };

const plainStatuses = ["ok", "ok_simultaneous", "nok", "not_allowed", "alive"] as const;
const NAMED = "named:";

/**
 * The acceptor's status.
 *
 *     +----+-----------------------------------------------------------------+
 *     |'s' | "ok" | "ok_simultaneous" | "nok" | "not_allowed" | "alive"       |
 *     +----+----------+------+--------+-----------+--------------------------+
 *     |'s' | "named:" | n    | name   | creation  |   to a node that has no name; the rest is ignored
 *     +----+----------+------+--------+-----------+
 *      1 B   6 B        2 B    n B utf8  4 B
 */
export function buildStatus(status: Status): Uint8Array {
  const writer = new ByteWriter().u8(tag.s);
  if (status.kind !== "named") return writer.text(status.kind).finish();
  const bytes = Buffer.from(status.name, "utf8");
  return writer.text(NAMED).u16(bytes.length).bytes(bytes).u32(status.creation).finish();
}

/** Refuses: unknown words (`ERR_HANDSHAKE_UNEXPECTED_STATUS`), a cut `named:`. */
export function parseStatus(packet: Uint8Array): Status {
  return reading("status", packet, (reader) => {
    expectTag("status", reader, tag.s);
    const text = latin1(packet.subarray(1));
    if (text.startsWith(NAMED)) {
      reader.take(NAMED.length);
      const bytes = reader.take(reader.u16());
      const name = Buffer.from(bytes).toString("utf8");
      if (name.length > MAX_NAME_CHARACTERS) {
        throw malformed("status", `we are given a name of ${name.length} characters`);
      }
      return { kind: "named", name, creation: reader.u32() };
    }
    const kind = plainStatuses.find((word) => word === text);
    if (kind !== undefined) return { kind };
    throw new HandshakeError(
      "ERR_HANDSHAKE_UNEXPECTED_STATUS",
      "status",
      `the peer answers our name with the unknown status "${printable(text, 64)}"`,
    );
  });
}

/**
 * The initiator's answer to `alive`: whether the new connection shall replace the old one.
 *
 *     +----+-------------------+
 *     |'s' | "true" | "false"  |
 *     +----+-------------------+
 */
export function buildStatusReply(replace: boolean): Uint8Array {
  return new ByteWriter().u8(tag.s).text(String(replace)).finish();
}

/** Reads the answer to `alive`: whether to go on. @throws HandshakeError when it is none. */
export function parseStatusReply(packet: Uint8Array): boolean {
  return reading("status reply", packet, (reader) => {
    expectTag("status reply", reader, tag.s);
    const text = latin1(reader.rest());
    if (text === "true") return true;
    if (text === "false") return false;
    throw malformed("status reply", `expected true or false, found "${printable(text, 64)}"`);
  });
}

/** The acceptor's name and challenge. */
export interface Challenge {
  readonly version: 5 | 6;
  readonly name: string;
  readonly flags: bigint;
  /** 32 bits, unsigned. */
  readonly challenge: number;
  readonly creation: number;
}

/**
 * The acceptor's challenge.
 *
 *     +----+----------+-----------+-----------+------+------+
 *     |'N' | flags    | challenge | creation  | n    | name |    what follows the name is ignored
 *     +----+----------+-----------+-----------+------+------+
 *      1 B   8 B        4 B         4 B         2 B    n B
 *
 *     +----+----------+-----------+-----------+------+
 *     |'n' | version  | flags     | challenge | name |           OTP 22 and before; only parsed
 *     +----+----------+-----------+-----------+------+
 *      1 B   2 B        4 B         4 B         rest
 */
export function buildChallenge(packet: Omit<Challenge, "version">): Uint8Array {
  const bytes = nameBytes(packet.name);
  const writer = new ByteWriter().u8(tag.N).u64(packet.flags).u32(packet.challenge);
  return writer.u32(packet.creation).u16(bytes.length).bytes(bytes).finish();
}

/** Reads a challenge, of either version. @throws HandshakeError when it is none. */
export function parseChallenge(packet: Uint8Array): Challenge {
  return reading("challenge", packet, (reader) => {
    if (packet[0] === tag.n) {
      reader.take(3);
      const flags = BigInt(reader.u32());
      const challenge = reader.u32();
      const name = readName("challenge", reader, reader.left);
      return { version: 5, name, flags, challenge, creation: 0 };
    }
    expectTag("challenge", reader, tag.N);
    const flags = reader.u64();
    const challenge = reader.u32();
    const creation = reader.u32();
    const name = readName("challenge", reader, reader.u16());
    return { version: 6, name, flags, challenge, creation };
  });
}

/** What the old `n` has no room for. */
export interface Complement {
  /** The flags from bit 32 up, in place. */
  readonly flagsHigh: bigint;
  readonly creation: number;
}

/**
 * After an old `n`, before the challenge reply.
 *
 *     +----+-------------+-----------+
 *     |'c' | flags >> 32 | creation  |
 *     +----+-------------+-----------+
 *      1 B   4 B           4 B
 */
export function buildComplement({ flagsHigh, creation }: Complement): Uint8Array {
  const high = Number((flagsHigh >> 32n) & 0xffffffffn);
  return new ByteWriter().u8(tag.c).u32(high).u32(creation).finish();
}

/** Reads a complement. @throws HandshakeError when it is none. */
export function parseComplement(packet: Uint8Array): Complement {
  return reading("complement", packet, (reader) => {
    expectTag("complement", reader, tag.c);
    const flagsHigh = BigInt(reader.u32()) << 32n;
    const creation = reader.u32();
    expectEnd("complement", reader);
    return { flagsHigh, creation };
  });
}

/** The initiator's proof, and its own challenge. */
export interface ChallengeReply {
  readonly challenge: number;
  /** 16 bytes: MD5 over the cookie and the decimal text of the acceptor's challenge. */
  readonly digest: Uint8Array;
}

/**
 *     +----+-----------+--------+
 *     |'r' | challenge | digest |
 *     +----+-----------+--------+
 *      1 B   4 B         16 B
 */
export function buildChallengeReply({ challenge, digest }: ChallengeReply): Uint8Array {
  return new ByteWriter().u8(tag.r).u32(challenge).bytes(digest).finish();
}

/** Reads a challenge reply. @throws HandshakeError when it is none. */
export function parseChallengeReply(packet: Uint8Array): ChallengeReply {
  return reading("challenge reply", packet, (reader) => {
    expectTag("challenge reply", reader, tag.r);
    const challenge = reader.u32();
    const digest = reader.take(DIGEST_BYTES);
    expectEnd("challenge reply", reader);
    return { challenge, digest };
  });
}

/**
 * The acceptor's proof. After it, both directions carry frames with a length of 4 bytes.
 *
 *     +----+--------+
 *     |'a' | digest |
 *     +----+--------+
 *      1 B   16 B
 */
export function buildAck(digest: Uint8Array): Uint8Array {
  return new ByteWriter().u8(tag.a).bytes(digest).finish();
}

/** Reads an ack: the digest. @throws HandshakeError when it is none. */
export function parseAck(packet: Uint8Array): Uint8Array {
  return reading("ack", packet, (reader) => {
    expectTag("ack", reader, tag.a);
    const digest = reader.take(DIGEST_BYTES);
    expectEnd("ack", reader);
    return digest;
  });
}
