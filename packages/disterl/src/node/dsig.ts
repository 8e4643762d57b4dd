import { type Connection, slowPeer } from "../connection/connection.ts";
import { EtfError, encodeTerm } from "../etf/index.ts";
import type { ProcessTable } from "../process/process-table.ts";
import { NONODE } from "../process/identity.ts";
import type { Router, SendOptions, SendResult } from "../signal/router.ts";
import type { Signal, SpawnRequest } from "../signal/signal.ts";
import { type Atom, atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { WireError } from "../wire/errors.ts";
import type { NodeLimits } from "./limits.ts";
import { NodeError } from "./errors.ts";
import type { NetMessage } from "./net-message.ts";
import type { NodeTable } from "./node-table.ts";

const NOTSUP = atom("notsup");
const SEQUELS = new Set<Signal["type"]>([
  "demonitor",
  "down",
  "exit",
  "unlink",
  "unlink_ack",
  "spawn_reply",
]);

/** What dsig asks of net_kernel: to set up the connection that a signal needs. */
export interface AutoConnect {
  /** False when `dist_auto_connect` or the node's own state forbids it. */
  autoConnect(node: Atom): boolean;
  /** Resolves when there is room again for messages to a node, or the node is gone. */
  drained(node: Atom): Promise<void>;
}

/**
 * Outgoing signals find their connection. Mirrors `erts_dsig_*` (`dist.c`): delivered here, sent,
 * held in order while the connection is being set up, or lost, which links, monitors and spawn
 * requests are told.
 */
export class Dsig implements Router {
  readonly #nodes: NodeTable;
  readonly #limits: NodeLimits;
  #processes: ProcessTable | undefined;
  #local: NetMessage | undefined;
  #connector: AutoConnect | undefined;

  constructor(nodes: NodeTable, limits: NodeLimits) {
    this.#nodes = nodes;
    this.#limits = limits;
  }

  /** The other end of the knot: processes route through here, and signals end at them. */
  attach(processes: ProcessTable, local: NetMessage, connector: AutoConnect): void {
    this.#processes = processes;
    this.#local = local;
    this.#connector = connector;
  }

  route(node: Atom, signal: Signal): boolean;
  route(node: Atom, signal: Signal, options: SendOptions | undefined): SendResult;
  route(node: Atom, signal: Signal, options?: SendOptions): SendResult {
    if (node === this.#processes?.identity.node || node === NONODE) {
      this.#local?.dispatch(signal);
      return true;
    }
    const peer = this.#nodes.get(node);
    if (peer?.state === "connected") {
      const { connection } = peer;
      if (connection.busy) {
        const refused = this.#whenBusy(connection, signal, options);
        if (refused !== undefined) return refused;
      }
      try {
        return connection.send(signal);
      } catch (error) {
        if (isNotExpressible(error)) return this.#unknownThere(signal);
        throw notEncodable(node, error);
      }
    }
    if (peer === undefined && this.#isForFormerSelf(node, signal)) {
      this.#local?.dispatch(signal);
      return true;
    }
    if (this.#nodes.pending(node) !== undefined) return this.#hold(node, signal, options);
    if (options?.noconnect === true) return "noconnect";
    if (!isSequel(signal) && this.#connector?.autoConnect(node) === true) {
      return this.#hold(node, signal, options);
    }
    return this.lost(signal);
  }

  drained(node: Atom): Promise<void> {
    return this.#connector?.drained(node) ?? Promise.resolve();
  }

  /**
   * More waits than the busy threshold. Beyond the hard cap there are two cases. A peer that has taken
   * nothing for a second is deaf: it is closed, and what was to be said to it is lost like all that
   * waits. Otherwise it is the program that goes on although it was told to wait, in one turn of the
   * event loop as a rule, in which no peer can do anything: its message is refused, aloud. Signals
   * that nobody could be told about still pass, up to twice the cap.
   *
   * @returns undefined when the signal is to be sent all the same.
   */
  #whenBusy(
    connection: Connection,
    signal: Signal,
    options: SendOptions | undefined,
  ): SendResult | undefined {
    if (options?.nosuspend === true) return "nosuspend";
    if (!connection.isFull()) return undefined;
    if (!connection.isDeaf) {
      if (isMessage(signal)) throw queueFull(connection.peer.node);
      if (!connection.isFull(2)) return undefined;
    }
    connection.close("slow_peer", slowPeer(connection));
    return this.lost(signal);
  }

  /**
   * What this node made under an earlier name is here still. Somebody else may have that name now: what
   * is for a process of that name there goes there.
   */
  #isForFormerSelf(node: Atom, signal: Signal): boolean {
    const identity = this.#processes?.identity;
    if (identity?.wasOwn(node) !== true) return false;
    const to = "to" in signal ? signal.to : undefined;
    if (to instanceof Pid || to instanceof Reference) return identity.isFormer(to);
    return isSequel(signal);
  }

  #hold(node: Atom, signal: Signal, options: SendOptions | undefined): SendResult {
    const peer = this.#nodes.pending(node);
    // A dial can fail at once, within autoConnect.
    if (peer === undefined) return this.lost(signal);
    const { pendingSignals, distBusyBytes, distQueueBytes } = this.#limits;
    if (options?.nosuspend === true && peer.heldBytes > distBusyBytes) return "nosuspend";
    const isFull = peer.held.length >= pendingSignals || peer.heldBytes > distQueueBytes;
    if (isFull && isMessage(signal)) throw queueFull(node);
    // There are no more sequels than there was before them that they follow.
    if (isFull && !isSequel(signal)) return this.lost(signal);
    peer.heldBytes += encodedBytes(node, signal);
    peer.held.push(signal);
    return peer.heldBytes <= distBusyBytes;
  }

  /** A signal that waited for the connection cannot be sent over it: nobody is there to be thrown at. */
  refused(signal: Signal, error: unknown): void {
    if (isNotExpressible(error)) this.#unknownThere(signal);
    else this.lost(signal);
  }

  /**
   * The peer (a C node, say) has no such signal. A spawn is refused; a monitor stays as one of the
   * connection, and fires when that ends (protocol SG-25); the rest is dropped.
   */
  #unknownThere(signal: Signal): true {
    if (signal.type === "spawn_request") this.#refuseSpawn(signal, NOTSUP);
    return true;
  }

  #refuseSpawn({ ref, from: to }: SpawnRequest, result: Atom): void {
    const reply = { type: "spawn_reply", ref, to, flags: 0, result } as const;
    this.#local?.dispatch({ ...reply, token: undefined });
  }

  /** The signal will not arrive: who waits for an outcome is told. */
  lost(signal: Signal): true {
    switch (signal.type) {
      case "monitor":
        this.#processes?.monitors.fire(signal.ref, atoms.noconnection);
        break;
      case "link": {
        const { from: to, to: from } = signal;
        const exit = { type: "exit", from, to, reason: atoms.noconnection } as const;
        this.#local?.dispatch({ ...exit, token: undefined });
        break;
      }
      case "spawn_request":
        this.#refuseSpawn(signal, atoms.noconnection);
        break;
      default:
    }
    return true;
  }
}

