import type { Clock, Timer } from "../carrier/clock.ts";
import type { PeerOperation } from "./policy.ts";
import type { StatusFeed } from "./status.ts";

/** Why a peer did not get what it asked for. */
export type RefusalCause =
  /** The node's policy does not allow it. */
  | "policy"
  /** The function was not exposed. */
  | "not_exposed"
  /** The process is one of the node's own services. */
  | "service"
  /** The peer has as many as the limit allows. */
  | "limit";

/** One refusal. */
export interface Refusal {
  readonly peer: string;
  readonly operation: PeerOperation;
  readonly target: string;
  readonly cause: RefusalCause;
}

/** For so long a refusal like one that was told is only counted. */
const WINDOW_MS = 10_000;
/** Different refusals that are told within a window. */
const TOLD = 100;

/**
 * Tells the program what peers were refused, without letting them flood it: the first of a kind at
 * once, its repetitions as a number when ten seconds are over. Beyond a hundred kinds the rest are
 * one for each peer: who is refused so often needs no list.
 */
export class Refusals {
  readonly #status: StatusFeed;
  readonly #clock: Clock;
  readonly #counts = new Map<string, { readonly refusal: Refusal; untold: number }>();
  #window: Timer | undefined;

  constructor(status: StatusFeed, clock: Clock) {
    this.#status = status;
    this.#clock = clock;
  }

  denied(refusal: Refusal): void {
    const { peer, operation, target, cause } = refusal;
    const key = JSON.stringify([peer, operation, target, cause]);
    const known = this.#counts.get(key);
    if (known !== undefined) {
      known.untold++;
    } else if (this.#counts.size < TOLD) {
      this.#counts.set(key, { refusal, untold: 0 });
      this.#publish(refusal, 1);
    } else {
      this.#countAmongOthers({ ...refusal, target: "…" });
    }
    this.#window ??= this.#clock.after(WINDOW_MS, () => this.#windowOver()).unref();
  }

  /** The node stops: nothing is told any more. */
  stop(): void {
    this.#window?.cancel();
    this.#window = undefined;
    this.#counts.clear();
  }

  #countAmongOthers(refusal: Refusal): void {
    const others = this.#counts.get(refusal.peer);
    if (others === undefined) this.#counts.set(refusal.peer, { refusal, untold: 1 });
    else others.untold++;
  }

  #windowOver(): void {
    this.#window = undefined;
    const told = [...this.#counts.values()];
    this.#counts.clear();
    for (const { refusal, untold } of told) if (untold > 0) this.#publish(refusal, untold);
  }

  #publish(refusal: Refusal, count: number): void {
    this.#status.publish({ type: "denied", ...refusal, count });
  }
}
