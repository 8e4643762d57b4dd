/**
 * The names that handshakes under way claim. They reserve nothing; but a dial of ours to such a name
 * lets them finish for a moment. Otherwise, where our name is the greater, the peer would give up its
 * attempt for ours at the very time at which we give up ours for its, and neither would be left.
 */
export class InboundClaims {
  readonly #byName = new Map<string, Set<object>>();
  readonly #waiting = new Map<string, (() => void)[]>();

  begin(name: string, attempt: object): void {
    const attempts = this.#byName.get(name);
    if (attempts === undefined) this.#byName.set(name, new Set([attempt]));
    else attempts.add(attempt);
  }

  /** The handshake is over, either way. */
  end(name: string, attempt: object): void {
    const attempts = this.#byName.get(name);
    if (attempts?.delete(attempt) !== true || attempts.size > 0) return;
    this.#byName.delete(name);
    const waiting = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    for (const settled of waiting) settled();
  }

  /** Calls back when no handshake claims that name; false when none does. */
  whenSettled(name: string, settled: () => void): boolean {
    if (!this.#byName.has(name)) return false;
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) this.#waiting.set(name, [settled]);
    else waiting.push(settled);
    return true;
  }
}
