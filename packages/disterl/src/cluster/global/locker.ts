import { type Atom, atom } from "../../term/atom.ts";
import { compareTerms } from "../../term/compare-terms.ts";
import { equalTerms } from "../../term/equal-terms.ts";
import type { Pid } from "../../term/pid.ts";
import type { Term } from "../../term/term.ts";
import { t } from "../../term/tuple.ts";
import type { GlobalHost } from "./host.ts";
import type { Inbox } from "./inbox.ts";
import {
  deleteGlobalLock,
  deleteLockOnNodes,
  type LockCaller,
  setLockOnNodes,
  theBoss,
} from "./lock-calls.ts";
import { GLOBAL, type LockId } from "./lock-table.ts";
import { castTo } from "./tell.ts";

const LOCK_SET = atom("lock_set");

/** A node that is to be merged with: its locker and the tags of the session. */
export interface Him {
  readonly node: Atom;
  readonly locker: Pid;
  readonly version: number;
  readonly myTag: number;
  readonly hisTag: Term;
}

/** What the name server and other lockers tell the locker. */
export type LockerMessage =
  | { readonly type: "his_the_locker"; readonly him: Him }
  /** The session is over: `finish` runs before the lock goes back, if it is held for the session. */
  | {
      readonly type: "cancel";
      readonly node: Atom;
      readonly tag: number;
      readonly finish: (() => void) | undefined;
    }
  /** The other locker has the lock in its partition, or could not get it. Old peers send no tag. */
  | {
      readonly type: "lock_set";
      readonly locker: Pid;
      readonly set: boolean;
      readonly tag: Term | undefined;
    }
  | { readonly type: "add_to_known"; readonly nodes: readonly Atom[] }
  | { readonly type: "remove_from_known"; readonly node: Atom };

/** What the locker asks of the name server. */
export interface LockerOptions {
  readonly host: GlobalHost;
  readonly caller: LockCaller;
  readonly inbox: Inbox<LockerMessage>;
  /** Both partitions are locked: names can be exchanged. */
  readonly locked: (node: Atom, tag: number, id: LockId) => void;
}

/**
 * Locks partitions so that they can be merged, one merge at a time. Each side locks its own partition;
 * both use the same requester, so that lockers that meet the other way round do not exclude each other.
 * Mirrors the locker process of `global.erl`.
 */
export class Locker {
  readonly #options: LockerOptions;
  /** Nodes of this host are merged with before others. */
  #local: Him[] = [];
  #remote: Him[] = [];
  #known: Atom[] = [];
  #justSynced = false;

  constructor(options: LockerOptions) {
    this.#options = options;
  }

  /** Works until the node ends. */
  async run(): Promise<void> {
    const { inbox, caller } = this.#options;
    while (caller.process.alive) {
      let message = inbox.take();
      if (message === undefined) {
        const wait = this.#wait();
        this.#justSynced = false;
        message = await inbox.receive(undefined, wait);
      }
      if (message !== undefined) await this.#handle(message);
      else if (!caller.locks.isSet(GLOBAL)) await this.#selectNode();
    }
  }

  #wait(): number | undefined {
    if (this.#local.length + this.#remote.length === 0) return undefined;
    if (this.#justSynced) return 0;
    return this.#known.length === 0 ? 200 : Math.min(1000 + 100 * this.#known.length, 3000);
  }

  async #handle(message: LockerMessage): Promise<void> {
    switch (message.type) {
      case "his_the_locker":
        this.#add(message.him);
        return;
      case "cancel":
        message.finish?.();
        this.#remove(message.node, message.tag);
        return;
      case "lock_set":
        if (message.set) await this.#lockAsked(message.locker, message.tag);
        return;
      default:
        this.#updateKnown(message);
    }
  }

  #add(him: Him): void {
    const isLocal = hostOf(him.node) === hostOf(this.#own());
    (isLocal ? this.#local : this.#remote).unshift(him);
  }

  #remove(node: Atom, tag: number): void {
    const isOther = (him: Him): boolean => him.node !== node || him.myTag !== tag;
    this.#local = this.#local.filter(isOther);
    this.#remote = this.#remote.filter(isOther);
  }

