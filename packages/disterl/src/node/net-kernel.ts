import { Connection, type ConnectionOptions } from "../connection/connection.ts";
import type { NodedownReason } from "../connection/errors.ts";
import { Ticker } from "../connection/ticker.ts";
import { OutstandingChallenges } from "../handshake/digest.ts";
import type { NameLease } from "../handshake/dynamic-names.ts";
import { HandshakeError } from "../handshake/errors.ts";
import type { AgreedPeer } from "../handshake/handshake.ts";
import { NONODE } from "../process/identity.ts";
import type { ProcessTable } from "../process/process-table.ts";
import type { Signal } from "../signal/signal.ts";
import { type Atom, atom } from "../term/atom.ts";
import { ConnectionWaits } from "./connection-waits.ts";
import type { Established } from "./dial.ts";
import { DialFailures } from "./dial-failures.ts";
import { Dialer, type DialerOptions, policyError } from "./dialer.ts";
import type { AutoConnect, Dsig } from "./dsig.ts";
import { InboundClaims } from "./inbound-claims.ts";
import type { NodeLimits } from "./limits.ts";
import type { NetMessage } from "./net-message.ts";
import type { NodeTable } from "./node-table.ts";
import { PendingPeer } from "./pending-peer.ts";
import type { StatusFeed } from "./status.ts";

const STOPPED = "the node was stopped";

export interface NetKernelOptions extends DialerOptions {
  readonly limits: NodeLimits;
  readonly autoConnect: "always" | "once" | "never";
  readonly tickTimeMs: number;
  readonly tickIntensity: number;
  readonly reader: ConnectionOptions["reader"];
}

/** The parts of the node that net_kernel connects with the world. */
export interface NetKernelParts {
  readonly nodes: NodeTable;
  readonly processes: ProcessTable;
  readonly dsig: Dsig;
  readonly local: NetMessage;
  readonly status: StatusFeed;
}

/** How long a dial lets a handshake finish that claims the same name. */
const CLAIM_MS = 200;

/**
 * Who is connected, and how that changes: dials, takes over what the acceptor has authenticated,
 * settles who wins, says nodeup and nodedown. Mirrors the connection handling of `net_kernel.erl`;
 * differs in: a peer that has not proved itself takes no place in the table.
 */
export class NetKernel implements AutoConnect {
  readonly outstanding: OutstandingChallenges;
  readonly claims = new InboundClaims();
  readonly #options: NetKernelOptions;
  readonly #parts: NetKernelParts;
  readonly #dialer: Dialer;
  readonly #ticker: Ticker;
  readonly #failures = new DialFailures();
  readonly #closes = new ConnectionWaits();
  readonly #drains = new ConnectionWaits();
  /** Names we gave to nodes that had none. */
  readonly #leases = new Map<Atom, NameLease>();
  /** The connection over which a nameless node got its name. */
  #namedBy: Connection | undefined;
  #stopped = false;

  constructor(options: NetKernelOptions, parts: NetKernelParts) {
    this.#options = options;
    this.#parts = parts;
    this.outstanding = new OutstandingChallenges(options.random);
    this.#dialer = new Dialer(options, parts.processes.identity, this.outstanding);
    this.#ticker = new Ticker(options.clock, options.tickTimeMs, options.tickIntensity);
  }

  // ── dialling ──────────────────────────────────────────────────────────────────────────────────

