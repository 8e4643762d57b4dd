import type { Timer } from "../carrier/clock.ts";
import type { Connection } from "../connection/connection.ts";
import type { Signal } from "../signal/signal.ts";

/** A connection that is being set up; what is to be said over it waits, in order. */
export class PendingPeer {
  readonly state = "pending";
  /** Settles when the peer is connected, or cannot be. */
  readonly connected: Promise<Connection>;
  readonly held: Signal[] = [];
  /** Bytes of the messages among them. */
  heldBytes = 0;
  resolve: (connection: Connection) => void = () => {};
  reject: (error: Error) => void = () => {};
  /** Ends our dial, while there is one. */
  abort: AbortController | undefined;
  /** Ends the wait for the dial of a peer that prefers its own. */
  patience: Timer | undefined;
  /** A peer that dialled us and proved itself has the place: its handshake is about to end. */
  taken = false;

  /** Dialled as a hidden node, whatever this node is. */
  readonly hidden: boolean;

  constructor(hidden = false) {
    this.hidden = hidden;
    this.connected = new Promise<Connection>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Who only sends does not wait for it: the status feed tells.
    this.connected.catch(() => {});
  }

  /** Our own dial is not wanted any more. */
  endDial(why: string): void {
    this.patience?.cancel();
    this.abort?.abort(new Error(why));
    this.abort = undefined;
  }
}