  #updateKnown(
    message: Extract<LockerMessage, { type: "add_to_known" | "remove_from_known" }>,
  ): void {
    if (message.type === "add_to_known") this.#known.unshift(...message.nodes);
    else this.#known = this.#known.filter((node) => node !== message.node);
  }

  /** The other locker was faster: it holds the lock in its partition and waits for ours. */
  async #lockAsked(locker: Pid, tag: Term | undefined): Promise<void> {
    const him = [...this.#local, ...this.#remote].find(({ node }) => node === locker.node);
    if (him === undefined || (tag !== undefined && !equalTerms(tag, him.myTag))) {
      this.#sendLockSet(false, { locker, version: 5, hisTag: 0 });
      return;
    }
    const id = this.#lockId(locker);
    const isSet = await this.#lockNodesSafely(id, []);
    this.#sendLockSet(isSet, { ...him, locker });
    this.#justSynced = isSet;
    if (!isSet) return;
    const locked = [this.#own(), ...this.#known];
    this.#options.locked(him.node, him.myTag, id);
    await this.#untilCancelled(him, id, locked);
    this.#remove(him.node, him.myTag);
    this.#justSynced = true;
  }

  /** Nobody asks: try the lock with one of those that wait to be merged. */
  async #selectNode(): Promise<void> {
    const isNew = ({ node }: Him): boolean => !this.#known.includes(node);
    const useRemote = this.#local.length === 0;
    const others = (useRemote ? this.#remote : this.#local).filter(isNew);
    if (useRemote) this.#remote = others;
    else this.#local = others;
    const him = others[this.#options.caller.random() % others.length];
    if (him === undefined) return;
    const id = this.#lockId(him.locker);
    if (!(await this.#lockNodesSafely(id, [him.node]))) return;
    const locked = [this.#own(), him.node, ...this.#known];
    this.#sendLockSet(true, him);
    await this.#untilAnswered(him, id, locked);
  }

  async #untilAnswered(him: Him, id: LockId, locked: readonly Atom[]): Promise<void> {
    const answer = await this.#options.inbox.receive(
      (message) =>
        isCancelOf(message, him) ||
        (message.type === "lock_set" && message.locker.node === him.node),
    );
    if (answer?.type === "cancel") {
      answer.finish?.();
      await deleteGlobalLock(this.#options.caller, id, locked);
      this.#remove(him.node, him.myTag);
    } else if (answer?.type === "lock_set") {
      const isOld = answer.tag !== undefined && !equalTerms(answer.tag, him.myTag);
      if (isOld) return this.#untilAnswered(him, id, locked);
      if (!answer.set) return deleteGlobalLock(this.#options.caller, id, locked);
      this.#options.locked(him.node, him.myTag, id);
      await this.#untilCancelled(him, id, locked);
      this.#remove(him.node, him.myTag);
      this.#justSynced = true;
    }
  }

  /** The name server merges meanwhile, and cancels when it has, or when the node is gone. */
  async #untilCancelled(him: Him, id: LockId, locked: readonly Atom[]): Promise<void> {
    const cancel = await this.#options.inbox.receive((message) => isCancelOf(message, him));
    if (cancel?.type === "cancel") cancel.finish?.();
    await deleteGlobalLock(this.#options.caller, id, locked);
  }

  /** Boss first, then this node and the other one, then all: competing lockers fail early. */
  async #lockNodesSafely(id: LockId, extra: readonly Atom[]): Promise<boolean> {
    const { caller } = this.#options;
    const own = this.#own();
    const boss = theBoss([own, ...this.#known]);
    if (boss !== own && !caller.locks.canSet(id)) return false;
    if (!(await setLockOnNodes(caller, id, [boss]))) return false;
    this.#takeKnownUpdates();
    const second = [own, ...extra].filter((node) => node !== boss);
    if (second.length > 0 && !(await setLockOnNodes(caller, id, second))) {
      await deleteLockOnNodes(caller, id, [boss]);
      return false;
    }
    const rest = this.#known.filter((node) => node !== boss);
    if (rest.length === 0 || (await setLockOnNodes(caller, id, rest))) return true;
    await deleteLockOnNodes(caller, id, [boss, ...second]);
    return false;
  }

  #takeKnownUpdates(): void {
    for (;;) {
      const update = this.#options.inbox.take(isKnownUpdate);
      if (update === undefined) return;
      if (isKnownUpdate(update)) this.#updateKnown(update);
    }
  }

  /** From version 6 on by way of the name servers, from version 8 on with the tag of the session. */
  #sendLockSet(set: boolean, him: Pick<Him, "locker" | "version" | "hisTag">): void {
    const { process } = this.#options.caller;
    const { locker, version, hisTag } = him;
    const message =
      version < 8
        ? t(LOCK_SET, process.pid, set, this.#known)
        : t(LOCK_SET, process.pid, set, this.#known, hisTag);
    if (version < 6) process.send(locker, message);
    else castTo(this.#options.host, process, locker.node, message);
  }

  /** The same on both sides. */
  #lockId(locker: Pid): LockId {
    const { pid } = this.#options.caller.process;
    const requester = compareTerms(pid, locker) < 0 ? [pid, locker] : [locker, pid];
    return t(GLOBAL, requester);
  }

  #own(): Atom {
    return this.#options.caller.process.pid.node;
  }
}

function isCancelOf(message: LockerMessage, { node, myTag }: Him): boolean {
  return message.type === "cancel" && message.node === node && message.tag === myTag;
}

function isKnownUpdate(
  message: LockerMessage,
): message is Extract<LockerMessage, { type: "add_to_known" | "remove_from_known" }> {
  return message.type === "add_to_known" || message.type === "remove_from_known";
}

/** What stands behind the `@`. */
function hostOf(node: Atom): string {
  return node.text.slice(node.text.indexOf("@") + 1);
}
