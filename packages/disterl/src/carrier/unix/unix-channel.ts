import { lostError } from "../errors.ts";
import { TcpChannel } from "../tcp-channel.ts";

/** A channel over a unix socket. One end has no name: both are told by the file between them. */
export class UnixChannel extends TcpChannel {
  protected override lossOf(error: Error): Error {
    return lostError(this.remote.address || `a peer on ${this.local.address}`, error);
  }
}
