import type { NodeInfo } from "./node-info.ts";

/** A node that is registered now. */
export interface LiveNode extends NodeInfo {
  /** Tells this life of the name from earlier ones: 4 … 2^32-1. */
  readonly creation: number;
  /** Number of the connection that is the registration. */
  readonly connection: number;
}

/** A name that is free again, remembered for its creation. */
export interface ReleasedName {
  readonly name: string;
  readonly port: number;
  readonly creation: number;
  readonly connection: number;
}

/** How much a {@link Registry} holds, and its clock. */
export interface RegistryOptions {
  /** Seconds since 1970, for the first creation of a name. Default: the wall clock. */
  readonly wallSeconds?: (() => number) | undefined;
  /** How many released names are remembered. Default 1000. */
  readonly remembered?: number | undefined;
  /** How many nodes may be alive at a time. Default 10 000. */
  readonly registrations?: number | undefined;
}

/** What a registration came to. */
export type RegistryAnswer =
  | { readonly ok: true; readonly node: LiveNode }
  | { readonly ok: false; readonly reason: "name_taken" | "too_many" };

/** Creations below this are never handed out: 0 means "unknown", 1 to 3 are of old nodes. */
const LOWEST_CREATION = 4;
const CREATIONS = 2 ** 32;

function laterCreation(creation: number): number {
  const next = (creation + 1) % CREATIONS;
  return next < LOWEST_CREATION ? LOWEST_CREATION : next;
}

/**
 * Who is alive: names, ports, creations. Pure bookkeeping, no sockets.
 *
 * The creation of a name seen for the first time is taken from the time; each further life of a
 * remembered name gets the next number. Mirrors the node lists of `epmd_srv.c`; differs in: when a
 * name has been forgotten because too many were released after it, numbering goes on above
 * everything that was forgotten, so that no name gets one creation twice.
 */
export class Registry {
  readonly #wallSeconds: () => number;
  readonly #remembered: number;
  readonly #registrations: number;
  readonly #live = new Map<string, LiveNode>();
  readonly #released = new Map<string, ReleasedName>();
  /** The highest creation that belonged to a name now forgotten. */
  #forgotten = 0;
  /** Goes up with every change, so that listings can be kept until they are stale. */
  version = 0;

  constructor(options: RegistryOptions = {}) {
    this.#wallSeconds = options.wallSeconds ?? (() => Math.floor(Date.now() / 1000));
    this.#remembered = options.remembered ?? 1000;
    this.#registrations = options.registrations ?? 10_000;
  }

  /** How many nodes are alive. */
  get size(): number {
    return this.#live.size;
  }

  /** Live nodes, newest registration first. */
  live(): LiveNode[] {
    return [...this.#live.values()].reverse();
  }

  /** Names that are remembered, oldest first. */
  released(): ReleasedName[] {
    return [...this.#released.values()];
  }

  find(name: string): LiveNode | undefined {
    return this.#live.get(name);
  }

  /** Registers a node for the life of `connection`. The caller has checked its name and port. */
  register(node: NodeInfo, connection: number): RegistryAnswer {
    if (this.#live.has(node.name)) return { ok: false, reason: "name_taken" };
    if (this.#live.size >= this.#registrations) return { ok: false, reason: "too_many" };
    const earlier = this.#released.get(node.name);
    this.#released.delete(node.name);
    const creation = laterCreation(earlier?.creation ?? this.#firstCreation());
    const alive: LiveNode = { ...node, creation, connection };
    this.#live.set(node.name, alive);
    this.version += 1;
    return { ok: true, node: alive };
  }

  #firstCreation(): number {
    const seconds = Math.floor(this.#wallSeconds()) % CREATIONS;
    return Math.max(seconds, this.#forgotten);
  }

  /** Frees the name of a node. Does nothing when that very node is not alive any more. */
  release(node: LiveNode): void {
    if (this.#live.get(node.name) !== node) return;
    this.#live.delete(node.name);
    const { name, port, creation, connection } = node;
    this.#released.set(name, { name, port, creation, connection });
    if (this.#released.size > this.#remembered) this.#forgetOldest();
    this.version += 1;
  }

  #forgetOldest(): void {
    for (const [name, { creation }] of this.#released) {
      this.#released.delete(name);
      this.#forgotten = Math.max(this.#forgotten, creation);
      return;
    }
  }
}
