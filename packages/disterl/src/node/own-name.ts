import { NONODE } from "../process/identity.ts";
import type { ProcessTable } from "../process/process-table.ts";
import { atom } from "../term/atom.ts";
import type { NodeWatcher, WatchedNode } from "./node-watcher.ts";
import type { StatusFeed } from "./status.ts";

/** The name of this node, as it comes and goes (`erlang:setnode/2`): all who need to know are told. */
export class OwnName {
  readonly #processes: ProcessTable;
  readonly #status: StatusFeed;
  readonly #watchers: readonly NodeWatcher[];

  constructor(processes: ProcessTable, status: StatusFeed, watchers: readonly NodeWatcher[]) {
    this.#processes = processes;
    this.#status = status;
    this.#watchers = watchers;
  }

  /** The node has a name from here on. */
  set(name: string, creation: number): void {
    this.#adopt(name, creation);
    this.#status.publish({ type: "alive", node: name, creation });
    for (const watcher of this.#watchers) watcher.nodeUp(this.#own);
  }

  /** It has none any more, if it had one. The reason is OTP's, also for a dynamic name. */
  lose(): void {
    const own = this.#own;
    const reason = "net_kernel_terminated";
    if (own.node === NONODE) return;
    this.#status.publish({ type: "not_alive", node: own.node.text, reason });
    this.#adopt(NONODE.text, 0);
    for (const watcher of this.#watchers) watcher.nodeDown(own, reason);
  }

  #adopt(name: string, creation: number): void {
    this.#processes.identity.adopt(atom(name), creation);
    this.#processes.adoptIdentity();
  }

  get #own(): WatchedNode {
    const { node } = this.#processes.identity;
    return { node, hidden: false, connectionId: undefined };
  }
}
