import type { Connection } from "../connection/connection.ts";
import type { Process } from "../process/process.ts";
import type { ProcessTable } from "../process/process-table.ts";
import type {
  Demonitor,
  Down,
  Exit2,
  GroupLeader,
  Link,
  Monitor,
  Name,
  RegSend,
  Send,
  Signal,
  SpawnReply,
  SpawnRequest,
} from "../signal/signal.ts";
import { type Atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import type { PeerGate } from "./peer-gate.ts";

/** Where spawn requests and their replies go. */
export interface SpawnHandler {
  spawnRequest(request: SpawnRequest): void;
  /** `from` is undefined for replies of this node itself. */
  spawnReply(reply: SpawnReply, from: Atom | undefined): void;
}

export interface RelationLimits {
  readonly monitorsPerConn: number;
  readonly linksPerConn: number;
}

/** Takes the messages of a service that has to know which node they are from. */
export type PeerMessageHandler = (message: Term, peer: Atom) => void;

/**
 * Incoming signals find their processes. Mirrors `erts_net_message` (`dist.c`); differs in: the wire
 * has checked shapes and senders already, so a signal here can only be for somebody who exists, or
 * for nobody.
 */
export class NetMessage {
  readonly #processes: ProcessTable;
  readonly #spawn: SpawnHandler;
  readonly #limits: RelationLimits;
  readonly #gate: PeerGate;
  readonly #services = new WeakMap<Process, PeerMessageHandler>();

  constructor(
    processes: ProcessTable,
    spawn: SpawnHandler,
    limits: RelationLimits,
    gate: PeerGate,
  ) {
    this.#processes = processes;
    this.#spawn = spawn;
    this.#limits = limits;
    this.#gate = gate;
  }

  /**
   * Messages of other nodes for this process go to the handler, with the node they came from: what
   * they say about that themselves is no proof.
   */
  serve(process: Process, handler: PeerMessageHandler): void {
    this.#services.set(process, handler);
  }

  /** `connection` is undefined for signals of this node's own processes. */
  dispatch(signal: Signal, connection?: Connection, bytes = 0): void {
    const gate = this.#gate;
    if (gate.closed && connection !== undefined && !gate.passes(signal, connection.peer.node)) {
      this.#refuse(signal);
      return;
    }
    this.#handle(signal, connection, bytes);
  }

  #handle(signal: Signal, connection: Connection | undefined, bytes: number): void {
    switch (signal.type) {
      case "send":
        this.#deliver(this.#find(signal.to, connection), signal, bytes, connection);
        return;
      case "reg_send":
        this.#deliver(this.#processes.names.find(signal.to), signal, bytes, connection);
        return;
      case "alias_send":
        this.#processes.aliases.deliver(
          signal.to,
          signal.message,
          bytes,
          signal.token,
          signal.priority,
        );
        return;
      case "link":
        this.#link(signal, connection);
        return;
      case "unlink":
        this.#find(signal.to, connection)?.links.unlinkReceived(signal.from);
        // Always, and before anything else: the peer's link state waits for it (protocol SG-12).
        if (signal.id !== undefined) {
          const { id, from: to, to: from } = signal;
          this.#reply(to.node, { type: "unlink_ack", id, from, to });
        }
        return;
      case "unlink_ack":
        this.#find(signal.to, connection)?.links.unlinkAckReceived(signal.from, signal.id);
        return;
      case "exit":
        this.#find(signal.to, connection)?.linkExit(signal.from, signal.reason, signal.token);
        return;
      case "exit2":
        this.#exit2(signal, connection);
        return;
      case "monitor":
        this.#monitor(signal, connection);
        return;
      case "demonitor":
        this.#demonitor(signal, connection);
        return;
      case "down":
        this.#down(signal, connection);
        return;
      case "group_leader":
        this.#groupLeader(signal, connection);
        return;
      case "spawn_request":
        this.#spawn.spawnRequest(signal);
        return;
      case "spawn_reply":
        this.#spawn.spawnReply(signal, connection?.peer.node);
        return;
    }
  }

  #deliver(
    process: Process | undefined,
    { message, token }: Send | RegSend,
    bytes: number,
    connection: Connection | undefined,
  ): void {
    if (process === undefined) return;
    const handler =
      process.system && connection !== undefined ? this.#services.get(process) : undefined;
    if (handler === undefined) {
      process.deliver(message, bytes, token);
      return;
    }
    try {
      handler(message, (connection as Connection).peer.node);
    } catch (error) {
      process.crash(error);
    }
  }

  #exit2(signal: Exit2, connection: Connection | undefined): void {
    const { to, from, reason, token } = signal;
    const process = this.#target(to, connection);
    if (process?.system === true) this.#gate.service(from, "exit", process);
    else process?.exitReceived(from, reason, token, this.#isUrgent(signal));
  }

  #groupLeader({ to, leader }: GroupLeader, connection: Connection | undefined): void {
    const process = this.#find(to, connection);
    if (process?.system === true) this.#gate.service(leader, "group_leader", process);
    else if (process !== undefined) process.groupLeader = leader;
  }

  /** What the policy does not allow: nothing is there for that peer. */
  #refuse(signal: Signal): void {
    if (signal.type === "link") {
      const { from: to, to: from } = signal;
      const exit = { type: "exit", from, to, reason: atoms.noproc } as const;
      this.#reply(to.node, { ...exit, token: undefined });
    } else if (signal.type === "monitor") {
      const { from: to, to: from, ref } = signal;
      this.#reply(to.node, { type: "down", from, to, ref, reason: atoms.noproc });
    }
  }

  /**
   * A pid of an earlier incarnation of the node means nothing to the others any more; here it is still
   * the process that it was.
   */
  #find(pid: Pid, connection: Connection | undefined): Process | undefined {
    const process = this.#processes.find(pid);
    return connection === undefined || process?.pid.equals(pid) === true ? process : undefined;
  }

  #target(to: Pid | Name | Reference, connection: Connection | undefined): Process | undefined {
    if (to instanceof Pid) return this.#find(to, connection);
    if (to instanceof Reference) return this.#processes.aliases.get(to)?.owner;
    return this.#processes.names.find(to);
  }

  /** Priority counts only for an alias that was made with it (protocol CM-42). */
  #isUrgent({ to, priority }: Exit2): boolean {
    if (!priority || !(to instanceof Reference)) return false;
    return this.#processes.aliases.get(to)?.priority === true;
  }

  /** A name may stand for another process by now, or for none. */
  #demonitor({ from, to, ref }: Demonitor, connection: Connection | undefined): void {
    const process =
      to instanceof Pid
        ? this.#find(to, connection)
        : this.#processes.namedWatchers.get(ref)?.owner;
    process?.watchers.remove(from, ref);
  }

  #link({ from, to }: Link, connection: Connection | undefined): void {
    const process = this.#find(to, connection);
    if (process === undefined) {
      const exit = { type: "exit", from: to, to: from, reason: atoms.noproc } as const;
      this.#reply(from.node, { ...exit, token: undefined });
      return;
    }
    if (connection !== undefined && this.#over(this.#processes.linkCounts, "linksPerConn", from)) {
      connection.close("limit_exceeded", limitError("linksPerConn", from.node));
      return;
    }
    process.links.linkReceived(from);
  }

  #monitor({ from, to, ref }: Monitor, connection: Connection | undefined): void {
    const process = this.#target(to, connection);
    if (process === undefined) {
      this.#reply(from.node, { type: "down", from: to, to: from, ref, reason: atoms.noproc });
      return;
    }
    const counts = this.#processes.watcherCounts;
    if (connection !== undefined && this.#over(counts, "monitorsPerConn", from)) {
      connection.close("limit_exceeded", limitError("monitorsPerConn", from.node));
      return;
    }
    process.watchers.add({ from, ref, as: to });
  }

  /** Only the node where the target is can say that it is gone, and only to who watches it. */
  #down({ ref, to, reason }: Down, connection: Connection | undefined): void {
    const { monitors } = this.#processes;
    const monitor = monitors.get(ref);
    if (monitor === undefined || !monitor.from.equals(to)) return;
    if (connection !== undefined && connection.peer.node !== monitor.node) return;
    monitors.fire(ref, reason);
  }

  #over(counts: { of(node: Atom): number }, limit: keyof RelationLimits, { node }: Pid): boolean {
    return counts.of(node) >= this.#limits[limit];
  }

  #reply(node: Atom, signal: Signal): void {
    this.#processes.router.route(node, signal);
  }
}

function limitError(limit: keyof RelationLimits, node: Atom): Error {
  return new Error(`${node.text} holds as many of our processes as limits.${limit} allows`);
}
