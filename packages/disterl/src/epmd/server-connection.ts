import type { Socket } from "node:net";
import { isLoopback, sourceOf } from "../bytes/ip-address.ts";
import { isLocalPeer } from "./local-peer.ts";
import type { PendingConnection } from "./pending-connections.ts";
import type { LiveNode } from "./registry.ts";
import { RequestReader } from "./request-reader.ts";

/** Bytes of a long reply that are given to the socket at a time. */
const REPLY_SLICE = 64 * 1024;

/** What a connection tells the server it belongs to. */
export interface ConnectionOwner {
  /** A request has arrived whole. Its memory is valid during the call only. */
  onRequest(connection: ServerConnection, body: Uint8Array): void;
  /** What arrived is no request. */
  onBroken(connection: ServerConnection, error: unknown): void;
  /** Bytes came on a connection that is a registration. */
  onUnexpectedBytes(connection: ServerConnection): void;
  /** The connection is gone. Called once. */
  onClosed(connection: ServerConnection): void;
}

/**
 * One connection to the server: a request, an answer, the end; or a registration, which stays.
 */
export class ServerConnection implements PendingConnection {
  readonly socket: Socket;
  /** Small number for DUMP. */
  readonly number: number;
  /** The node this connection keeps registered. */
  node: LiveNode | undefined;
  readonly #owner: ConnectionOwner;
  readonly #reader: RequestReader;
  #answered = false;
  #rest: Uint8Array | undefined;
  #peer: string | undefined;
  #source: string | undefined;

  constructor(socket: Socket, number: number, owner: ConnectionOwner, requestBytes: number) {
    this.socket = socket;
    this.number = number;
    this.#owner = owner;
    this.#reader = new RequestReader(requestBytes);
    socket.on("error", ignore);
    socket.on("close", () => owner.onClosed(this));
  }

  /** Address of the other side, asked of the system when it is needed first. `""`: it has gone. */
  get peer(): string {
    this.#peer ??= this.socket.remoteAddress ?? "";
    return this.#peer;
  }

  get loopback(): boolean {
    return isLoopback(this.peer);
  }

  get source(): string {
    this.#source ??= sourceOf(this.peer);
    return this.#source;
  }

  /** Begins to read. */
  start(): void {
    this.socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    this.socket.on("end", () => {
      if (!this.#answered || this.node !== undefined) this.socket.destroy();
    });
  }

  /** The peer has closed its side or more: it cannot be a registration. */
  get left(): boolean {
    return this.socket.destroyed || this.socket.readableEnded;
  }

  /** On this machine: may register, dump, stop and kill. */
  get local(): boolean {
    return this.loopback || isLocalPeer(this.peer, this.socket.localAddress);
  }

  /** Bytes of the reply the peer has not taken yet. */
  get unreadReplyBytes(): number {
    return this.socket.writableLength + (this.#rest?.length ?? 0);
  }

  #onData(chunk: Uint8Array): void {
    if (this.node !== undefined) {
      this.#owner.onUnexpectedBytes(this);
      return;
    }
    if (this.#answered) return;
    let body: Uint8Array | undefined;
    try {
      body = this.#reader.push(chunk);
    } catch (error) {
      this.#answered = true;
      this.#owner.onBroken(this, error);
      return;
    }
    if (body === undefined) return;
    this.#answered = true;
    this.#owner.onRequest(this, body);
  }

  /** Sends a reply and leaves the connection open. */
  reply(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  /** Sends a reply, as fast as the peer takes it, and closes. `done` is called when it is closed. */
  replyAndClose(bytes: Uint8Array | string, done?: () => void): void {
    if (done !== undefined) this.socket.once("close", done);
    if (typeof bytes === "string" || bytes.length <= REPLY_SLICE) {
      this.socket.end(bytes);
      this.socket.destroySoon();
      return;
    }
    this.#rest = bytes;
    this.socket.on("drain", () => this.#pump());
    this.#pump();
  }

  #pump(): void {
    let rest = this.#rest;
    while (rest !== undefined) {
      const piece = rest.subarray(0, REPLY_SLICE);
      rest = rest.length > REPLY_SLICE ? rest.subarray(REPLY_SLICE) : undefined;
      this.#rest = rest;
      if (rest === undefined) {
        this.socket.end(piece);
        this.socket.destroySoon();
      } else if (!this.socket.write(piece)) {
        return;
      }
    }
  }

  /** Ends it at once. */
  destroy(): void {
    this.#rest = undefined;
    this.socket.destroy();
  }
}

/** A socket that fails closes next, and that is what counts. */
function ignore(): void {}
