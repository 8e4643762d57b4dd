import type { TLSSocket } from "node:tls";
import type { NetAddress } from "./carrier.ts";
import type { Clock } from "./clock.ts";
import { SocketChannel } from "./socket-channel.ts";
import type { CertificateFacts } from "./tls-certificate.ts";
import { handshakeError, isAlert } from "./tls-errors.ts";

/**
 * A channel over TLS. In TLS 1.3 the side that dials is done before the other one has looked at its
 * certificate, so a refusal arrives here, as an alert.
 */
export class TlsChannel extends SocketChannel {
  readonly #own: CertificateFacts | undefined;

  constructor(
    socket: TLSSocket,
    ends: { readonly local: NetAddress; readonly remote: NetAddress },
    clock: Clock,
    own: CertificateFacts | undefined,
  ) {
    super(socket, ends.local, ends.remote, clock);
    this.#own = own;
    socket.pause();
    socket.on("data", (chunk: Uint8Array) => this.received(chunk));
  }

  protected override lossOf(error: Error): Error {
    const { address, port } = this.remote;
    return isAlert(error)
      ? handshakeError(`${address}:${port}`, error, this.#own)
      : super.lossOf(error);
  }
}
