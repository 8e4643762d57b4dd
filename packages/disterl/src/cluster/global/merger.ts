import { type Atom, atom } from "../../term/atom.ts";
import { equalTerms } from "../../term/equal-terms.ts";
import type { Pid } from "../../term/pid.ts";
import type { Term } from "../../term/term.ts";
import { TermMap } from "../../term/term-map.ts";
import { t } from "../../term/tuple.ts";
import { applyOperations } from "./apply-operations.ts";
import type { GlobalParts } from "./host.ts";
import type { LockerMessage } from "./locker.ts";
import type { LockId } from "./lock-table.ts";
import { type KnownNode, type PeerMessage, PROTOCOL_VERSION, type Resolved } from "./messages.ts";
import { exchangeNames } from "./resolver.ts";
import { type Session, Sessions } from "./sessions.ts";
import { castTo, castToMember, tell } from "./tell.ts";
import { externalTerm, knownTerm, nameTerm, operationTerm } from "./wire-terms.ts";

const INIT_CONNECT = atom("init_connect");
const INIT_CONNECT_ACK = atom("init_connect_ack");
const CANCEL_CONNECT = atom("cancel_connect");
const LOCKER = atom("locker");
const NO_LONGER_A_PID = atom("no_longer_a_pid");
const EXCHANGE = atom("exchange");
const RESOLVED = atom("resolved");
const UNUSED = atom("unused");
const NEW_NODES = atom("new_nodes");
const IN_SYNC = atom("in_sync");
const VSN = atom("vsn");
const LOCK = atom("lock");

type Message<Type extends PeerMessage["type"]> = Extract<PeerMessage, { type: Type }>;

/** Peers that speak version 8 or later say so, and can be told that a session is void. */
const CANCEL_VERSION = 8;

/**
 * Merges the partition of this node with those of the nodes that it gets connected to, so that in the
 * end all of them have the same names, and all are connected to all. One session for each node:
 *
 *     both   init_connect ->       tags are exchanged; the lockers get to work
 *     both   exchange ->           both partitions are locked: here are my names
 *     both   resolved ->           conflicts are decided: do this, and here is who belongs to me
 *            new_nodes -> own      the partition is told what to do and who is new
 *            in_sync -> theirs     each new node is connected to, and told
 *
 * Mirrors the synchronization part of `global.erl` (kernel GL-20 to GL-33).
 */
export class Merger {
  readonly sessions = new Sessions();
  readonly #parts: GlobalParts;
  readonly #lost: (node: Atom) => void;

  /** `lost`: a node that others know cannot be connected to. */
  constructor(parts: GlobalParts, lost: (node: Atom) => void) {
    this.#parts = parts;
    this.#lost = lost;
  }

  // ── a session begins and ends ─────────────────────────────────────────────────────────────────

  /** A visible node was connected to, or its session has to start again. */
  begin(node: Atom): void {
    const { members, server, locker } = this.#parts;
    if (members.known.has(node) || this.sessions.get(node) !== undefined) return;
    const early = this.sessions.early.get(node);
    this.sessions.early.delete(node);
    const { myTag } = this.sessions.open(node);
    const known = new TermMap<Term, Term>(members.known);
    const from = t(LOCKER, NO_LONGER_A_PID, known, locker.pid);
    this.#cast(node, t(INIT_CONNECT, t(PROTOCOL_VERSION, myTag), server.pid.node, from));
    if (early !== undefined) this.initConnect(early);
  }

  initConnect(message: Message<"init_connect">): void {
    const { node, version, hisTag, locker } = message;
    const { members, host, lockerInbox, server } = this.#parts;
    if (!members.connected.has(node)) return;
    if (members.pending.has(node)) {
      // They have begun anew, and we not: so do we.
      if (version < CANCEL_VERSION) {
        host.disconnect(node);
        return;
      }
      this.#sendCancel(node, hisTag);
      this.#restart(node, this.sessions.get(node)?.myTag);
      return;
    }
    const session = this.sessions.get(node);
    if (session === undefined) {
      this.sessions.early.set(node, message);
      return;
    }
    session.version = Math.min(version, PROTOCOL_VERSION);
    session.hisTag = hisTag;
    const { myTag } = session;
    const him = { node, locker, version: session.version, myTag, hisTag };
    lockerInbox.post({ type: "his_the_locker", him });
    if (version >= CANCEL_VERSION) {
      this.#send(node, t(INIT_CONNECT_ACK, server.pid.node, hisTag, myTag));
    }
    members.pending.set(node, version);
  }

