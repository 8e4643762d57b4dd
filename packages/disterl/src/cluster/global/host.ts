import type { Clock } from "../../carrier/clock.ts";
import type { Process } from "../../process/process.ts";
import type { ProcessTable } from "../../process/process-table.ts";
import type { Atom } from "../../term/atom.ts";
import type { Pid } from "../../term/pid.ts";
import type { List } from "../../term/list.ts";
import type { Term } from "../../term/term.ts";
import type { Conflicts } from "./conflict.ts";
import type { Inbox } from "./inbox.ts";
import type { LockerMessage } from "./locker.ts";
import type { LockTable } from "./lock-table.ts";
import type { Membership } from "./membership.ts";
import type { NameTable } from "./name-table.ts";

/** How `global` behaves: what kernel parameters of these names say. */
export interface GlobalOptions {
  /** Connect to all nodes that the others know (`connect_all`). */
  readonly connectAll: boolean;
  /** Give up nodes that others cannot reach (`prevent_overlapping_partitions`). */
  readonly preventOverlappingPartitions: boolean;
  /** How many nodes, names and shares of locks there may be. */
  readonly limits: {
    readonly connections: number;
    readonly globalNames: number;
    readonly globalLocks: number;
  };
  /** 32 random bits, unsigned. */
  readonly random: () => number;
}

/** What `global` asks of the node that it runs on. */
export interface GlobalHost {
  readonly processes: ProcessTable;
  readonly clock: Clock;
  /** Whether there is a connection to the node, hidden or not. */
  isConnected(node: Atom): boolean;
  /** Whether there is a connection, or one is being set up; to this node there always is. */
  isWithin(node: Atom): boolean;
  /** The pid that a process of this node has now, if it was made under an earlier name of the node. */
  present(pid: Pid): Pid;
  /** The nodes with a visible connection. */
  visibleNodes(): Atom[];
  /**
   * Connects to a node, as far as `dist_auto_connect` allows it; else waits a while for that node to
   * connect. Rejects when there is no connection.
   */
  reach(node: Atom): Promise<unknown>;
  disconnect(node: Atom): boolean;
  /** `erpc:call/4` in the name of a process. */
  call(
    process: Process,
    node: Atom,
    module: string,
    fun: string,
    args: List,
    signal: AbortSignal,
  ): Promise<Term>;
  /** A connection was given up to prevent overlapping partitions; by us, or we asked its other end. */
  gaveUp(node: Atom, action: "disconnected" | "requested"): void;
}

/** What the parts of the name server share. */
export interface GlobalParts {
  readonly host: GlobalHost;
  readonly options: GlobalOptions;
  /** The process registered as `global_name_server`. */
  readonly server: Process;
  readonly locker: Process;
  /** In its name conflicts are decided. */
  readonly resolver: Process;
  readonly lockerInbox: Inbox<LockerMessage>;
  readonly members: Membership;
  readonly locks: LockTable;
  readonly names: NameTable;
  readonly conflicts: Conflicts;
  /** Runs a job after all messages that have arrived. */
  readonly post: (job: () => void) => void;
  /** A node is in sync, or gone: who waits for it is told. */
  readonly settled: (node: Atom) => void;
}
