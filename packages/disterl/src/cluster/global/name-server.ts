import { genRequest } from "../../otp/gen.ts";
import type { Process } from "../../process/process.ts";
import { type Atom, atoms } from "../../term/atom.ts";
import type { Pid } from "../../term/pid.ts";
import { Reference } from "../../term/reference.ts";
import type { Term } from "../../term/term.ts";
import { isTuple, t } from "../../term/tuple.ts";
import { Answers } from "./answers.ts";
import { Conflicts } from "./conflict.ts";
import type { GlobalHost, GlobalOptions, GlobalParts } from "./host.ts";
import { Inbox } from "./inbox.ts";
import { GLOBAL_NAME_SERVER, type LockCaller } from "./lock-calls.ts";
import { type LockId, LockTable } from "./lock-table.ts";
import { Locker, type LockerMessage } from "./locker.ts";
import { Membership } from "./membership.ts";
import { Merger } from "./merger.ts";
import { type PeerMessage, readPeerMessage } from "./messages.ts";
import { NameTable } from "./name-table.ts";
import { type Departure, Partitions } from "./partitions.ts";
import { Registrar } from "./registrar.ts";

/**
 * The process registered as `global_name_server`, and its helpers: what `global` is on this node.
 * Nodes that are connected visibly merge their names and locks through it; whoever asks gets an answer
 * at once. Mirrors `global.erl`, version 8 of its protocol.
 */
export class GlobalNameServer {
  readonly parts: GlobalParts;
  readonly registrar: Registrar;
  readonly #merger: Merger;
  readonly #partitions: Partitions;
  readonly #jobs: (() => void)[] = [];
  /** Comes to the mailbox once for each job: nobody else can send this very tuple. */
  readonly #wake = t();
  readonly #answers: Answers;
  #handling = false;
  readonly #syncers = new Set<{ readonly waiting: Set<Atom>; readonly done: () => void }>();
  /** Ends the waits that only this process could end. */
  readonly #waiting = new Set<(error: Error) => void>();
  /** Nodes of a `disconnect` whose nodedown is still to come. */
  readonly #leaving = new Map<Atom, () => void>();

