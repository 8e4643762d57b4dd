import { Connection, type ConnectionOptions } from "../connection/connection.ts";
import { Connections } from "../connection/connections.ts";
import type { NodedownReason } from "../connection/errors.ts";
import { OutstandingChallenges } from "../handshake/digest.ts";
import type { NameLease } from "../handshake/dynamic-names.ts";
import { NONODE } from "../process/identity.ts";
import type { ProcessTable } from "../process/process-table.ts";
import type { Signal } from "../signal/signal.ts";
import { type Atom, atom } from "../term/atom.ts";
import { BusyReports } from "./busy-reports.ts";
import { ConnectionWaits } from "./connection-waits.ts";
import type { Established } from "./dial.ts";
import { Dials } from "./dials.ts";
import { type DialerOptions, policyError } from "./dialer.ts";
import type { AutoConnect, Dsig } from "./dsig.ts";
import { ExitingPeer } from "./exiting-peer.ts";
import type { InboundClaims } from "./inbound-claims.ts";
import type { NodeLimits } from "./limits.ts";
import type { NetMessage } from "./net-message.ts";
import type { NodeTable } from "./node-table.ts";
import type { NodeWatcher } from "./node-watcher.ts";
import { OwnName } from "./own-name.ts";
import { PendingPeer } from "./pending-peer.ts";
import { Session, type SessionOptions } from "./session.ts";
import type { StatusFeed, VerboseAction } from "./status.ts";
import type { TickTime } from "./tick-time.ts";

const STOPPED = "the node was stopped";
const NOT_STARTED = "this node is not distributed: netKernel.start() makes it so";

/** What stays the same however often distribution is started and stopped. */
export interface NetKernelOptions extends Pick<DialerOptions, "clock" | "random" | "auth"> {
  readonly allowList: DialerOptions["allowList"];
  readonly limits: NodeLimits;
  readonly reader: ConnectionOptions["reader"];
  /** Why nothing can be dialled before distribution is started, where it never is. */
  readonly notStarted?: string | undefined;
}

/** The parts of the node that net_kernel connects with the world. */
export interface NetKernelParts {
  readonly nodes: NodeTable;
  readonly processes: ProcessTable;
  readonly dsig: Dsig;
  readonly local: NetMessage;
  readonly status: StatusFeed;
}

/**
 * Who is connected, and how that changes: dials, takes over what the acceptor has authenticated,
 * settles who wins, says nodeup and nodedown. Mirrors the connection handling of `net_kernel.erl`;
 * differs in: a peer that has not proved itself takes no place in the table.
 */
export class NetKernel implements AutoConnect {
  readonly outstanding: OutstandingChallenges;
  readonly claims: InboundClaims;
  /** What the connections have in common: their counters, and a limit. */
  readonly connections: Connections;
  /** Who is told of nodes that come and go, in this order. */
  readonly watchers: NodeWatcher[] = [];
  /** Level of the `verbose` events, 0 for none. */
  verbose = 0;
  readonly #options: NetKernelOptions;
  readonly #parts: NetKernelParts;
  readonly #busyReports: BusyReports;
  readonly #dials: Dials;
  readonly #ownName: OwnName;
  readonly #closes = new ConnectionWaits();
  readonly #drains = new ConnectionWaits();
  /** Names we gave to nodes that had none. */
  readonly #leases = new Map<Atom, NameLease>();
  #session: Session | undefined;
  #connectionId = 0;
  /** The connection over which a nameless node got its name. */
  #namedBy: Connection | undefined;
  #whyNot: string;

