import type { TLSSocket } from "node:tls";
import type { NetAddress } from "./carrier.ts";
import type { Clock } from "./clock.ts";
import { SocketChannel } from "./socket-channel.ts";
import type { CertificateFacts } from "./tls-certificate.ts";
import { handshakeError, isAlert } from "./tls-errors.ts";
import { type TlsFacts, tlsFacts } from "./tls-facts.ts";

/**
 * A channel over TLS. In TLS 1.3 the side that dials is done before the other one has looked at its
 * certificate, so a refusal arrives here, as an alert.
 */
export class TlsChannel extends SocketChannel {
  /** What {@link claimProblem} says. @internal */
  claims: (node: string) => Error | undefined = () => undefined;
  readonly #socket: TLSSocket;
  readonly #checked: boolean;
  #tls: TlsFacts | undefined;
  readonly #own: CertificateFacts | undefined;

  constructor(
    socket: TLSSocket,
    ends: { readonly local: NetAddress; readonly remote: NetAddress },
    clock: Clock,
    own: CertificateFacts | undefined,
    checked: boolean,
  ) {
    super(socket, ends.local, ends.remote, clock);
    this.#socket = socket;
    this.#checked = checked;
    this.#own = own;
    socket.pause();
    socket.on("data", (chunk: Uint8Array) => this.received(chunk));
  }

  get tls(): TlsFacts | undefined {
    if (!this.#socket.destroyed) this.#tls ??= tlsFacts(this.#socket, this.#own, this.#checked);
    return this.#tls;
  }

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