  constructor(host: GlobalHost, options: GlobalOptions) {
    this.parts = this.#makeParts(host, options);
    const { members } = this.parts;
    this.#merger = new Merger(this.parts, (node) => this.#extraNodedown(node));
    this.#partitions = new Partitions(this.parts, (node, how) => this.#depart(node, how));
    this.registrar = new Registrar(this.#ownLockCaller(this.#spawnHelper(host)), () =>
      this.#later(() => [...members.known.keys()]),
    );
    this.#answers = new Answers(this.parts, () => ({
      registrar: this.registrar.process.pid,
      merging: this.#merger.sessions.nodes(),
    }));
    this.#runLocker();
    this.parts.server.onExit = () => this.#ended();
  }

  #makeParts(host: GlobalHost, options: GlobalOptions): GlobalParts {
    const { processes, clock } = host;
    const onMessage = (message: Term): void => this.#handle(message);
    const server = processes.spawn({ name: GLOBAL_NAME_SERVER, system: true, onMessage });
    const resolver = this.#spawnHelper(host);
    const conflicts = new Conflicts(resolver);
    const lockerInbox = new Inbox<LockerMessage>(clock);
    const locker = this.#spawnHelper(host);
    const { globalNames, globalLocks, connections } = options.limits;
    return {
      host,
      options,
      server,
      locker,
      resolver,
      lockerInbox,
      members: new Membership(connections),
      locks: new LockTable(server, globalLocks),
      names: new NameTable({
        server,
        most: globalNames,
        nameless: (pid) => conflicts.forget(pid),
      }),
      conflicts,
      post: (job) => this.#post(job),
      settled: (node) => this.#settled(node),
    };
  }

  /** From peers before version 6, who send to the locker itself. */
  receiveForLocker(message: Term, peer: Atom): void {
    const read = readPeerMessage(message);
    if (read?.type === "lock_set" && read.locker.node === peer) this.#lockSet(read);
  }

  /** A process that only calls: what is sent to it is not read. */
  #spawnHelper({ processes }: GlobalHost): Process {
    return processes.spawn({ system: true, onMessage: () => {} });
  }

  #runLocker(): void {
    const { locker, lockerInbox } = this.parts;
    const caller = this.#ownLockCaller(locker);
    const locked = (node: Atom, tag: number, id: LockId): void =>
      this.#post(() => this.#merger.locked(node, tag, id));
    const close = (): void => lockerInbox.close();
    // It ends or fails when its process ends, that is with the node.
    new Locker({ host: this.parts.host, caller, inbox: lockerInbox, locked })
      .run()
      .then(close, close);
  }

  /** What a process needs to set and give back locks, on whatever nodes. */
  lockCaller(process: Process): LockCaller {
    const { host, locks, options } = this.parts;
    const isConnected = (node: Atom): boolean => host.isConnected(node);
    const { clock, processes } = host;
    const wasOwn = (node: Atom): boolean => processes.identity.wasOwn(node) && !host.isWithin(node);
    const { random } = options;
    return { process, clock, locks, isConnected, wasOwn, mayAsk: () => true, random };
  }

  /** The same for the node's own locks: they are for those who are there. */
  #ownLockCaller(process: Process): LockCaller {
    return { ...this.lockCaller(process), mayAsk: (node) => this.parts.host.isWithin(node) };
  }

  // ── nodes come and go ─────────────────────────────────────────────────────────────────────────

  /** A visible connection is up: before anything that arrives over it. */
  nodeup(node: Atom): void {
    this.#post(() => {
      const { members, options } = this.parts;
      members.connected.add(node);
      // It was to leave while the connection was being set up, and could not be told.
      if (members.removing.delete(node)) this.#partitions.askToLeave(node);
      if (options.connectAll) this.#merger.begin(node);
    });
  }

  /** A visible connection is gone: after the last thing that arrived over it. */
  nodedown(node: Atom): void {
    this.#post(() => {
      const { members, names, locks } = this.parts;
      names.nodeDown(node);
      locks.nodeDown(node);
      const left = this.#leaving.get(node);
      this.#depart(node, left === undefined ? "disconnected" : "ignore_node");
      members.connected.delete(node);
      this.#settled(node);
      this.#leaving.delete(node);
      left?.();
    });
  }

  /** A node that others of the partition know cannot be connected to. */
  #extraNodedown(node: Atom): void {
    this.#settled(node);
    this.#depart(node, "disconnected");
  }

  #depart(node: Atom, how: Departure): void {
    const { members } = this.parts;
    this.#merger.end(node);
    const wasRemoved = members.removing.delete(node);
    if (how === "remove_connection") members.removing.add(node);
    if (how === "disconnected" && !wasRemoved) this.#partitions.informConnectionLoss(node);
    members.pending.delete(node);
    members.known.delete(node);
    members.synced.delete(node);
  }

  /** The node has got a name, or another one: so have its processes. */
  renamed(): void {
    const { host, conflicts, names, locks } = this.parts;
    for (const part of [conflicts, names, locks]) part.rename((pid) => host.present(pid));
  }

  // ── what this node itself asks ────────────────────────────────────────────────────────────────

  /** Resolves when the names of these nodes, or of all visible ones, are ours, or they are gone. */
  sync(given?: readonly Atom[]): Promise<void> {
    return this.#whileAlive<void>((done) => {
      this.#post(() => {
        const { members, host } = this.parts;
        const own = this.#ownNode();
        // Only now: whoever was disconnected meanwhile is not waited for, nor connected to.
        const nodes = given ?? host.visibleNodes();
        const waiting = new Set(nodes.filter((node) => node !== own && !members.synced.has(node)));
        if (waiting.size === 0) return done();
        this.#syncers.add({ waiting, done });
        for (const node of waiting) {
          host.reach(node).catch(() => this.#post(() => this.#settled(node)));
        }
      });
    });
  }

  /** Leaves the partition without making it one that lost a node; resolves with who was left. */
  async disconnect(): Promise<Atom[]> {
    const nodes = await this.#later(() => [...this.parts.members.connected]);
    await Promise.all(
      nodes.map((node) =>
        this.#whileAlive<void>((left) => {
          this.#leaving.set(node, left);
          if (this.parts.host.disconnect(node)) return;
          this.#leaving.delete(node);
          left();
        }),
      ),
    );
    return nodes;
  }

  /** The process of a name; none when it was one of this node that has ended. */
  whereis(name: Term): Pid | undefined {
    const pid = this.parts.names.get(name)?.pid;
    if (pid === undefined) return undefined;
    const { processes } = this.parts.host;
    const isOurs = pid.node === processes.identity.node || processes.identity.isFormer(pid);
    return isOurs && processes.find(pid) === undefined ? undefined : pid;
  }

  #settled(node: Atom): void {
    for (const syncer of this.#syncers) {
      syncer.waiting.delete(node);
      if (syncer.waiting.size > 0) continue;
      this.#syncers.delete(syncer);
      syncer.done();
    }
  }

  // ── messages ──────────────────────────────────────────────────────────────────────────────────

  #post(job: () => void): void {
    this.#jobs.push(job);
    const { server } = this.parts;
    server.send(server.pid, this.#wake);
  }

  #later<Result>(read: () => Result): Promise<Result> {
    return this.#whileAlive((resolve) => this.#post(() => resolve(read())));
  }

  /** What is waited for here comes as long as the node runs; its end is the end of the wait. */
  #whileAlive<Result>(begin: (resolve: (result: Result) => void) => void): Promise<Result> {
    const { server } = this.parts;
    return new Promise((resolve, reject) => {
      if (!server.alive) return reject(server.exited());
      this.#waiting.add(reject);
      begin((result) => {
        this.#waiting.delete(reject);
        resolve(result);
      });
    });
  }

  #ended(): void {
    const error = this.parts.server.exited();
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
  }

  /** A message of another node. */
  receive(message: Term, peer: Atom): void {
    // Nothing is before it: who waits for the answer shall have it at once.
    const isNext = this.#jobs.length === 0 && this.parts.server.messageQueueLength === 0;
    if (isNext && !this.#handling) this.#handle(message, peer);
    else this.#post(() => this.#handle(message, peer));
  }

  /** Without a `peer`: of a process of this node. */
  #handle(message: Term, peer?: Atom): void {
    if (message === this.#wake) {
      this.#jobs.shift()?.();
      return;
    }
    this.#handling = true;
    try {
      this.#message(message, peer);
    } finally {
      this.#handling = false;
    }
  }

  #message(message: Term, peer: Atom | undefined): void {
    const request = genRequest(message);
    const isOwn = peer === undefined;
    if (request?.kind === "call") {
      // Nobody asks in the name of another node.
      if (isOwn || request.from[0].node === peer) this.#answers.answer(request);
      return;
    }
    if (
      isOwn &&
      isTuple(message, 5) &&
      message[0] === atoms.DOWN &&
      message[1] instanceof Reference
    ) {
      this.#down(message[1]);
      return;
    }
    const read = readPeerMessage(request === undefined ? message : request.request);
    // What others say they are from is passed on for the loss of connections only.
    if (read === undefined || isOwn) return;
    if (read.type === "lost_connection" || senderOf(read) === peer) this.#peerMessage(read);
  }

  #down(ref: Reference): void {
    const { locks, names } = this.parts;
    if (!locks.down(ref)) names.down(ref);
  }

  #peerMessage(message: PeerMessage): void {
    switch (message.type) {
      case "init_connect":
        return this.#merger.initConnect(message);
      case "init_connect_ack":
        return this.#merger.initConnectAck(message);
      case "cancel_connect":
        return this.#merger.cancelConnect(message);
      case "exchange":
        return this.#merger.exchange(message);
      case "resolved":
        return this.#merger.resolved(message);
      case "new_nodes":
        return this.#merger.newNodes(message);
      case "in_sync":
        return this.#merger.inSync(message);
      case "lock_set":
        return this.#lockSet(message);
      case "lost_connection":
        return this.#partitions.lostConnection(message);
      case "remove_connection":
        return this.#partitions.removeConnection(message);
    }
  }

  #lockSet({ locker, set, myTag }: Extract<PeerMessage, { type: "lock_set" }>): void {
    const { lockerInbox } = this.parts;
    const session = this.#merger.sessions.get(locker.node);
    // Nothing is kept for who has no session.
    if (session === undefined) return;
    if (myTag !== undefined && this.#merger.sessions.find(locker.node, myTag) === undefined) return;
    // The last word of a locker counts: it can say it as often as it likes while ours is busy.
    lockerInbox.post(
      { type: "lock_set", locker, set, tag: myTag },
      (waiting) =>
        waiting.type === "lock_set" && waiting.locker.node === locker.node && waiting.set === set,
    );
  }

  #ownNode(): Atom {
    return this.parts.server.pid.node;
  }
}

function senderOf(message: PeerMessage): Atom {
  return message.type === "lock_set" ? message.locker.node : message.node;
}
