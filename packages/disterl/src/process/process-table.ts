import type { Clock } from "../carrier/clock.ts";
import type { Router } from "../signal/router.ts";
import type { Atom } from "../term/atom.ts";
import { atoms } from "../term/atom.ts";
import type { Pid } from "../term/pid.ts";
import type { Term } from "../term/term.ts";
import { Aliases } from "./aliases.ts";
import { Deadlines } from "./deadlines.ts";
import type { Identity } from "./identity.ts";
import { Monitors } from "./monitors.ts";
import { NameRegistry } from "./name-registry.ts";
import { Process, type ProcessOptions } from "./process.ts";
import { RelationCounts } from "./relation-counts.ts";
import { RunQueue } from "./run-queue.ts";

/** Mailbox limits of every process: beyond them the process is killed, and its watchers hear so. */
export interface MailboxLimits {
  /** Bytes on the wire of the messages that wait. Default 256 MiB. */
  readonly mailboxBytes: number;
  /** Default 1,000,000. */
  readonly mailboxMessages: number;
}

/** The processes of one node, and what they share. */
export class ProcessTable {
  readonly identity: Identity;
  readonly router: Router;
  readonly clock: Clock;
  readonly limits: MailboxLimits;
  readonly names = new NameRegistry();
  readonly monitors = new Monitors();
  readonly aliases = new Aliases();
  /** Links with, and monitors from, each node. */
  readonly linkCounts = new RelationCounts();
  readonly watcherCounts = new RelationCounts();
  readonly runQueue: RunQueue;
  /** Of the calls that processes make. */
  readonly deadlines: Deadlines;
  /** A process ended abnormally: for the node's log. */
  onCrash: (process: Process, reason: Term, error: unknown) => void = () => {};
  readonly #byId = new Map<number, Process>();

  constructor(identity: Identity, router: Router, clock: Clock, limits: MailboxLimits) {
    this.identity = identity;
    this.router = router;
    this.clock = clock;
    this.limits = limits;
    this.runQueue = new RunQueue((callback) => clock.soon(callback));
    this.deadlines = new Deadlines(clock);
  }

  get size(): number {
    return this.#byId.size;
  }

  spawn(options: ProcessOptions): Process {
    let pid = this.identity.nextPid();
    // Numbers come again after 2^28 of them: not those of processes that live on.
    while (this.#byId.has(pid.id)) pid = this.identity.nextPid();
    const process = new Process(this, pid, options);
    this.#byId.set(process.pid.id, process);
    if (options.name !== undefined) {
      try {
        this.names.register(options.name, process);
      } catch (error) {
        this.#byId.delete(process.pid.id);
        throw error;
      }
    }
    return process;
  }

  /** The living process of a pid: of this node, this incarnation. */
  find(pid: Pid): Process | undefined {
    const process = this.#byId.get(pid.id);
    if (process === undefined || process.pid.equals(pid)) return process;
    const isFormer = process.pid.serial === pid.serial && this.identity.isFormer(pid);
    return isFormer ? process : undefined;
  }

  /** @internal */
  remove(process: Process): void {
    this.#byId.delete(process.pid.id);
  }

  processes(): Iterable<Process> {
    return this.#byId.values();
  }

  /** The node learned its name: the pids made before move to it. @internal */
  adoptIdentity(): void {
    for (const process of this.#byId.values()) process.adoptIdentity(this.identity);
  }

  /** The connection to a node is gone: each link and monitor across it fires exactly once. */
  nodeDown(node: Atom): void {
    this.monitors.nodeDown(node, atoms.noconnection);
    for (const process of [...this.#byId.values()]) process.nodeDown(node);
  }
}
