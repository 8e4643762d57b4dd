import { type Destination, nodeAtom } from "../../process/destination.ts";
import type { Process } from "../../process/process.ts";
import type { Atom } from "../../term/atom.ts";
import { formatTerm } from "../../term/format-term.ts";
import { atom } from "../../term/atom.ts";
import { Pid } from "../../term/pid.ts";
import type { Term } from "../../term/term.ts";
import { isTuple, t } from "../../term/tuple.ts";
import type { ResolveFunction, ResolveMethod } from "./conflict.ts";
import { GlobalError } from "./errors.ts";
import { deleteLockOnNodes, multiCall, randomSleep, setLockOnNodes } from "./lock-calls.ts";
import type { LockId } from "./lock-table.ts";
import type { GlobalNameServer } from "./name-server.ts";

const REGISTER = atom("register");
const UNREGISTER = atom("unregister");

/** Options of {@link Global.register}. */
export interface GlobalRegisterOptions {
  /**
   * Decides, when two partitions merge that both have the name, which process keeps it. Default
   * `random_exit_name`: the process on the node with the greater name is killed.
   * `random_notify_name` sends it `{global_name_conflict, Name}` instead; `notify_all_name` sends both
   * `{global_name_conflict, Name, OtherPid}`, and nobody keeps the name. A function, for processes of
   * this node: it gives one of the two, or undefined for none.
   */
  readonly resolve?: ResolveMethod | ResolveFunction;
}

/** Options of {@link Global.setLock}. */
export interface GlobalLockOptions {
  /** Where to set it. Default: here, and on all nodes with a visible connection. */
  readonly nodes?: readonly (string | Atom)[];
  /** Tries after the first one. Default: for ever. */
  readonly retries?: number;
  /** Who holds it: when it ends, the lock is free. Default: a process of the node's own. */
  readonly holder?: Process;
}

/** What {@link Global.info} tells. */
export interface GlobalInfo {
  /** Nodes of the partition: they are asked for every lock and told every name. */
  readonly known: readonly string[];
  /** Those of them that are known to have the same names. */
  readonly synced: readonly string[];
  /** Nodes that are connected, and not merged with yet. */
  readonly pending: readonly string[];
  /** How many names there are. */
  readonly names: number;
  /** How many shares of locks processes hold on this node. */
  readonly locks: number;
}

/**
 * Names and locks that all nodes of a mesh share (Erlang's module `global`). Visible nodes take part
 * (`hidden: false`); among hidden nodes, and on a node alone, names and locks are those of the node.
 *
 * A name is any term, compared as Erlang compares with `=:=`. It is known everywhere when `register`
 * resolves, and goes when its process ends.
 */
export class Global {
  readonly #server: GlobalNameServer;
  readonly #caller: Process;

  /** @internal */
  constructor(server: GlobalNameServer, caller: Process) {
    this.#server = server;
    this.#caller = caller;
  }

  /**
   * Gives a process a name on all nodes (`global:register_name/3`). False when another process has the
   * name, or the process has another name.
   *
   * @throws GlobalError `ERR_GLOBAL_NAMES` when there are as many names as `limits.globalNames` allows;
   *   ProcessError `ERR_PROCESS_EXITED` when the node ends meanwhile.
   */
  register(
    name: Term,
    process: Pid | Process,
    { resolve }: GlobalRegisterOptions = {},
  ): Promise<boolean> {
    const given = pidOf(process);
    const { conflicts, names, host } = this.#server.parts;
    const method = conflicts.method(given, resolve);
    const { registrar } = this.#server;
    return registrar.transaction(async (nodes) => {
      const pid = host.present(given);
      if (this.whereis(name) !== undefined || names.hasName(pid)) return false;
      this.#assertRoom(name);
      conflicts.remember(pid, resolve);
      await multiCall(registrar.process, nodes, t(REGISTER, name, pid, method));
      // Its place may be taken, or it may have ended: nobody needs its function then.
      if (!names.hasName(host.present(pid))) conflicts.forget(pid);
      return true;
    });
  }

  /** Gives a process a name on all nodes, whoever has it (`global:re_register_name/3`). */
  async reregister(
    name: Term,
    process: Pid | Process,
    { resolve }: GlobalRegisterOptions = {},
  ): Promise<void> {
    const given = pidOf(process);
    const { conflicts, names, host } = this.#server.parts;
    const method = conflicts.method(given, resolve);
    const { registrar } = this.#server;
    await registrar.transaction(async (nodes) => {
      const pid = host.present(given);
      this.#assertRoom(name);
      conflicts.forget(pid);
      conflicts.remember(pid, resolve);
      await multiCall(registrar.process, nodes, t(REGISTER, name, pid, method));
      if (!names.hasName(host.present(pid))) conflicts.forget(pid);
    });
  }

  /** Takes a name away on all nodes (`global:unregister_name/1`). */
  async unregister(name: Term): Promise<void> {
    if (this.whereis(name) === undefined) return;
    const { registrar } = this.#server;
    await registrar.transaction((nodes) =>
      multiCall(registrar.process, nodes, t(UNREGISTER, name)),
    );
  }

