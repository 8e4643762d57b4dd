import { randomChallenge } from "./digest.ts";

/** A name on loan to a node that has none of its own. */
export interface NameLease {
  /** In full, `name@host`. */
  readonly name: string;
  /** At least 4: smaller ones belong to nodes of old. */
  readonly creation: number;
  /** The node has proved itself: from now on the name is used. */
  confirm(): void;
  /**
   * The node has gone: the next one of its host may get the name, with the next creation. A new name
   * that was never confirmed is forgotten. Idempotent.
   */
  release(): void;
}

interface FreeName {
  readonly name: string;
  readonly creation: number;
}

/** How many free names are remembered before the oldest is forgotten. */
const MAX_FREE = 4096;

/**
 * The names this node gives to nodes that dial it without one (`erl -sname undefined`).
 *
 * A name is a random number of 64 bits in base 36 and the host the peer told: `3AXK0QPLVZ81S@host`.
 * A released name is given again, with the next creation, so that atoms do not pile up in the
 * cluster. Mirrors `net_kernel:dyn_node_name` (OTP 29).
 */
export class DynamicNames {
  /** Oldest first; by host, newest last. */
  readonly #free = new Map<string, FreeName[]>();
  #freeCount = 0;
  readonly #random: () => number;

  /** `random` gives 32 bits, unsigned. Default: the system's generator. */
  constructor(random: () => number = randomChallenge) {
    this.#random = random;
  }

  /** How many names wait to be given again. */
  get freeCount(): number {
    return this.#freeCount;
  }

  /** A name for a node of this host. */
  lease(host: string): NameLease {
    const reused = this.#take(host);
    const name = reused?.name ?? `${randomName(this.#random)}@${host}`;
    const creation =
      reused === undefined ? randomCreation(this.#random) : nextCreation(reused.creation);
    let confirmed = false;
    let released = false;
    return {
      name,
      creation,
      confirm: () => {
        confirmed = true;
      },
      release: () => {
        if (released) return;
        released = true;
        if (confirmed || reused !== undefined) this.#give(host, { name, creation });
      },
    };
  }

  #take(host: string): FreeName | undefined {
    const names = this.#free.get(host);
    const name = names?.pop();
    if (name !== undefined) this.#freeCount--;
    if (names?.length === 0) this.#free.delete(host);
    return name;
  }

  #give(host: string, name: FreeName): void {
    const names = this.#free.get(host) ?? [];
    names.push(name);
    this.#free.set(host, names);
    this.#freeCount++;
    if (this.#freeCount > MAX_FREE) {
      for (const oldest of this.#free.keys()) {
        this.#take(oldest);
        break;
      }
    }
  }
}

/** 64 random bits in base 36, upper case. */
function randomName(random: () => number): string {
  return ((BigInt(random()) << 32n) | BigInt(random())).toString(36).toUpperCase();
}

/** A creation, 4 to 2^32 - 1. `random` gives 32 bits, unsigned. */
export function randomCreation(random: () => number): number {
  let creation = random();
  while (creation < 4) creation = random();
  return creation;
}

/** The next creation; 0 to 3 are skipped when 32 bits wrap. */
export function nextCreation(creation: number): number {
  const next = (creation + 1) >>> 0;
  return next < 4 ? 4 : next;
}
