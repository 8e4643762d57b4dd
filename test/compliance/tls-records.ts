import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { Duplex } from "node:stream";
import type { Socket } from "node:net";

/** TLS as bytes, written by hand: what no library would send. */

/** Suites, by their numbers. */
export const SUITES = {
  nothing: 0x0000,
  nullSha: 0x0002,
  rc4: 0x0005,
  tripleDes: 0x000a,
  anonymous: 0x0034,
  ecdsa: 0xc02b,
  rsa: 0xc02f,
  tls13: 0x1301,
} as const;

/** A ClientHello of TLS 1.2 or older in one record. */
export function clientHello(
  suites: readonly number[],
  { version = 0x0303, compressions = [0] }: { version?: number; compressions?: number[] } = {},
): Buffer {
  const groups = "000a 0006 0004 0017 0018";
  const formats = "000b 0002 0100";
  const signatures = "000d 000a 0008 0403 0804 0401 0201";
  const extensions = Buffer.from(`${groups}${formats}${signatures}`.replaceAll(" ", ""), "hex");
  const body = Buffer.concat([
    u16(version),
    Buffer.alloc(32, 0x5a),
    Buffer.of(0),
    u16(2 * suites.length),
    ...suites.map(u16),
    Buffer.of(compressions.length, ...compressions),
    u16(extensions.length),
    extensions,
  ]);
  const message = Buffer.concat([Buffer.of(1, 0), u16(body.length), body]);
  return tlsRecord(22, message, 0x0301);
}

/** A record in the clear. */
export function tlsRecord(type: number, body: Uint8Array, version = 0x0303): Buffer {
  return Buffer.concat([Buffer.of(type), u16(version), u16(body.length), body]);
}

function u16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff);
}

/** What an alert in the clear says; undefined when the bytes are something else. */
export function alertOf(bytes: Uint8Array): number | undefined {
  return bytes[0] === 21 && bytes.length >= 7 ? bytes[6] : undefined;
}

/**
 * Carries a TLS socket of `node:tls` over a connection and stands between: what goes out is counted, and
 * can be cut anywhere, bent, held back, and sent byte by byte.
 */
export class Tap extends Duplex {
  readonly #socket: Socket;
  readonly #cutAfter: number;
  readonly #onCut: (socket: Socket) => void;
  /** All that has gone out. */
  readonly sent: Buffer[] = [];
  /** What has come in first. */
  first: Buffer | undefined;
  /** Changes what goes out; `at`: what of it is the first byte. */
  bend: (chunk: Buffer, at: number) => Buffer = (chunk) => chunk;
  /** Each byte goes out by itself. */
  isSlow = false;
  #held: Buffer[] | undefined;
  #sentBytes = 0;
  #cut = false;

  constructor(socket: Socket, cutAfter = Infinity, onCut: (socket: Socket) => void = () => {}) {
    super();
    this.#socket = socket;
    this.#cutAfter = cutAfter;
    this.#onCut = onCut;
    socket.on("data", (chunk) => {
      this.first ??= chunk;
      this.push(chunk);
    });
    socket.on("end", () => this.push(null));
    socket.on("close", () => this.destroy());
    socket.on("error", () => {});
    this.on("error", () => {});
  }

  /** What is written from now on waits. */
  hold(): void {
    this.#held ??= [];
  }

  /** All that has waited goes out in one piece. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#socket.write(Buffer.concat(held));
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const part = this.bend(chunk, this.#sentBytes).subarray(
      0,
      Math.max(0, this.#cutAfter - this.#sentBytes),
    );
    this.sent.push(part);
    this.#sentBytes += chunk.length;
    if (this.isSlow) return this.#trickle(part, done);
    if (this.#held !== undefined) this.#held.push(Buffer.from(part));
    else if (part.length > 0) this.#socket.write(part);
    if (this.#sentBytes >= this.#cutAfter && !this.#cut) {
      this.#cut = true;
      this.#onCut(this.#socket);
    }
    done();
  }

  override _final(done: () => void): void {
    if (!this.#cut) this.#socket.end();
    done();
  }

  #trickle(bytes: Buffer, done: () => void): void {
    if (bytes.length === 0 || this.#socket.destroyed) return done();
    this.#socket.write(bytes.subarray(0, 1), () => {
      setImmediate(() => this.#trickle(bytes.subarray(1), done));
    });
  }
}

/** Whole records, one after the other. */
export function recordsOf(bytes: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt16BE(at + 3);
    records.push(bytes.subarray(at, end));
    at = end;
  }
  return records;
}

/** Writes records of a connection that is up. */
export interface RecordWriter {
  record(type: number, content: Uint8Array): Buffer;
}

/**
 * Writes records of TLS 1.3 (AES-128-GCM, SHA-256) with the keys of a handshake that somebody else
 * has done: any type, any content, any number.
 */
