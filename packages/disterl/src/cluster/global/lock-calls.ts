import type { Clock } from "../../carrier/clock.ts";
import { NodeError } from "../../node/errors.ts";
import { CallError } from "../../otp/errors.ts";
import { call } from "../../otp/gen.ts";
import type { Process } from "../../process/process.ts";
import { type Atom, atom } from "../../term/atom.ts";
import { compareTerms } from "../../term/compare-terms.ts";
import type { Term } from "../../term/term.ts";
import { t } from "../../term/tuple.ts";
import type { LockId, LockTable } from "./lock-table.ts";

/** The registered name of every node's `global`. */
export const GLOBAL_NAME_SERVER: Atom = atom("global_name_server");

const SET_LOCK = atom("set_lock");
const DEL_LOCK = atom("del_lock");

/** How long a wait goes on without a look at whether anybody still waits. */
const NAP_MS = 500;

/** Answers of those nodes that gave one. */
export type Replies = readonly (readonly [node: Atom, reply: Term])[];

/** What the calls of this file need of the node. */
export interface LockCaller {
  /** In whose name the calls are made: it holds the locks that they set. */
  readonly process: Process;
  readonly clock: Clock;
  /** Of this node: asked before others are, so that a lock that cannot be had costs them nothing. */
  readonly locks: LockTable;
  /** A node without a connection has let go of the locks of this one: there is nothing to give back. */
  readonly isConnected: (node: Atom) => boolean;
  /** Whether a node is asked at all: who was disconnected is not connected to again for a merge. */
  readonly mayAsk: (node: Atom) => boolean;
  /** Whether a node is this one, under a name that it has lost since. */
  readonly wasOwn: (node: Atom) => boolean;
  /** 32 random bits, unsigned. */
  readonly random: () => number;
}

/** The nodes, this one by the name that it has now: it may have had another when they were noted. */
export function currentNames({ process, wasOwn }: LockCaller, nodes: readonly Atom[]): Atom[] {
  return [...new Set(nodes.map((node) => (wasOwn(node) ? process.pid.node : node)))];
}

/** `gen_server:multi_call(Nodes, global_name_server, Request)`: nodes that cannot be reached are left out. */
export async function multiCall(
  process: Process,
  nodes: readonly Atom[],
  request: Term,
): Promise<Replies> {
  const timeout = Number.POSITIVE_INFINITY;
  const replies = await Promise.all(
    nodes.map(async (node) => {
      try {
        const to = { name: GLOBAL_NAME_SERVER, node };
        return [node, await call(process, to, request, { timeout })] as const;
      } catch (error) {
        if (error instanceof CallError) return undefined;
        // It takes so little that nothing more can be sent to it.
        if (error instanceof NodeError && error.code === "ERR_SEND_QUEUE_FULL") return undefined;
        throw error;
      }
    }),
  );
  return replies.filter((reply) => reply !== undefined);
}

/**
 * Sets a lock on all of the nodes, or on none.
 * @throws ProcessError `ERR_PROCESS_EXITED` when the caller has ended: nobody would hold the lock.
 */
export async function setLockOnNodes(
  caller: LockCaller,
  id: LockId,
  given: readonly Atom[],
): Promise<boolean> {
  const { process, locks, mayAsk } = caller;
  if (!process.alive) throw process.exited();
  const nodes = currentNames(caller, given);
  if (nodes.length > 1 && nodes.includes(process.pid.node) && !locks.canSet(id)) return false;
  const replies = await multiCall(process, nodes.filter(mayAsk), t(SET_LOCK, id));
  if (replies.every(([, reply]) => reply !== false)) return true;
  const taken = replies.filter(([, reply]) => reply === true).map(([node]) => node);
  if (replies.length > 1) await deleteLockOnNodes(caller, id, taken);
  return false;
}

/** Gives a lock back. */
export async function deleteLockOnNodes(
  caller: LockCaller,
  id: LockId,
  nodes: readonly Atom[],
): Promise<void> {
  const { process, isConnected } = caller;
  const isHolding = (node: Atom): boolean => node === process.pid.node || isConnected(node);
  const holding = currentNames(caller, nodes).filter(isHolding);
  await multiCall(process, holding, t(DEL_LOCK, id));
}

/** Gives a lock back, on the boss last: who competes for it begins there. */
export async function deleteGlobalLock(
  caller: LockCaller,
  id: LockId,
  given: readonly Atom[],
): Promise<void> {
  const nodes = currentNames(caller, given);
  const boss = theBoss(nodes);
  await deleteLockOnNodes(
    caller,
    id,
    nodes.filter((node) => node !== boss),
  );
  await deleteLockOnNodes(caller, id, [boss]);
}

/** The greatest name of some nodes: locked first, so that those who compete meet early (kernel GL-5). */
export function theBoss(nodes: readonly Atom[]): Atom {
  return nodes.reduce((boss, node) => (compareTerms(node, boss) > 0 ? node : boss));
}

/** How long to wait before the next try: at random up to 125 ms, doubled each time, up to 8 s. */
export function retryDelay(times: number, random: () => number): number {
  const most = times > 5 ? 8000 : (1000 * 2 ** times) / 8;
  return 1 + Math.floor((random() / 2 ** 32) * most);
}

/** Waits before the next try; not much longer than the process lives. */
export async function randomSleep(caller: LockCaller, times: number): Promise<void> {
  const { process, clock, random } = caller;
  const end = clock.now() + retryDelay(times, random);
  for (let left = end - clock.now(); left > 0 && process.alive; left = end - clock.now()) {
    await new Promise<void>((go) => {
      clock.after(Math.min(left, NAP_MS), go);
    });
  }
}
