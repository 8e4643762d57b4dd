import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { NetAddress } from "../carrier.ts";
import type { Clock } from "../clock.ts";
import { Fifo } from "../fifo.ts";
import { SocketChannel } from "../socket-channel.ts";
import { adopt } from "../socket-reading.ts";
import type { CertificateFacts } from "./tls-certificate.ts";
import { handshakeError, isAlert } from "./tls-errors.ts";
import { type TlsFacts, tlsFacts } from "./tls-facts.ts";

/**
 * A channel over TLS, whose bytes come record by record. What has arrived when it is paused is
 * decrypted to the end nevertheless, and held here until somebody wants it.
 *
 * In TLS 1.3 the side that dials is done before the other one has looked at its certificate, so a
 * refusal arrives here, as an alert.
 */
export class TlsChannel extends SocketChannel {
  /** What {@link claimProblem} says. @internal */
  claims: (node: string) => Error | undefined = () => undefined;
  readonly #socket: TLSSocket;
  readonly #checked: boolean;
  readonly #certificate: X509Certificate | undefined;
  #tls: TlsFacts | undefined;
  readonly #own: CertificateFacts | undefined;
  #paused = true;
  /** Decrypted while nobody wanted it: at most of one read of the connection below, 64 KB. */
  readonly #held = new Fifo<Uint8Array>();

  constructor(
    socket: TLSSocket,
    ends: { readonly local: NetAddress; readonly remote: NetAddress },
    clock: Clock,
    own: CertificateFacts | undefined,
    checked: boolean,
    certificate: X509Certificate | undefined,
  ) {
    super(socket, ends.local, ends.remote, clock);
    this.#socket = socket;
    this.#checked = checked;
    this.#certificate = certificate;
    this.#own = own;
    adopt(socket, (chunk) => this.received(chunk));
  }

  get tls(): TlsFacts | undefined {
    if (!this.#socket.destroyed) {
      this.#tls ??= tlsFacts(this.#socket, this.#own, this.#checked, this.#certificate);
    }
    return this.#tls;
  }

  override pause(): void {
    this.#paused = true;
    super.pause();
  }

  override resume(): void {
    this.#paused = false;
    // Before the socket goes on, which may be to tell that the peer has ended.
    if (this.#held.length > 0) process.nextTick(this.#release);
    super.resume();
  }

  protected override handOut(chunk: Uint8Array): void {
    if (this.#paused || this.#held.length > 0) this.#held.push(new Uint8Array(chunk));
    else super.handOut(chunk);
  }

  readonly #release = (): void => {
    while (!this.#paused && this.isOpen) {
      const chunk = this.#held.shift();
      if (chunk === undefined) return;
      super.handOut(chunk);
    }
  };

  claimProblem(node: string): Error | undefined {
    return this.claims(node);
  }

  protected override lossOf(error: Error): Error {
    const { address, port } = this.remote;
    return isAlert(error)
      ? handshakeError(`${address}:${port}`, error, this.#own)
      : super.lossOf(error);
  }
}