export class Tls13Writer implements RecordWriter {
  #secret: Buffer;
  #key: Buffer = Buffer.alloc(0);
  #iv: Buffer = Buffer.alloc(0);
  #sequence: bigint;

  /** `secret`: CLIENT_TRAFFIC_SECRET_0, or SERVER_…; `written`: the records written with it so far. */
  constructor(secret: Buffer, written: number) {
    this.#secret = secret;
    this.#deriveKeys();
    this.#sequence = BigInt(written);
  }

  /** Goes on where that side is: `sent` is all that it has sent. */
  static after(secret: Buffer, sent: Buffer): Tls13Writer {
    const records = recordsOf(sent);
    const first = records.findIndex((record) => isFirstWith(secret, record));
    return new Tls13Writer(secret, first === -1 ? 0 : records.length - first);
  }

  record(type: number, content: Uint8Array, padding = 0): Buffer {
    const inner = Buffer.concat([content, Buffer.of(type), Buffer.alloc(padding)]);
    const head = Buffer.concat([Buffer.of(23, 3, 3), u16(inner.length + 16)]);
    const nonce = Buffer.from(this.#iv);
    const last = nonce.readBigUInt64BE(4) ^ this.#sequence++;
    nonce.writeBigUInt64BE(last, 4);
    const cipher = createCipheriv("aes-128-gcm", this.#key, nonce).setAAD(head);
    return Buffer.concat([head, cipher.update(inner), cipher.final(), cipher.getAuthTag()]);
  }

  /** A KeyUpdate, and the next keys; `answer`: the other side is to do the same. */
  keyUpdate(answer: boolean): Buffer {
    const bytes = this.record(22, Buffer.of(24, 0, 0, 1, answer ? 1 : 0));
    this.#secret = expandLabel(this.#secret, "traffic upd", 32);
    this.#deriveKeys();
    return bytes;
  }

  #deriveKeys(): void {
    this.#key = expandLabel(this.#secret, "key", 16);
    this.#iv = expandLabel(this.#secret, "iv", 12);
    this.#sequence = 0n;
  }
}

function isFirstWith(secret: Buffer, record: Buffer): boolean {
  if (record[0] !== 23) return false;
  const [key, iv] = [expandLabel(secret, "key", 16), expandLabel(secret, "iv", 12)];
  const cipher = createDecipheriv("aes-128-gcm", key, iv).setAAD(record.subarray(0, 5));
  cipher.setAuthTag(record.subarray(-16)).update(record.subarray(5, -16));
  try {
    cipher.final();
    return true;
  } catch {
    return false;
  }
}

/** What a key log and the hellos tell of a connection of TLS 1.2. */
export interface Tls12Secrets {
  readonly clientRandom: Buffer;
  readonly serverRandom: Buffer;
  readonly master: Buffer;
}

/** The same for TLS 1.2 (ECDHE with AES-128-GCM, SHA-256). */
export class Tls12Writer implements RecordWriter {
  readonly #key: Buffer;
  readonly #iv: Buffer;
  #sequence: bigint;

  /** Goes on where that side is: `sent` is all that it has sent. */
  constructor(secrets: Tls12Secrets, side: "client" | "server", sent: Buffer) {
    const { clientRandom, serverRandom, master } = secrets;
    const seed = Buffer.concat([Buffer.from("key expansion"), serverRandom, clientRandom]);
    const hmac = (data: Buffer): Buffer => createHmac("sha256", master).update(data).digest();
    const first = hmac(seed);
    const block = [first, hmac(first)].map((a) => hmac(Buffer.concat([a, seed])));
    const bytes = Buffer.concat(block);
    this.#key = side === "client" ? bytes.subarray(0, 16) : bytes.subarray(16, 32);
    this.#iv = side === "client" ? bytes.subarray(32, 36) : bytes.subarray(36, 40);
    const records = recordsOf(sent);
    const change = records.findIndex((record) => record[0] === 20);
    this.#sequence = BigInt(records.length - change - 1);
  }

  record(type: number, content: Uint8Array): Buffer {
    const sequence = Buffer.alloc(8);
    sequence.writeBigUInt64BE(this.#sequence++);
    const head = Buffer.of(type, 3, 3);
    const aad = Buffer.concat([sequence, head, u16(content.length)]);
    const nonce = Buffer.concat([this.#iv, sequence]);
    const cipher = createCipheriv("aes-128-gcm", this.#key, nonce).setAAD(aad);
    const sealed = Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
    return Buffer.concat([head, u16(8 + sealed.length), sequence, sealed]);
  }
}

/** HKDF-Expand-Label of RFC 8446, one block. */
function expandLabel(secret: Buffer, label: string, length: number): Buffer {
  const text = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([u16(length), Buffer.of(text.length), text, Buffer.of(0, 1)]);
  return createHmac("sha256", secret).update(info).digest().subarray(0, length);
}
