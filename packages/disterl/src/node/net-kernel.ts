import type { Carrier } from "../carrier/carrier.ts";
import type { Clock } from "../carrier/clock.ts";
import { Connection, type ConnectionOptions } from "../connection/connection.ts";
import type { NodedownReason } from "../connection/errors.ts";
import { Ticker } from "../connection/ticker.ts";
import type { Discovery } from "../epmd/discovery.ts";
import { OutstandingChallenges } from "../handshake/digest.ts";
import type { NameLease } from "../handshake/dynamic-names.ts";
import { HandshakeError } from "../handshake/errors.ts";
import type { AgreedPeer } from "../handshake/handshake.ts";
import { NONODE } from "../process/identity.ts";
import type { ProcessTable } from "../process/process-table.ts";
import type { Signal } from "../signal/signal.ts";
import { type Atom, atom } from "../term/atom.ts";
import type { AllowList } from "./allow-list.ts";
import type { Auth } from "./auth.ts";
import { dial, type Established } from "./dial.ts";
import type { AutoConnect, Dsig } from "./dsig.ts";
import { ConnectError } from "./errors.ts";
import type { NodeLimits } from "./limits.ts";
import type { NetMessage } from "./net-message.ts";
import { checkDialName, type NameDomain, type NodeName } from "./node-name.ts";
import type { NodeTable, PendingPeer } from "./node-table.ts";
import type { StatusFeed } from "./status.ts";

export interface NetKernelOptions {
  readonly carrier: Carrier;
  readonly clock: Clock;
  readonly discovery: Discovery;
  readonly auth: Auth;
  readonly allowList: AllowList;
  readonly limits: NodeLimits;
  /** What we announce in handshakes. */
  readonly flags: bigint;
  readonly nameDomain: NameDomain;
  /** Our host, with which a nameless node asks for a name; undefined when we have a name. */
  readonly dynamicHost: string | undefined;
  readonly autoConnect: "always" | "once" | "never";
  readonly setupTimeMs: number;
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

/** A pending peer with what settles it. */
interface Pending extends PendingPeer {
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: Error) => void;
  /** Ends our dial, while there is one. */
  abort: AbortController | undefined;
  /** A peer that dialled us and proved itself has the place: its handshake is about to end. */
  taken: boolean;
}

/** Failed dials whose reason is remembered, for the errors of calls. */
const REMEMBERED_FAILURES = 256;

/**
 * Who is connected, and how that changes: dials, takes over what the acceptor has authenticated,
 * settles who wins, says nodeup and nodedown. Mirrors the connection handling of `net_kernel.erl`;
 * differs in: a peer that has not proved itself takes no place in the table.
 */
export class NetKernel implements AutoConnect {
  readonly outstanding = new OutstandingChallenges();
  readonly #options: NetKernelOptions;
  readonly #parts: NetKernelParts;
  readonly #ticker: Ticker;
  readonly #leases = new Map<Atom, NameLease>();
  readonly #onClosed = new Map<Connection, (() => void)[]>();
  readonly #onDrained = new Map<Connection, (() => void)[]>();
  readonly #failures = new Map<Atom, Error>();
  /** The connection over which a nameless node got its name. */
  #namedBy: Connection | undefined;
  #stopped = false;

  constructor(options: NetKernelOptions, parts: NetKernelParts) {
    this.#options = options;
    this.#parts = parts;
    this.#ticker = new Ticker(options.clock, options.tickTimeMs, options.tickIntensity);
  }

  // ── connecting ────────────────────────────────────────────────────────────────────────────────

  /** The connection to a node; it is set up if need be (`net_kernel:connect_node/1`). */
  connect(node: Atom): Promise<Connection> {
    const peer = this.#parts.nodes.get(node);
    if (peer?.state === "connected") return Promise.resolve(peer.connection);
    if (peer?.state === "pending") return peer.connected;
    if (peer?.state === "exiting") {
      return this.#closedOf(peer.connection).then(() => this.connect(node));
    }
    this.#parts.nodes.barred.delete(node);
    return this.#begin(node).connected;
  }

  autoConnect(node: Atom): boolean {
    const { autoConnect } = this.#options;
    if (this.#stopped || autoConnect === "never" || this.#parts.nodes.barred.has(node))
      return false;
    // A nameless node has to be told whom to ask for a name.
    if (this.#parts.processes.identity.node === NONODE) return false;
    this.#begin(node);
    return true;
  }

  /** Why the last dial to a node failed. */
  lastFailure(node: Atom): Error | undefined {
    return this.#failures.get(node);
  }

  #begin(node: Atom): Pending {
    const pending = this.#pending(node);
    const abort = new AbortController();
    pending.abort = abort;
    this.#dial(node, abort.signal).then(
      (established) => this.up(established, true),
      (error: unknown) => this.#dialFailed(node, pending, error as Error),
    );
    return pending;
  }