function isNotExpressible(error: unknown): boolean {
  return error instanceof WireError && error.code === "ERR_WIRE_NOT_EXPRESSIBLE";
}

function isMessage(
  signal: Signal,
): signal is Signal & { type: "send" | "reg_send" | "alias_send" } {
  return signal.type === "send" || signal.type === "reg_send" || signal.type === "alias_send";
}

/** What follows from something said before, often with nobody to tell when it fails. */
function isSequel({ type }: Signal): boolean {
  return SEQUELS.has(type);
}

/** Of what the program gave, which is told now what would fail later, with nobody to tell. */
function encodedBytes(node: Atom, signal: Signal): number {
  const given = givenTerm(signal);
  if (given === undefined) return 0;
  try {
    return encodeTerm(given).length;
  } catch (error) {
    throw notEncodable(node, error);
  }
}

function givenTerm(signal: Signal): Term | undefined {
  if ("message" in signal) return signal.message;
  if ("reason" in signal) return signal.reason;
  return signal.type === "spawn_request" ? signal.args : undefined;
}

function queueFull(node: Atom): NodeError {
  return new NodeError(
    "ERR_SEND_QUEUE_FULL",
    `too much waits to be sent to ${node.text}: await node.drained("${node.text}") when send() returns false`,
  );
}

function notEncodable(node: Atom, error: unknown): NodeError {
  const what =
    error instanceof EtfError || error instanceof TypeError ? error.message : String(error);
  return new NodeError("ERR_SEND_NOT_ENCODABLE", `cannot send to ${node.text}: ${what}`, {
    cause: error,
  });
}
