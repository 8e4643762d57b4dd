import { createHash } from "node:crypto";
import * as net from "node:net";
import { systemClock } from "disterl/carrier";

/**
 * A peer that says exactly what a test tells it to, over TCP: raw bytes, a correct handshake, frames.
 *
 * It shares no code and no constants with the parts it is meant to test: what it knows of the
 * protocol is written here a second time, by hand.
 *
 *     const peer = await RawPeer.dial({ port });
 *     peer.sendHex("00 01 4e");
 *     await peer.expectClose(100);
 */

/** What OTP 29 announces. */
export const RAW_FLAGS_OTP_29 = 0x0000006d07df7fbdn;
/** What OTP 25 announces. */
export const RAW_FLAGS_OTP_25 = 0x0000000d07df7fbdn;
/** What a C node (`erl_call` of OTP 25) announces. */
export const RAW_FLAGS_C_NODE = 0x0000000407074f9cn;

/** Default patience, in milliseconds. */
const PATIENCE_MS = 5_000;

/** How a raw peer introduces itself. */
export interface RawIntroduction {
  readonly name: string;
  readonly cookie: string;
  /** Default {@link RAW_FLAGS_OTP_29}. */
  readonly flags?: bigint | undefined;
  /** Default 77. */
  readonly creation?: number | undefined;
}

/** What the other side of a raw handshake said. */
export interface RawAgreement {
  readonly name: string;
  readonly flags: bigint;
  readonly creation: number;
  readonly status: string;
}

/** Where to dial. */
export interface RawAddress {
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Bytes of the length before each handshake packet. Default 2. */
  readonly lengthBytes?: 2 | 4 | undefined;
}

interface Waiter {
  readonly isReady: () => boolean;
  readonly resolve: () => void;
}

/**
 * A peer that writes and reads packets with constants of its own, so that it shares no mistake
 * with the library.
 */
export class RawPeer {
  readonly socket: net.Socket;
  readonly #lengthBytes: 2 | 4;
  #received: Buffer = Buffer.alloc(0);
  #closed = false;
  #error: Error | undefined;
  readonly #waiters = new Set<Waiter>();