  #pending(node: Atom): Pending {
    let resolve: (connection: Connection) => void = () => {};
    let reject: (error: Error) => void = () => {};
    const connected = new Promise<Connection>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    // Who only sends does not wait for it: the status feed tells.
    connected.catch(() => {});
    const pending: Pending = {
      state: "pending",
      connected,
      held: [],
      resolve,
      reject,
      abort: undefined,
      taken: false,
    };
    this.#parts.nodes.set(node, pending);
    return pending;
  }

  async #dial(node: Atom, signal: AbortSignal): Promise<Established> {
    const options = this.#options;
    const { identity } = this.#parts.processes;
    const name = this.#checkName(node);
    const nameless = identity.node === NONODE;
    if (nameless && options.dynamicHost === undefined) {
      throw policyError(node, "this node has no name: it is not distributed");
    }
    const deadline = new AbortController();
    const timer = options.clock.after(options.setupTimeMs * 2, () => {
      const text = `no connection to ${node.text} within ${options.setupTimeMs * 2} ms`;
      deadline.abort(new ConnectError("ERR_CONNECT_TIMEOUT", "carrier", node.text, text));
    });
    try {
      return await dial(
        name,
        {
          ourName: nameless ? (options.dynamicHost ?? "") : identity.node.text,
          ourCreation: identity.creation,
          flags: options.flags,
          peer: node.text,
          cookie: options.auth.cookieFor(node.text),
          askForName: nameless,
          outstanding: this.outstanding,
          isStillWanted: () => !signal.aborted,
        },
        { ...options, signal: AbortSignal.any([signal, deadline.signal]) },
      );
    } finally {
      timer.cancel();
    }
  }

  #checkName(node: Atom): NodeName {
    if (!this.#options.allowList.allowsOutgoing(node.text)) {
      throw policyError(node, "the node is not on our allow list");
    }
    try {
      return checkDialName(node.text, this.#options.nameDomain);
    } catch (error) {
      const { message } = error as Error;
      throw new ConnectError("ERR_CONNECT_NAME", "name", node.text, message, error);
    }
  }

  #dialFailed(node: Atom, pending: Pending, error: Error): void {
    // Somebody else won: the pending entry is theirs, or has become a connection.
    if (this.#parts.nodes.get(node) !== pending || pending.abort?.signal.aborted === true) return;
    const cause = error.cause;
    if (cause instanceof HandshakeError && cause.code === "ERR_HANDSHAKE_NOK") {
      // The peer prefers its own dial, which is under way to us: it gets the time of a handshake.
      pending.abort = undefined;
      this.#options.clock.after(this.#options.setupTimeMs, () => {
        if (this.#parts.nodes.get(node) === pending && !pending.taken) {
          this.#giveUp(node, pending, error);
        }
      });
      return;
    }
    this.#giveUp(node, pending, error);
  }

  #giveUp(node: Atom, pending: Pending, error: Error): void {
    this.#parts.nodes.delete(node);
    this.#failures.delete(node);
    this.#failures.set(node, error);
    if (this.#failures.size > REMEMBERED_FAILURES) {
      for (const oldest of this.#failures.keys()) {
        this.#failures.delete(oldest);
        break;
      }
    }
    for (const signal of pending.held) this.#parts.dsig.lost(signal);
    this.#parts.status.publish({ type: "connect_failed", node: node.text, error });
    pending.reject(error);
  }

  // ── what the acceptor asks ────────────────────────────────────────────────────────────────────

  /** Takes the place in the table for a peer that has proved itself; false when another was faster. */
  reserve(node: Atom): boolean {
    const peer = this.#parts.nodes.get(node);
    if (this.#stopped || (peer !== undefined && peer.state !== "pending")) return false;
    const pending = (peer as Pending | undefined) ?? this.#pending(node);
    if (pending.taken) return false;
    pending.taken = true;
    // Our own dial, if any, has lost; what waits for it goes over the peer's connection.
    pending.abort?.abort(new Error(`${node.text} connected to us meanwhile`));
    pending.abort = undefined;
    return true;
  }

  /** The handshake failed after {@link reserve}. */
  release(node: Atom, error: Error): void {
    const peer = this.#parts.nodes.get(node);
    if (peer?.state === "pending") this.#giveUp(node, peer as Pending, error);
  }

  lease(name: string, lease: NameLease): void {
    this.#leases.set(atom(name), lease);
  }

  /** Ends the connection to a node for one that replaces it; resolves when it has ended. */
  async replace(node: Atom): Promise<void> {
    const peer = this.#parts.nodes.get(node);
    if (peer === undefined || peer.state === "pending") return;
    const closed = this.#closedOf(peer.connection);
    peer.connection.close("connection_closed");
    await closed;
  }

  // ── up and down ───────────────────────────────────────────────────────────────────────────────

  /** A handshake is done: the connection counts from here on. */
  up({ channel, peer, rest }: Established, dialled: boolean): void {
    const { nodes, status } = this.#parts;
    const node = atom(peer.name);
    const before = nodes.get(node);
    if (this.#stopped || (before !== undefined && before.state !== "pending")) {
      channel.destroy();
      return;
    }
    const named = peer.named && dialled;
    if (named) this.#adoptName(peer);
    const connection = this.#open(node, channel, peer);
    if (named) this.#namedBy = connection;
    nodes.set(node, { state: "connected", connection });
    this.#failures.delete(node);
    this.#ticker.add(connection);
    status.publish({ type: "nodeup", node: peer.name, hidden: peer.hidden, dialled });
    const pending = before as Pending | undefined;
    for (const signal of pending?.held ?? []) this.#sendHeld(connection, signal);
    pending?.resolve(connection);
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
        drained: (connection) => settleAll(this.#onDrained, connection),
        closed: (connection, reason, error) => this.#down(connection, reason, error),
      },
    });
  }

  #sendHeld(connection: Connection, signal: Signal): void {
    try {
      connection.send(signal);
    } catch {
      // What cannot be expressed towards this peer is lost like on any connection.
      this.#parts.dsig.lost(signal);
    }
  }

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
    settleAll(this.#onDrained, connection);
    settleAll(this.#onClosed, connection);
  }

  #adoptName({ ourName, ourCreation }: AgreedPeer): void {
    const { identity } = this.#parts.processes;
    identity.node = atom(ourName);
    identity.creation = ourCreation;
    this.#parts.processes.adoptIdentity();
  }

  /** The name belonged to the node that gave it: the other connections go with it (protocol HS-38). */
  #loseName(): void {
    this.#namedBy = undefined;
    for (const connection of [...this.#parts.nodes.connections()]) this.#disconnect(connection);
    const { identity } = this.#parts.processes;
    identity.node = NONODE;
    identity.creation = 0;
    this.#parts.processes.adoptIdentity();
  }

  /** Closes the connection to a node (`erlang:disconnect_node/1`): false when there was none. */
  disconnect(node: Atom): boolean {
    const connection = this.#parts.nodes.connection(node);
    if (connection === undefined) return false;
    this.#disconnect(connection);
    return true;
  }

  #disconnect(connection: Connection, reason: NodedownReason = "disconnect"): void {
    this.#parts.nodes.set(connection.peer.node, { state: "exiting", connection });
    connection.close(reason);
  }

  /** Resolves when less than half of the busy threshold waits for a node, or it is gone. */
  drained(node: Atom): Promise<void> {
    const connection = this.#parts.nodes.connection(node);
    if (connection === undefined || !connection.busy) return Promise.resolve();
    return new Promise((resolve) => push(this.#onDrained, connection, resolve));
  }

  #closedOf(connection: Connection): Promise<void> {
    return new Promise((resolve) => push(this.#onClosed, connection, resolve));
  }

  /** Ends all connections and dials. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const closed: Promise<void>[] = [];
    for (const node of [...this.#parts.nodes.nodes()]) {
      const peer = this.#parts.nodes.get(node);
      if (peer?.state === "pending") {
        const pending = peer as Pending;
        pending.abort?.abort(new Error("the node was stopped"));
        this.#giveUp(node, pending, policyError(node, "the node was stopped"));
      } else if (peer !== undefined) {
        closed.push(this.#closedOf(peer.connection));
        if (peer.state === "connected") this.#disconnect(peer.connection, "net_kernel_terminated");
      }
    }
    await Promise.all(closed);
    this.#ticker.stop();
  }
}

function policyError(node: Atom, why: string): ConnectError {
  const text = `cannot connect to ${node.text}: ${why}`;
  return new ConnectError("ERR_CONNECT_POLICY", "policy", node.text, text);
}

function push(
  map: Map<Connection, (() => void)[]>,
  connection: Connection,
  call: () => void,
): void {
  const calls = map.get(connection);
  if (calls === undefined) map.set(connection, [call]);
  else calls.push(call);
}

function settleAll(map: Map<Connection, (() => void)[]>, connection: Connection): void {
  const calls = map.get(connection) ?? [];
  map.delete(connection);
  for (const call of calls) call();
}