  /** The connection to a node; it is set up if need be (`net_kernel:connect_node/1`). */
  connect(node: Atom): Promise<Connection> {
    if (this.#stopped) return Promise.reject(policyError(node, STOPPED));
    if (node === this.#parts.processes.identity.node) {
      return Promise.reject(policyError(node, "that is this node itself"));
    }
    const peer = this.#parts.nodes.get(node);
    if (peer?.state === "connected") return Promise.resolve(peer.connection);
    if (peer?.state === "pending") return peer.connected;
    if (peer?.state === "exiting") {
      return this.#closes.wait(peer.connection).then(() => this.connect(node));
    }
    this.#parts.nodes.barred.delete(node);
    return this.#begin(node).connected;
  }

  autoConnect(node: Atom): boolean {
    const { nodes, processes } = this.#parts;
    const { autoConnect } = this.#options;
    if (this.#stopped || autoConnect === "never" || nodes.barred.has(node)) return false;
    // A nameless node has to be told whom to ask for a name.
    if (processes.identity.node === NONODE) return false;
    this.#begin(node);
    return true;
  }

  /** Why the last dial to a node failed, or why there was none. */
  lastFailure(node: Atom): Error | undefined {
    const failure = this.#failures.get(node);
    if (failure !== undefined || this.#parts.nodes.get(node) !== undefined) return failure;
    if (this.#options.autoConnect === "never") {
      return policyError(node, "dist_auto_connect is never: connect() to it first");
    }
    if (!this.#parts.nodes.barred.has(node)) return undefined;
    const why = "dist_auto_connect is once, and it was connected before: connect() to it";
    return policyError(node, why);
  }

  #begin(node: Atom): PendingPeer {
    const pending = new PendingPeer();
    this.#parts.nodes.set(node, pending);
    let begun = false;
    const dial = (): void => {
      if (begun || pending.taken || this.#parts.nodes.get(node) !== pending) return;
      begun = true;
      this.#dial(node, pending);
    };
    if (!this.claims.whenSettled(node.text, dial)) dial();
    // Whoever only holds a name open does not hold us up for long.
    else this.#options.clock.after(CLAIM_MS, dial).unref();
    return pending;
  }

  #dial(node: Atom, pending: PendingPeer): void {
    pending.abort = new AbortController();
    this.#dialer
      .dial(node, pending.abort.signal)
      .then((established) => this.up(established, true))
      .catch((error: unknown) => this.#dialFailed(node, pending, error as Error));
  }

  #dialFailed(node: Atom, pending: PendingPeer, error: Error): void {
    // Somebody else won: the entry is theirs, or has become a connection.
    if (this.#parts.nodes.get(node) !== pending || pending.taken) return;
    const { cause } = error;
    if (!(cause instanceof HandshakeError) || cause.code !== "ERR_HANDSHAKE_NOK") {
      this.#giveUp(node, pending, error);
      return;
    }
    // The peer prefers its own dial, which is under way to us: it gets the time of a handshake.
    pending.abort = undefined;
    pending.patience = this.#options.clock.after(this.#options.setupTimeMs, () => {
      if (this.#parts.nodes.get(node) === pending && !pending.taken) {
        this.#giveUp(node, pending, error);
      }
    });
  }

  #giveUp(node: Atom, pending: PendingPeer, error: Error): void {
    pending.endDial(error.message);
    this.#parts.nodes.delete(node);
    this.#failures.add(node, error);
    for (const signal of pending.held) this.#parts.dsig.lost(signal);
    this.#parts.status.publish({ type: "connect_failed", node: node.text, error });
    pending.reject(error);
  }

  // ── being dialled: what the acceptor asks ─────────────────────────────────────────────────────

  /** Takes the place for a peer that has proved itself; false when another was faster. */
  reserve(node: Atom): boolean {
    const { nodes } = this.#parts;
    const known = nodes.get(node);
    if (known === undefined && nodes.size >= this.#options.limits.connections) return false;
    const peer = known ?? new PendingPeer();
    if (this.#stopped || peer.state !== "pending" || peer.taken) return false;
    this.#parts.nodes.set(node, peer);
    peer.taken = true;
    // Our own dial, if any, has lost; what waits for it goes over the peer's connection.
    peer.endDial(`${node.text} connected to us meanwhile`);
    return true;
  }

  /** The handshake failed after {@link reserve}. */
  release(node: Atom, error: Error): void {
    const peer = this.#parts.nodes.get(node);
    if (peer?.state === "pending") this.#giveUp(node, peer, error);
  }

  /** The connection to a node carries a name we gave: it goes back when that ends. */
  lease(name: string, lease: NameLease): void {
    this.#leases.set(atom(name), lease);
  }

  /** Ends the connection to a node for one that replaces it; resolves when it has ended. */
  async replace(node: Atom): Promise<void> {
    const peer = this.#parts.nodes.get(node);
    if (peer === undefined || peer.state === "pending") return;
    const closed = this.#closes.wait(peer.connection);
    peer.connection.close("connection_closed");
    await closed;
  }

  // ── up ────────────────────────────────────────────────────────────────────────────────────────

  /** A handshake is done: the connection counts from here on. */
  up({ channel, peer, rest }: Established, dialled: boolean): void {
    const { nodes, status } = this.#parts;
    const node = atom(peer.name);
    const pending = nodes.get(node);
    const isTaken = pending?.state !== "pending" || pending.taken === dialled;
    if (this.#stopped || isTaken) {
      channel.destroy();
      return;
    }
    const givesName = peer.named && dialled;
    if (givesName && this.#namedBy !== undefined) {
      // Another node was faster to give us a name: this one gets to know us by that.
      channel.destroy();
      this.#dial(node, pending);
      return;
    }
    if (givesName) this.#adoptName(peer.ourName, peer.ourCreation);
    const connection = this.#open(node, channel, peer);
    if (givesName) this.#namedBy = connection;
    nodes.set(node, { state: "connected", connection });
    nodes.barred.delete(node);
    this.#failures.forget(node);
    this.#ticker.add(connection);
    status.publish({ type: "nodeup", node: peer.name, hidden: peer.hidden, dialled });
    for (const signal of pending.held) this.#sendHeld(connection, signal);
    pending.resolve(connection);
    connection.start(rest);
  }

  #open(node: Atom, channel: Established["channel"], peer: AgreedPeer): Connection {
    const { limits, clock, reader, tickTimeMs, tickIntensity } = this.#options;
    return new Connection({
      channel,
      clock,
      peer: { node, creation: peer.creation, flags: peer.flags, hidden: peer.hidden },
      reader,
      busyBytes: limits.distBusyBytes,
      stallMs: limits.stallMs ?? Math.max(2 * tickTimeMs, 30_000),
      tickIntensity,
      handler: {
        signal: (connection, signal, bytes) => {
          this.#parts.local.dispatch(signal, connection, bytes);
        },
        drained: (connection) => this.#drains.settle(connection),
        closed: (connection, reason, error) => this.#down(connection, reason, error),
      },
    });
  }

  #sendHeld(connection: Connection, signal: Signal): void {
    try {
      connection.send(signal);
    } catch {
      // What has no message under the agreed flags: its sender is told like of any lost signal.
      this.#parts.dsig.lost(signal);
    }
  }

  #adoptName(name: string, creation: number): void {
    this.#parts.processes.identity.adopt(atom(name), creation);
    this.#parts.processes.adoptIdentity();
  }

