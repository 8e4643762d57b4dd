import { type Clock, systemClock } from "../carrier/clock.ts";
import type { Router } from "../signal/router.ts";
import type { Atom } from "../term/atom.ts";
import { atomOrBoolean, atoms } from "../term/atom.ts";
import type { Pid } from "../term/pid.ts";
import type { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { Aliases } from "./aliases.ts";
import { Deadlines } from "./deadlines.ts";
import type { Identity } from "./identity.ts";
import { IdTable } from "./id-table.ts";
import { Monitors } from "./monitors.ts";
import { NameRegistry } from "./name-registry.ts";
import { ExitQueue } from "./exit-queue.ts";
import { NodeMonitors, type ReachNode } from "./node-monitors.ts";
import { PeerIndex } from "./peer-index.ts";
import { Process } from "./process.ts";
import type { ProcessBody, ProcessOptions } from "./process-options.ts";
import { ReferenceTable, saltedHash } from "./reference-table.ts";
import { RunQueue } from "./run-queue.ts";
import { SpawnRequests } from "./spawn-requests.ts";
import { ProcessTimers } from "./timers.ts";
import type { NamedWatch } from "./watchers.ts";

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
  /** Links with, and monitors from, each other node. */
  readonly linkCounts = new PeerIndex(idOf);
  readonly watcherCounts = new PeerIndex(idOf);
  readonly nodeMonitors = new NodeMonitors();
  readonly spawnRequests: SpawnRequests;
  readonly timers: ProcessTimers;
  readonly ending = new ExitQueue();
  /** For references of others. */
  readonly foreignHash: (ref: Reference) => number;
  readonly namedWatchers: ReferenceTable<NamedWatch<Process>>;
  readonly runQueue: RunQueue;
  /** Of the calls that processes make. */
  readonly deadlines: Deadlines;
  /** A process ended abnormally: for the node's log. */
  onCrash: (process: Process, reason: Term, error: unknown) => void = () => {};
  /** For `monitorNode`: connects to a node. */
  reachNode: ReachNode = (_node, _options, unreachable) => unreachable();
  /** Of processes that the program starts; until it is set they are their own. */
  groupLeader: Pid | undefined = undefined;
  /** Whether any trace token was ever seen: until then nobody looks for one. */
  tracing = false;
  readonly #byId = new IdTable<Process>();

  constructor(identity: Identity, router: Router, clock: Clock, limits: MailboxLimits) {
    this.identity = identity;
    this.router = router;
    this.clock = clock;
    this.limits = limits;
    this.runQueue = new RunQueue(
      (callback) => clock.soon(callback),
      (callback) => systemClock.soon(callback),
    );
    this.deadlines = new Deadlines(clock);
    this.foreignHash = saltedHash(identity.hashSalt);
    this.namedWatchers = new ReferenceTable(this.foreignHash);
    this.timers = new ProcessTimers(this, clock);
    this.spawnRequests = new SpawnRequests(router);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** @throws ProcessError `ERR_NAME_REGISTERED`; TypeError for a body and a callback at once. */
  spawn(options: ProcessOptions, body?: ProcessBody, parent?: Pid): Process {
    const { name, onMessage } = options;
    if (body !== undefined && onMessage !== undefined) {
      throw new TypeError("a process has a body or onMessage, not both");
    }
    const registered = typeof name === "string" ? atomOrBoolean(name) : name;
    // Before there is a process: what cannot be started must not run.
    if (registered !== undefined) this.names.assertFree(registered);
    let pid = this.identity.nextPid();
    if (this.identity.pidsWrapped)
      while (this.#byId.get(pid.id) !== undefined) pid = this.identity.nextPid();
    const process = new Process(this, pid, options, body, parent);
    if (registered !== undefined) this.names.register(registered, process);
    this.#byId.set(pid.id, process);
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

  /** Those of this moment, the oldest first. */
  processes(): Process[] {
    return this.#byId.values();
  }

  /** The node learned its name: the pids made before move to it. @internal */
  adoptIdentity(): void {
    const before = this.groupLeader;
    const leader = before && this.find(before);
    for (const process of this.#byId.values()) process.adoptIdentity(this.identity);
    if (leader !== undefined) this.groupLeader = leader.pid;
  }

  /** The nodes at the other end of links and monitors, some of them more than once. */
  *relatedNodes(): Generator<Atom> {
    yield* this.monitors.nodes();
    yield* this.linkCounts.nodes();
    yield* this.watcherCounts.nodes();
  }

  /** The connection to a node is gone: each link and monitor across it fires exactly once. */
  nodeDown(node: Atom): void {
    // Who has both a link and a monitor sees the exit first, as in the emulator.
    for (const process of this.linkCounts.owners(node)) process.linksDown(node);
    this.monitors.nodeDown(node, atoms.noconnection);
    for (const process of this.watcherCounts.owners(node)) process.watchers.removeNode(node);
    this.watcherCounts.forget(node);
    this.linkCounts.forget(node);
    this.spawnRequests.nodeDown(node);
    this.nodeMonitors.nodeDown(node);
  }
}

function idOf({ pid }: Process): number {
  return pid.id;
}
