import type { Connection } from "../connection/connection.ts";
import { EtfError, encodeTerm } from "../etf/index.ts";
import type { ProcessTable } from "../process/process-table.ts";
import { NONODE } from "../process/identity.ts";
import type { Router } from "../signal/router.ts";
import type { Signal, SpawnRequest } from "../signal/signal.ts";
import { type Atom, atom, atoms } from "../term/atom.ts";
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

  route(node: Atom, signal: Signal): boolean {
    if (node === this.#processes?.identity.node || node === NONODE) {
      this.#local?.dispatch(signal);
      return true;
    }
    const peer = this.#nodes.get(node);
    if (peer?.state === "connected") {
      const { connection } = peer;
      if (this.#isFull(connection.queue)) {
        if (isMessage(signal)) throw queueFull(node);
        connection.close("slow_peer");
        return false;
      }
      try {
        return connection.send(signal);
      } catch (error) {
        if (error instanceof WireError && error.code === "ERR_WIRE_NOT_EXPRESSIBLE") {
          return this.#unknownThere(signal);
        }
        throw notEncodable(node, error);
      }
    }
    if (peer === undefined && this.#processes?.identity.wasOwn(node) === true) {
      this.#local?.dispatch(signal);
      return true;
    }
    const mayDial = peer === undefined && !isSequel(signal);
    if (peer?.state === "pending" || (mayDial && this.#connector?.autoConnect(node))) {
      return this.#hold(node, signal);
    }
    return this.lost(signal);
  }

  /**
   * A message in fragments is memory of the program's that waits for its turn, and does not keep
   * small ones from being sent; but several of them have an end, too.
   */
  #isFull({ pendingBytes, fragmentBytes, heldSignals }: Connection["queue"]): boolean {
    const { distQueueBytes, pendingSignals } = this.#limits;
    return (
      pendingBytes - fragmentBytes > distQueueBytes ||
      fragmentBytes > 4 * distQueueBytes ||
      heldSignals > pendingSignals
    );
  }

  #hold(node: Atom, signal: Signal): boolean {
    const peer = this.#nodes.get(node);
    // A dial can fail at once, within autoConnect.
    if (peer?.state !== "pending") return this.lost(signal);
    const { pendingSignals, distBusyBytes, distQueueBytes } = this.#limits;
    const isFull = peer.held.length >= pendingSignals || peer.heldBytes > distQueueBytes;
    if (isFull && isMessage(signal)) throw queueFull(node);
    // There are no more sequels than there was before them that they follow.
    if (isFull && !isSequel(signal)) return this.lost(signal);
    peer.heldBytes += encodedBytes(node, signal);
    peer.held.push(signal);
    return peer.heldBytes <= distBusyBytes;
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

function isMessage(
  signal: Signal,
): signal is Signal & { type: "send" | "reg_send" | "alias_send" } {
  return signal.type === "send" || signal.type === "reg_send" || signal.type === "alias_send";
}

/** What follows from something said before, often with nobody to tell when it fails. */
function isSequel({ type }: Signal): boolean {
  return SEQUELS.has(type);
}

/** Of a message, whose sender is told now what would fail later, with nobody to tell. */
function encodedBytes(node: Atom, signal: Signal): number {
  if (!isMessage(signal)) return 0;
  try {
    return encodeTerm(signal.message).length;
  } catch (error) {
    throw notEncodable(node, error);
  }
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
