import type { NodeName } from "./node-name.ts";

/**
 * Which nodes may connect (`net_kernel:allow/1`). Entries are added and never taken back; without any
 * every node is allowed. A filter on what the peer *claims*, not a proof.
 */
export class AllowList {
  #entries: Set<string> | undefined;

  constructor(entries: readonly string[] = []) {
    if (entries.length > 0) this.allow(entries);
  }

  /** `name@host`, `host`, or `name@` for that name on any host. No entries change nothing. */
  allow(entries: readonly string[]): void {
    if (entries.length === 0) return;
    this.#entries ??= new Set();
    for (const entry of entries) this.#entries.add(entry);
  }

  get entries(): readonly string[] {
    return [...(this.#entries ?? [])];
  }

  allowsIncoming({ name, host, full }: NodeName): boolean {
    const entries = this.#entries;
    return (
      entries === undefined || entries.has(full) || entries.has(host) || entries.has(`${name}@`)
    );
  }

  /** A node without a name tells its host only. */
  allowsNameless(host: string): boolean {
    return this.#entries?.has(host) ?? true;
  }

  /** Only the exact name counts when we dial. */
  allowsOutgoing(full: string): boolean {
    return this.#entries?.has(full) ?? true;
  }
}
