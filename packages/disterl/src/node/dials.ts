import type { Clock } from "../carrier/clock.ts";
import { HandshakeError } from "../handshake/errors.ts";
import type { Atom } from "../term/atom.ts";
import type { Established } from "./dial.ts";
import { DialFailures } from "./dial-failures.ts";
import { policyError } from "./dialer.ts";
import type { Dsig } from "./dsig.ts";
import { codeOf } from "./error-code.ts";
import { InboundClaims } from "./inbound-claims.ts";
import type { NodeTable } from "./node-table.ts";
import { PendingPeer } from "./pending-peer.ts";
import type { Session } from "./session.ts";
import type { StatusFeed } from "./status.ts";

export interface DialsParts {
  readonly clock: Clock;
  readonly nodes: NodeTable;
  readonly dsig: Dsig;
  readonly status: StatusFeed;
  /** Distribution, while it runs. */
  session(): Session | undefined;
  /** Why it does not run. */
  whyNot(): string;
  /** A dial has got through its handshake. */
  up(established: Established): void;
}

/** How long a dial lets a handshake finish that claims the same name. */
const CLAIM_MS = 200;

/** The dials of a node: when they begin, and what becomes of those that wait when one fails. */
export class Dials {
  readonly claims = new InboundClaims();
  readonly failures = new DialFailures();
  readonly #parts: DialsParts;

  constructor(parts: DialsParts) {
    this.#parts = parts;
  }

  /** Begins to connect a node that is idle, or will be when its connection has ended. */
  begin(node: Atom, hidden = false): PendingPeer {
    const { nodes } = this.#parts;
    const peer = nodes.get(node);
    const pending = new PendingPeer(hidden);
    if (peer?.state === "exiting") {
      peer.next ??= pending;
      return peer.next;
    }
    nodes.set(node, pending);
    this.whenFree(node, pending);
    return pending;
  }

  /** Dials as soon as no handshake of others claims that name. */
  whenFree(node: Atom, pending: PendingPeer): void {
    let begun = false;
    const dial = (): void => {
      if (begun || pending.taken || this.#parts.nodes.get(node) !== pending) return;
      begun = true;
      this.dial(node, pending);
    };
    if (!this.claims.whenSettled(node.text, dial)) dial();
    // Whoever only holds a name open does not hold us up for long.
    else this.#parts.clock.after(CLAIM_MS, dial).unref();
  }

  dial(node: Atom, pending: PendingPeer): void {
    const session = this.#parts.session();
    if (session === undefined) {
      this.giveUp(node, pending, policyError(node, this.#parts.whyNot()));
      return;
    }
    pending.abort = new AbortController();
    session.dialer
      .dial(node, pending.abort, pending.hidden)
      .then((established) => this.#parts.up(established))
      .catch((error: unknown) => this.#failed(node, pending, error as Error));
  }

  #failed(node: Atom, pending: PendingPeer, error: Error): void {
    const { nodes, clock } = this.#parts;
    // Somebody else won: the entry is theirs, or has become a connection.
    if (nodes.get(node) !== pending || pending.taken) return;
    const { cause } = error;
    if (!(cause instanceof HandshakeError) || cause.code !== "ERR_HANDSHAKE_NOK") {
      this.giveUp(node, pending, error);
      return;
    }
    // The peer prefers its own dial, which is under way to us: it gets the time of a handshake.
    pending.abort = undefined;
    const { setupTimeMs = 0 } = this.#parts.session()?.options ?? {};
    pending.patience = clock.after(setupTimeMs, () => {
      if (nodes.get(node) === pending && !pending.taken) this.giveUp(node, pending, error);
    });
  }

  /** There will be no connection: what waits for it is lost, and who waits is told. */
  giveUp(node: Atom, pending: PendingPeer, error: Error): void {
    const { nodes, dsig, status } = this.#parts;
    pending.endDial(error.message);
    const peer = nodes.get(node);
    if (peer === pending) nodes.delete(node);
    else if (peer?.state === "exiting" && peer.next === pending) peer.next = undefined;
    this.failures.add(node, error);
    for (const signal of pending.held) dsig.lost(signal);
    status.publish({ type: "connect_failed", node: node.text, code: codeOf(error), error });
    pending.reject(error);
  }
}