  initConnectAck({ node, myTag, hisTag }: Message<"init_connect_ack">): void {
    const { members } = this.#parts;
    if (!members.connected.has(node)) return;
    const session = this.sessions.find(node, myTag);
    if (session?.hisTag !== undefined && equalTerms(session.hisTag, hisTag)) return;
    // Merged with by way of others meanwhile: our `in_sync` ends the session there.
    if (members.known.has(node) && this.sessions.get(node) === undefined) return;
    this.#sendCancel(node, hisTag);
    this.#restart(node, this.sessions.get(node)?.myTag);
  }

  cancelConnect({ node, myTag }: Message<"cancel_connect">): void {
    const session = this.sessions.find(node, myTag);
    if (session !== undefined) this.#restart(node, session.myTag);
  }

  /** The node is gone: nothing of its session is left. */
  end(node: Atom): void {
    this.#cancelLocker(node, this.sessions.get(node)?.myTag);
    this.#parts.lockerInbox.post({ type: "remove_from_known", node });
    this.sessions.close(node);
  }

  #restart(node: Atom, myTag: number | undefined): void {
    const { members, names, locks } = this.#parts;
    this.#cancelLocker(node, myTag);
    this.sessions.close(node);
    members.pending.delete(node);
    // Who was merged with by way of others stays as it is.
    if (members.known.has(node)) return;
    names.nodeDown(node);
    locks.nodeDown(node);
    if (myTag !== undefined) this.begin(node);
  }

  /** The locker lets go of a session, if it holds it; `finish` runs before it gives the lock back. */
  #cancelLocker(node: Atom, tag: number | undefined, finish?: () => void): void {
    const { members, lockerInbox } = this.#parts;
    if (tag === undefined) {
      finish?.();
      return;
    }
    // A locker that has not heard of the session yet need not hear of its end.
    const isNews = (waiting: LockerMessage): boolean =>
      waiting.type === "his_the_locker" && waiting.him.node === node && waiting.him.myTag === tag;
    if (lockerInbox.take(isNews) === undefined) {
      lockerInbox.post({ type: "cancel", node, tag, finish });
    } else finish?.();
    const session = this.sessions.get(node);
    const isNew = (members.pending.get(node) ?? 0) >= CANCEL_VERSION;
    if (isNew && session?.myTag === tag && session.hisTag !== undefined) {
      this.#sendCancel(node, session.hisTag);
    }
  }

  // ── names are exchanged ───────────────────────────────────────────────────────────────────────

  /** Our locker: both partitions are locked. */
  locked(node: Atom, myTag: number, lockId: LockId): void {
    const session = this.sessions.find(node, myTag);
    if (session === undefined || session.hisTag === undefined) {
      this.#parts.lockerInbox.post({ type: "cancel", node, tag: myTag, finish: undefined });
      return;
    }
    const { names, server } = this.#parts;
    const all = names.all().map(nameTerm);
    this.#cast(node, t(EXCHANGE, server.pid.node, all, [], session.hisTag));
    session.lockId = lockId;
    session.locked = true;
    this.#compare(session);
  }

  exchange({ node, names, myTag }: Message<"exchange">): void {
    const session = this.sessions.find(node, myTag);
    if (session === undefined) return;
    session.theirNames = names;
    this.#compare(session);
  }

  /** Once both partitions are locked and their names are there. */
  #compare(session: Session): void {
    const { node, theirNames, abort } = session;
    if (!session.locked || theirNames === undefined) return;
    session.locked = false;
    session.theirNames = undefined;
    const { host, names, resolver, conflicts, post } = this.#parts;
    const own = resolver.pid.node;
    const resolve = (method: Term, name: Term, his: Pid, ours: Pid): Promise<Term> =>
      ours.node === own
        ? conflicts.resolve(method, name, his, ours)
        : host.call(
            resolver,
            ours.node,
            "global",
            "resolve_it",
            [method, name, his, ours],
            abort.signal,
          );
    const cancelled = (): boolean => abort.signal.aborted;
    exchangeNames({ clock: host.clock, names, own, resolve, cancelled }, node, theirNames).then(
      (exchanged) => post(() => this.#compared(session, exchanged)),
      () => {},
    );
  }

  #compared(
    session: Session,
    { operations, resolved }: Awaited<ReturnType<typeof exchangeNames>>,
  ): void {
    const { node, myTag, hisTag, theirs } = session;
    if (this.sessions.find(node, myTag) === undefined || hisTag === undefined) return;
    const { names, server } = this.#parts;
    const own = server.pid.node;
    const external = names.external().map(externalTerm);
    const nodes = this.#known(this.#parts.members.version(node, own));
    const decided = resolved.map(operationTerm);
    this.#cast(node, t(RESOLVED, own, decided, nodes, UNUSED, external, hisTag));
    session.ours = operations;
    if (theirs !== undefined) this.#merge(session, theirs);
  }

  resolved(message: Message<"resolved">): void {
    const session = this.sessions.find(message.node, message.myTag);
    if (session === undefined) return;
    if (session.ours === undefined) session.theirs = message;
    else this.#merge(session, message);
  }

  // ── the partitions become one ─────────────────────────────────────────────────────────────────

  #merge(session: Session, theirs: Resolved): void {
    const { members, server, settled } = this.#parts;
    const { node, version, lockId } = session;
    const own = server.pid.node;
    const operations = [...(session.ours ?? []), ...theirs.operations];
    const before = [...members.known];
    const nodes: KnownNode[] = [[node, 0] as const, ...theirs.nodes].map(([name, given]) => [
      name,
      given === 0 ? members.version(name, own) : given,
    ]);
    const theirNodes = theirs.nodes.map(([name]) => name).filter((name) => name !== own);
    const merged = { node: own, operations, external: theirs.external, nodes };
    applyOperations(this.#parts, merged, { requester: lockId?.[1] });
    settled(node);
    for (const one of theirNodes) this.#endResolved(one);
    const info = [t(VSN, version), ...(lockId === undefined ? [] : [t(LOCK, lockId)])];
    const announce = (): void => {
      for (const [known, knownVersion] of before) {
        const newNodes = knownVersion >= 7 ? nodes.map(knownTerm) : nodes.map(([name]) => name);
        const done = operations.map(operationTerm);
        const external = theirs.external.map(externalTerm);
        const { host } = this.#parts;
        castToMember(host, server, known, t(NEW_NODES, own, done, external, newNodes, info));
      }
    };
    this.#endResolved(node, announce);
    this.#addKnown(nodes);
    members.synced.add(node);
    this.#syncOthers(theirNodes.filter((name) => members.known.has(name)));
  }

  #endResolved(node: Atom, finish?: () => void): void {
    const tag = this.sessions.get(node)?.myTag;
    this.#parts.members.pending.delete(node);
    this.#cancelLocker(node, tag, finish);
    this.sessions.close(node);
  }

  /** A node of our partition has merged with another partition. */
  newNodes(message: Message<"new_nodes">): void {
    if (!this.#parts.members.connected.has(message.node)) return;
    this.#syncOthers(this.#addKnown(message.nodes));
    applyOperations(this.#parts, message, { requester: message.requester });
  }

  #addKnown(nodes: readonly KnownNode[]): Atom[] {
    const { members, server, lockerInbox } = this.#parts;
    const added = members.add(nodes, server.pid.node);
    if (added.length > 0) lockerInbox.post({ type: "add_to_known", nodes: added });
    return added;
  }

  /** A node that we know by others, or they us, has come to the same names. */
  inSync({ node }: Message<"in_sync">): void {
    const { members, settled } = this.#parts;
    if (!members.connected.has(node)) return;
    settled(node);
    members.synced.add(node);
    this.#endResolved(node);
  }

  /** Connects to the nodes of the other partition, and says that we are in sync. */
  #syncOthers(nodes: readonly Atom[]): void {
    const { host, post, server } = this.#parts;
    for (const node of nodes) {
      host.reach(node).then(
        () => this.#cast(node, t(IN_SYNC, server.pid.node, true)),
        () => post(() => this.#lost(node)),
      );
    }
  }

  // ── what is sent ──────────────────────────────────────────────────────────────────────────────

  #known(version: number): readonly Term[] {
    const known = [...this.#parts.members.known];
    return version < 7 ? known.map(([node]) => node) : known.map(knownTerm);
  }

  #sendCancel(node: Atom, hisTag: Term): void {
    this.#send(node, t(CANCEL_CONNECT, this.#parts.server.pid.node, hisTag));
  }

  #send(node: Atom, message: Term): void {
    tell(this.#parts.host, this.#parts.server, node, message);
  }

  #cast(node: Atom, message: Term): void {
    castTo(this.#parts.host, this.#parts.server, node, message);
  }
}