  private constructor(socket: net.Socket, lengthBytes: 2 | 4) {
    this.socket = socket;
    this.#lengthBytes = lengthBytes;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on("error", (error) => {
      this.#error = error;
    });
    const closed = (): void => {
      this.#closed = true;
      this.#wake();
    };
    socket.on("end", closed);
    socket.on("close", closed);
  }

  /** Connects. */
  static dial({ port, host = "127.0.0.1", lengthBytes = 2 }: RawAddress): Promise<RawPeer> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new RawPeer(socket, lengthBytes));
      });
    });
  }

  /** Over a socket that is connected, such as one of `node:tls`. */
  static over(socket: net.Socket, lengthBytes: 2 | 4): RawPeer {
    return new RawPeer(socket, lengthBytes);
  }

  /** Listens on a free port of loopback. */
  static listen(options: Partial<RawAddress> = {}): Promise<RawListener> {
    const { port = 0, host = "127.0.0.1", lengthBytes = 2 } = options;
    return new Promise((resolve, reject) => {
      const server = net.createServer();
      server.once("error", reject);
      server.listen({ port, host }, () => {
        resolve(new RawListener(server, (socket) => new RawPeer(socket, lengthBytes)));
      });
    });
  }

  /** Whether the other side has closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** What has arrived and was not taken yet. */
  get received(): Buffer {
    return this.#received;
  }

  /** Sends bytes as they are. */
  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Sends bytes written as hex; blanks do not count. */
  sendHex(hex: string): void {
    this.send(rawBytes(hex));
  }

  /** Sends one handshake packet, with its length. */
  sendPacket(body: Uint8Array | string): void {
    this.send(prefixed(typeof body === "string" ? rawBytes(body) : body, this.#lengthBytes));
  }

  /** Sends one frame of the connected state, with its length of four bytes. */
  sendFrame(body: Uint8Array | string): void {
    this.send(prefixed(typeof body === "string" ? rawBytes(body) : body, 4));
  }

  /** The next handshake packet, without its length. */
  async receivePacket(ms = PATIENCE_MS): Promise<Buffer> {
    return this.#takePrefixed(this.#lengthBytes, ms);
  }

  /** The next frame of the connected state, without its length; empty for a tick. */
  async receiveFrame(ms = PATIENCE_MS): Promise<Buffer> {
    return this.#takePrefixed(4, ms);
  }

  /** The next frame that is not a tick. */
  async receiveMessage(ms = PATIENCE_MS): Promise<Buffer> {
    for (;;) {
      const frame = await this.receiveFrame(ms);
      if (frame.length > 0) return frame;
    }
  }

  /** Resolves when the other side closes within the time; throws otherwise. Gives the milliseconds. */
  async expectClose(ms = PATIENCE_MS): Promise<number> {
    const began = systemClock.now();
    await this.#until(() => this.#closed, ms, "the other side to close");
    return systemClock.now() - began;
  }

  /** Closes orderly. */
  close(): void {
    this.socket.destroy();
  }

  /** Closes with a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /**
   * The whole handshake as the side that dials. Answers `alive` with "true".
   * @throws Error when the other side refuses; the message has its status.
   */
  async initiate(me: RawIntroduction): Promise<RawAgreement> {
    this.sendPacket(rawNamePacket(me));
    const status = (await this.receivePacket()).subarray(1).toString("latin1");
    if (status === "alive") this.sendPacket(Buffer.from("strue"));
    else if (!status.startsWith("ok") && !status.startsWith("named:")) {
      throw new Error(`the acceptor answers "${status}"`);
    }
    const packet = await this.receivePacket();
    if (packet[0] !== 0x4e) throw new Error(`no challenge: ${packet.toString("hex")}`);
    const theirs = packet.readUInt32BE(9);
    this.sendPacket(rawReplyPacket(0x01020304, rawDigest(me.cookie, theirs)));
    const ack = await this.receivePacket();
    const expected = Buffer.concat([Buffer.from("a"), rawDigest(me.cookie, 0x01020304)]);
    if (!ack.equals(expected)) throw new Error(`wrong ack: ${ack.toString("hex")}`);
    return {
      status,
      flags: packet.readBigUInt64BE(1),
      creation: packet.readUInt32BE(13),
      name: packet.subarray(19, 19 + packet.readUInt16BE(17)).toString("latin1"),
    };
  }

  /** The whole handshake as the side that is dialled, with status `ok`. */
  async accept(me: RawIntroduction): Promise<RawAgreement> {
    const packet = await this.receivePacket();
    if (packet[0] !== 0x4e) throw new Error(`no name: ${packet.toString("hex")}`);
    this.sendPacket(Buffer.from("sok"));
    this.sendPacket(rawChallengePacket(me, 0x05060708));
    const reply = await this.receivePacket();
    if (!reply.subarray(5).equals(rawDigest(me.cookie, 0x05060708))) {
      throw new Error(`wrong reply: ${reply.toString("hex")}`);
    }
    const digest = rawDigest(me.cookie, reply.readUInt32BE(1));
    this.sendPacket(Buffer.concat([Buffer.from("a"), digest]));
    return {
      status: "ok",
      flags: packet.readBigUInt64BE(1),
      creation: packet.readUInt32BE(9),
      name: packet.subarray(15, 15 + packet.readUInt16BE(13)).toString("latin1"),
    };
  }

  async #takePrefixed(lengthBytes: 2 | 4, ms: number): Promise<Buffer> {
    const length = (): number =>
      this.#received.length < lengthBytes ? Infinity : this.#received.readUIntBE(0, lengthBytes);
    const isWhole = (): boolean => this.#received.length >= lengthBytes + length();
    await this.#until(() => isWhole() || this.#closed, ms, "a packet");
    if (!isWhole())
      throw new Error("the other side closed before a packet was whole", this.#cause());
    const end = lengthBytes + length();
    const body = Buffer.from(this.#received.subarray(lengthBytes, end));
    this.#received = this.#received.subarray(end);
    return body;
  }

  #cause(): ErrorOptions {
    return this.#error === undefined ? {} : { cause: this.#error };
  }

  #wake(): void {
    for (const waiter of this.#waiters) if (waiter.isReady()) waiter.resolve();
  }

  #until(isReady: () => boolean, ms: number, what: string): Promise<void> {
    if (isReady()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = systemClock.after(ms, () => {
        this.#waiters.delete(waiter);
        const got = this.#received.toString("hex").slice(0, 64) || "nothing";
        reject(new Error(`waited ${ms} ms for ${what}; arrived so far: ${got}`));
      });
      const waiter: Waiter = {
        isReady,
        resolve: () => {
          timer.cancel();
          this.#waiters.delete(waiter);
          resolve();
        },
      };
      this.#waiters.add(waiter);
    });
  }
}