  /** The process of a name, as this node knows it (`global:whereis_name/1`). */
  whereis(name: Term): Pid | undefined {
    return this.#server.whereis(name);
  }

  /**
   * Sends a message to the process of a name, and gives its pid (`global:send/2`).
   * @throws GlobalError `ERR_GLOBAL_NO_NAME`; NodeError as `node.send`.
   */
  send(name: Term, message: Term): Pid {
    const pid = this.whereis(name);
    if (pid === undefined) {
      const text = `no process has the global name ${formatTerm(name)}`;
      throw new GlobalError("ERR_GLOBAL_NO_NAME", text);
    }
    this.#caller.send(pid satisfies Destination, message);
    return pid;
  }

  /** All names (`global:registered_names/0`). */
  names(): Term[] {
    return this.#server.parts.names.all().map(({ name }) => name);
  }

  /**
   * Takes a lock on some nodes, or on none of them (`global:set_lock/3`). The id is `{Resource,
   * Requester}`: who gives the same requester shares the lock. While another requester has it, it is
   * tried again after a random time of up to 8 seconds; false when `retries` are used up. Another lock
   * on `global` itself keeps all names from changing.
   *
   *     const id = t("orders", process.pid);
   *     if (await node.global.setLock(id, { retries: 3 })) { ...; await node.global.deleteLock(id); }
   *
   * @throws ProcessError `ERR_PROCESS_EXITED` when the holder, or the node, ends meanwhile.
   */
  async setLock(id: LockId, options: GlobalLockOptions = {}): Promise<boolean> {
    checkLockId(id);
    const caller = this.#server.lockCaller(options.holder ?? this.#caller);
    const nodes = this.#nodes(options.nodes);
    if (nodes.length === 0) return true;
    const retries = options.retries ?? Number.POSITIVE_INFINITY;
    for (let times = 1; ; times++) {
      if (await setLockOnNodes(caller, id, nodes)) return true;
      if (times > retries) return false;
      await randomSleep(caller, times);
    }
  }

  /** Gives a lock back (`global:del_lock/2`), in the name of the same holder and on the same nodes. */
  async deleteLock(
    id: LockId,
    options: Pick<GlobalLockOptions, "nodes" | "holder"> = {},
  ): Promise<void> {
    checkLockId(id);
    const caller = this.#server.lockCaller(options.holder ?? this.#caller);
    await deleteLockOnNodes(caller, id, this.#nodes(options.nodes));
  }

  /**
   * Runs a function with a lock, and gives its result (`global:trans/4`).
   * @throws GlobalError `ERR_GLOBAL_ABORTED` when the lock was not to be had; what the function throws.
   */
  async trans<Result>(
    id: LockId,
    run: () => Result | Promise<Result>,
    options: GlobalLockOptions = {},
  ): Promise<Result> {
    const nodes = this.#nodes(options.nodes);
    if (!(await this.setLock(id, { ...options, nodes }))) {
      const text = `the lock ${formatTerm(id)} is held by others, after ${options.retries} retries`;
      throw new GlobalError("ERR_GLOBAL_ABORTED", text);
    }
    try {
      return await run();
    } finally {
      await this.deleteLock(id, { ...options, nodes });
    }
  }

  /**
   * Resolves when the partitions of these nodes, by default of all that are connected visibly, are
   * merged with ours, or the nodes are gone (`global:sync/0`).
   * @throws ProcessError `ERR_PROCESS_EXITED` when the node ends meanwhile.
   */
  sync(nodes?: readonly (string | Atom)[]): Promise<void> {
    return this.#server.sync(nodes?.map(nodeAtom));
  }

  /**
   * Leaves the mesh: disconnects from all nodes that are connected visibly, and gives their names
   * (`global:disconnect/0`). The others stay connected to each other.
   */
  async disconnect(): Promise<string[]> {
    return (await this.#server.disconnect()).map(({ text }) => text);
  }

  /** How things stand. */
  get info(): GlobalInfo {
    const { members, names, locks } = this.#server.parts;
    const texts = (nodes: Iterable<Atom>): string[] => Array.from(nodes, ({ text }) => text);
    return {
      known: texts(members.known.keys()),
      synced: texts(members.synced),
      pending: texts(members.pending.keys()),
      names: names.size,
      locks: locks.size,
    };
  }

  #assertRoom(name: Term): void {
    const { names } = this.#server.parts;
    if (!names.isFull || names.get(name) !== undefined) return;
    const text = `there are ${names.size} global names: limits.globalNames allows no more`;
    throw new GlobalError("ERR_GLOBAL_NAMES", text);
  }

  #nodes(given: readonly (string | Atom)[] | undefined): Atom[] {
    if (given !== undefined) return given.map(nodeAtom);
    return [this.#caller.pid.node, ...this.#server.parts.host.visibleNodes()];
  }
}

function pidOf(process: Pid | Process): Pid {
  return process instanceof Pid ? process : process.pid;
}

function checkLockId(id: LockId): void {
  if (!isTuple(id, 2)) {
    throw new TypeError("the id of a lock is a tuple: t(resource, requester)");
  }
}