  constructor(options: NetKernelOptions, parts: NetKernelParts) {
    this.#options = options;
    this.#parts = parts;
    this.#whyNot = options.notStarted ?? NOT_STARTED;
    this.outstanding = new OutstandingChallenges(options.random);
    const { identity } = parts.processes;
    this.connections = new Connections(() => identity.node.text, options.limits.nodeFragBytes);
    this.#ownName = new OwnName(parts.processes, parts.status, this.watchers);
    this.#dials = new Dials({
      ...parts,
      clock: options.clock,
      session: () => this.#session,
      whyNot: () => this.#whyNot,
      up: (established) => this.up(established, true),
    });
    this.claims = this.#dials.claims;
    this.#busyReports = new BusyReports(parts.status, options.clock);
  }

  // ── distribution ──────────────────────────────────────────────────────────────────────────────

  /** Connections can be made from here on. */
  start(options: SessionOptions): void {
    const { processes, status } = this.#parts;
    this.#session = new Session(options, processes.identity, this.outstanding, status);
  }

  /** The tick time, while distribution runs. */
  get tickTime(): TickTime | undefined {
    return this.#session?.tickTime;
  }

  /** The node has got a name, and can be found under it where it listens. */
  alive(name: string, creation: number): void {
    this.#ownName.set(name, creation);
  }

  /**
   * Ends all connections and dials; the node has no name then. One that `ends` keeps its name, by
   * which its errors call it.
   */
  async stop(ends: boolean): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#whyNot = ends ? STOPPED : NOT_STARTED;
    session?.tickTime.stop();
    const closed: Promise<void>[] = [];
    for (const [node, peer] of [...this.#parts.nodes.entries()]) {
      const pending = this.#parts.nodes.pending(node);
      if (pending !== undefined) this.#dials.giveUp(node, pending, policyError(node, STOPPED));
      if (peer.state === "pending") continue;
      closed.push(this.#closes.wait(peer.connection));
      if (peer.state === "connected") this.#disconnect(peer.connection, "net_kernel_terminated");
    }
    this.#namedBy = undefined;
    if (!ends) this.#ownName.lose();
    this.#parts.nodes.barred.clear();
    await Promise.all(closed);
    session?.ticker.stop();
    await session?.workerTicks?.stop();
  }

  // ── dialling ──────────────────────────────────────────────────────────────────────────────────

  /** The connection to a node; it is set up if need be (`net_kernel:connect_node/1`). */
  connect(node: Atom, how: { readonly hidden?: boolean } = {}): Promise<Connection> {
    if (this.#session === undefined) return Promise.reject(policyError(node, this.#whyNot));
    if (node === this.#parts.processes.identity.node) {
      return Promise.reject(policyError(node, "that is this node itself"));
    }
    const peer = this.#parts.nodes.get(node);
    if (peer?.state === "connected") return Promise.resolve(peer.connection);
    if (peer?.state === "pending") return peer.connected;
    this.#parts.nodes.barred.delete(node);
    this.#tell("connect", node);
    return this.#dials.begin(node, how.hidden).connected;
  }

  autoConnect(node: Atom): boolean {
    const { nodes, processes } = this.#parts;
    const autoConnect = this.#session?.options.autoConnect ?? "never";
    if (autoConnect === "never" || nodes.barred.has(node)) return false;
    // A nameless node has to be told whom to ask for a name.
    if (processes.identity.node === NONODE) return false;
    this.#tell("auto_connect", node);
    this.#dials.begin(node);
    return true;
  }

  /** For how long a step of a handshake may take; undefined while distribution does not run. */
  get setupTimeMs(): number | undefined {
    return this.#session?.options.setupTimeMs;
  }

  /** Why the last dial to a node failed, or why there was none. */
  lastFailure(node: Atom): Error | undefined {
    const failure = this.#dials.failures.get(node);
    if (failure !== undefined || this.#parts.nodes.get(node) !== undefined) return failure;
    if (this.#session === undefined) return policyError(node, this.#whyNot);
    if (this.#session.options.autoConnect === "never") {
      return policyError(node, "dist_auto_connect is never: connect() to it first");
    }
    if (!this.#parts.nodes.barred.has(node)) return undefined;
    const why = "dist_auto_connect is once, and it was connected before: connect() to it";
    return policyError(node, why);
  }

  // ── being dialled: what the acceptor asks ─────────────────────────────────────────────────────

  /** Takes the place for a peer that has proved itself; false when another was faster. */
  reserve(node: Atom): boolean {
    const { nodes } = this.#parts;
    const known = nodes.get(node);
    if (known === undefined && nodes.size >= this.#options.limits.connections) return false;
    const peer = known ?? new PendingPeer();
    if (this.#session === undefined || peer.state !== "pending" || peer.taken) return false;
    this.#parts.nodes.set(node, peer);
    this.#tell("accept", node);
    peer.taken = true;
    // Our own dial, if any, has lost; what waits for it goes over the peer's connection.
    peer.endDial(`${node.text} connected to us meanwhile`);
    return true;
  }

  /** The handshake failed after {@link reserve}. */
  release(node: Atom, error: Error): void {
    const peer = this.#parts.nodes.get(node);
    if (peer?.state === "pending") this.#dials.giveUp(node, peer, error);
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
  up({ channel, carrier, peer, rest }: Established, dialled: boolean): void {
    const { nodes, status } = this.#parts;
    const session = this.#session;
    const node = atom(peer.name);
    const pending = nodes.get(node);
    const isTaken = pending?.state !== "pending" || pending.taken === dialled;
    if (session === undefined || isTaken) {
      channel.destroy();
      return;
    }
    const givesName = peer.named && dialled;
    if (givesName && this.#namedBy !== undefined) {
      // Another node was faster to give us a name: this one gets to know us by that.
      channel.destroy();
      this.#dials.dial(node, pending);
      return;
    }
    if (givesName) this.#ownName.set(peer.ourName, peer.ourCreation);
    const connection = this.#open(session, node, { channel, carrier, peer });
    if (givesName) this.#namedBy = connection;
    const connectionId = ++this.#connectionId;
    nodes.set(node, { state: "connected", connection, connectionId });
    nodes.barred.delete(node);
    this.#dials.failures.forget(node);
    session.ticker.add(connection);
    const { name, hidden, creation } = peer;
    // Before anybody is told, for whoever is told may send more, which has to come behind.
    for (const signal of pending.held) this.#sendHeld(connection, signal);
    // First those who keep account: a listener of the status may do anything, such as disconnect.
    for (const watcher of this.watchers) watcher.nodeUp({ node, hidden, connectionId });
    status.publish({ type: "nodeup", node: name, hidden, dialled, connectionId, creation });
    pending.resolve(connection);
    session.workerTicks?.add(channel);
    connection.start(rest);
  }

  #open(
    { options: { tickIntensity }, tickTime }: Session,
    node: Atom,
    { channel, carrier, peer }: Pick<Established, "channel" | "carrier" | "peer">,
  ): Connection {
    const { limits, clock, reader } = this.#options;
    return new Connection({
      channel,
      carrier,
      clock,
      peer: { node, creation: peer.creation, flags: peer.flags, hidden: peer.hidden },
      reader,
      siblings: this.connections,
      busyBytes: limits.distBusyBytes,
      queueBytes: limits.distQueueBytes,
      heldSignals: limits.pendingSignals,
      stallMs: limits.stallMs ?? Math.max(2000 * tickTime.seconds, 30_000),
      tickIntensity,
      handler: {
        signal: (connection, signal, bytes) => {
          this.#parts.local.dispatch(signal, connection, bytes);
        },
        busy: (connection) => this.#busyReports.busy(connection),
        drained: (connection) => {
          this.#busyReports.drained(connection);
          this.#drains.settle(connection);
        },
        closed: (connection, reason, error) => this.#closed(connection, reason, error),
      },
    });
  }

  #sendHeld(connection: Connection, signal: Signal): void {
    try {
      connection.send(signal);
    } catch (error) {
      this.#parts.dsig.refused(signal, error);
    }
  }

  // ── down ──────────────────────────────────────────────────────────────────────────────────────

  /** The channel of a connection has ended. */
  #closed(connection: Connection, reason: NodedownReason, error: Error | undefined): void {
    const { nodes } = this.#parts;
    const { node } = connection.peer;
    const peer = nodes.get(node);
    nodes.delete(node);
    if (peer?.state === "connected") this.#down(connection, peer.connectionId, reason, error);
    this.#session?.ticker.remove(connection);
    const next = peer?.state === "exiting" ? peer.next : undefined;
    if (next !== undefined) nodes.set(node, next);
    this.#drains.settle(connection);
    this.#closes.settle(connection);
    if (next !== undefined) this.#dials.whenFree(node, next);
  }

  /** The connection counts no more: each link and monitor across it fires, and it is told. */
  #down(
    connection: Connection,
    connectionId: number,
    reason: NodedownReason,
    error: Error | undefined,
  ): void {
    const { nodes, processes, status } = this.#parts;
    const { node, hidden } = connection.peer;
    if (this.#session?.options.autoConnect === "once") nodes.barred.add(node);
    processes.nodeDown(node);
    this.#leases.get(node)?.release();
    this.#leases.delete(node);
    status.publish({ type: "nodedown", node: node.text, hidden, connectionId, reason, error });
    for (const watcher of this.watchers) watcher.nodeDown({ node, hidden, connectionId }, reason);
    if (this.#namedBy === connection) this.#loseName();
  }

  /**
   * The name belonged to the node that gave it: the other connections, and dials made under it, go
   * with it (protocol HS-38).
   */
  #loseName(): void {
    this.#namedBy = undefined;
    for (const [node, peer] of [...this.#parts.nodes.entries()]) {
      const pending = this.#parts.nodes.pending(node);
      const why = "the connection that had given this node its name was lost meanwhile";
      if (pending !== undefined) this.#dials.giveUp(node, pending, policyError(node, why));
      if (peer.state === "connected") this.#disconnect(peer.connection, "disconnect");
    }
    this.#ownName.lose();
  }

  /** Closes the connection to a node (`erlang:disconnect_node/1`): false when there was none. */
  disconnect(node: Atom): boolean {
    const connection = this.#parts.nodes.connection(node);
    if (connection === undefined) return false;
    this.#tell("disconnect", node);
    this.#disconnect(connection, "disconnect");
    return true;
  }

  /**
   * What was sent goes out still; nothing comes in any more. So the connection is down at once, and
   * what is sent from here on is for the next one.
   */
  #disconnect(connection: Connection, reason: NodedownReason): void {
    const { nodes } = this.#parts;
    const { node } = connection.peer;
    const peer = nodes.get(node);
    if (peer?.state !== "connected") return;
    nodes.set(node, new ExitingPeer(connection));
    connection.close(reason);
    this.#down(connection, peer.connectionId, reason, undefined);
  }

  /** Resolves when less than half of the busy threshold waits for a node, or it is gone. */
  drained(node: Atom): Promise<void> {
    const pending = this.#parts.nodes.pending(node);
    if (pending !== undefined && pending.heldBytes > this.#options.limits.distBusyBytes) {
      return pending.connected.then(
        () => this.drained(node),
        () => {},
      );
    }
    const connection = this.#parts.nodes.connection(node);
    return connection?.busy === true ? this.#drains.wait(connection) : Promise.resolve();
  }

  #tell(action: VerboseAction, node: Atom): void {
    if (this.verbose < 1) return;
    this.#parts.status.publish({ type: "verbose", level: 1, action, node: node.text });
  }
}