/** Hands out a {@link RawPeer} for each connection that comes in. */
export class RawListener {
  readonly port: number;
  readonly #server: net.Server;
  readonly #arrived: RawPeer[] = [];
  readonly #wanted: ((peer: RawPeer) => void)[] = [];
  readonly #all: RawPeer[] = [];

  /** Use {@link RawPeer.listen}. */
  constructor(server: net.Server, makePeer: (socket: net.Socket) => RawPeer) {
    this.#server = server;
    const address = server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
    server.on("connection", (socket) => {
      const peer = makePeer(socket);
      this.#all.push(peer);
      const wanted = this.#wanted.shift();
      if (wanted === undefined) this.#arrived.push(peer);
      else wanted(peer);
    });
  }

  /** The next connection. */
  accept(): Promise<RawPeer> {
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return Promise.resolve(arrived);
    return new Promise((resolve) => this.#wanted.push(resolve));
  }

  /** Stops listening and closes every connection. */
  close(): Promise<void> {
    for (const peer of this.#all) peer.close();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

/** Bytes written as hex; blanks do not count. */
export function rawBytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/\s+/g, ""), "hex");
}

/** MD5 over the cookie and the decimal text of a challenge. */
export function rawDigest(cookie: string, challenge: number): Buffer {
  return createHash("md5")
    .update(Buffer.from(`${cookie}${challenge >>> 0}`, "latin1"))
    .digest();
}

/** `N` of the side that dials. */
export function rawNamePacket(me: Omit<RawIntroduction, "cookie">): Buffer {
  const name = Buffer.from(me.name, "latin1");
  const head = Buffer.alloc(15);
  head.writeUInt8(0x4e, 0);
  head.writeBigUInt64BE(me.flags ?? RAW_FLAGS_OTP_29, 1);
  head.writeUInt32BE(me.creation ?? 77, 9);
  head.writeUInt16BE(name.length, 13);
  return Buffer.concat([head, name]);
}

/** `N` of the side that is dialled. */
export function rawChallengePacket(me: Omit<RawIntroduction, "cookie">, challenge: number): Buffer {
  const name = Buffer.from(me.name, "latin1");
  const head = Buffer.alloc(19);
  head.writeUInt8(0x4e, 0);
  head.writeBigUInt64BE(me.flags ?? RAW_FLAGS_OTP_29, 1);
  head.writeUInt32BE(challenge >>> 0, 9);
  head.writeUInt32BE(me.creation ?? 77, 13);
  head.writeUInt16BE(name.length, 17);
  return Buffer.concat([head, name]);
}

/** `r`: our challenge and the proof for theirs. */
export function rawReplyPacket(challenge: number, digest: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(0x72, 0);
  head.writeUInt32BE(challenge >>> 0, 1);
  return Buffer.concat([head, digest]);
}

function prefixed(body: Uint8Array, lengthBytes: 2 | 4): Buffer {
  const head = Buffer.alloc(lengthBytes);
  head.writeUIntBE(body.length, 0, lengthBytes);
  return Buffer.concat([head, body]);
}