  // ── down ──────────────────────────────────────────────────────────────────────────────────────

  #down(connection: Connection, reason: NodedownReason, error: Error | undefined): void {
    const { nodes, processes, status } = this.#parts;
    const { node, hidden } = connection.peer;
    this.#ticker.remove(connection);
    nodes.delete(node);
    if (this.#options.autoConnect === "once") nodes.barred.add(node);
    processes.nodeDown(node);
    this.#leases.get(node)?.release();
    this.#leases.delete(node);
    status.publish({ type: "nodedown", node: node.text, hidden, reason, error });
    if (this.#namedBy === connection) this.#loseName();
    this.#drains.settle(connection);
    this.#closes.settle(connection);
  }

  /**
   * The name belonged to the node that gave it: the other connections, and dials made under it, go
   * with it (protocol HS-38).
   */
  #loseName(): void {
    this.#namedBy = undefined;
    for (const [node, peer] of [...this.#parts.nodes.entries()]) {
      if (peer.state === "connected") this.#disconnect(peer.connection, "disconnect");
      if (peer.state !== "pending") continue;
      const why = "the connection that had given this node its name was lost meanwhile";
      this.#giveUp(node, peer, policyError(node, why));
    }
    this.#adoptName(NONODE.text, 0);
  }

  /** Closes the connection to a node (`erlang:disconnect_node/1`): false when there was none. */
  disconnect(node: Atom): boolean {
    const connection = this.#parts.nodes.connection(node);
    if (connection === undefined) return false;
    this.#disconnect(connection, "disconnect");
    return true;
  }

  #disconnect(connection: Connection, reason: NodedownReason): void {
    this.#parts.nodes.set(connection.peer.node, { state: "exiting", connection });
    connection.close(reason);
  }

  /** Resolves when less than half of the busy threshold waits for a node, or it is gone. */
  drained(node: Atom): Promise<void> {
    const peer = this.#parts.nodes.get(node);
    if (peer?.state === "pending" && peer.heldBytes > this.#options.limits.distBusyBytes) {
      return peer.connected.then(
        () => this.drained(node),
        () => {},
      );
    }
    const connection = this.#parts.nodes.connection(node);
    return connection?.busy === true ? this.#drains.wait(connection) : Promise.resolve();
  }

  /** Ends all connections and dials. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const closed: Promise<void>[] = [];
    for (const [node, peer] of [...this.#parts.nodes.entries()]) {
      if (peer.state === "pending") {
        this.#giveUp(node, peer, policyError(node, STOPPED));
        continue;
      }
      closed.push(this.#closes.wait(peer.connection));
      if (peer.state === "connected") this.#disconnect(peer.connection, "net_kernel_terminated");
    }
    await Promise.all(closed);
    this.#ticker.stop();
  }
}
