import { DIST_VERSION_LOW } from "./codes.ts";
import type { NameAndPort } from "./listing-packets.ts";

/** How a node wants to be registered. */
export interface RegisterOptions {
  /** Registers as a hidden node (type 72) instead of a normal one (77). Default false. */
  readonly hidden?: boolean | undefined;
  /** Handed to whoever looks the node up; at most 1020 bytes. Default none. */
  readonly extra?: Uint8Array | undefined;
  /** Versions of the distribution protocol. Default 6 and 5, within `ERL_EPMD_DIST_HIGH/LOW`. */
  readonly highest?: number | undefined;
  readonly lowest?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A node that others can find. */
export interface Registration {
  /** The creation the discovery gave, or `undefined`: the node chooses a random one. */
  readonly creation: number | undefined;
  /** Resolves when the name is free again. Safe to call twice. */
  unregister(): Promise<void>;
}

/** Where a node was found. */
export interface FoundNode {
  /** The port that the node listens on, 1 to 65535. */
  readonly port: number;
  /** Version of the distribution protocol both speak; 0 when there is none. */
  readonly version: number;
  /** The address of the host that answered, to be dialled; `undefined`: resolve the host. */
  readonly address?: string | undefined;
  /** The carrier to dial on, by its name, of a node that has several. Default: the first that reaches it. */
  readonly carrier?: string | undefined;
  /** Other ways to the same node, each tried when those before it lead nowhere. */
  readonly alternatives?: readonly FoundNode[] | undefined;
}

/** Options of a look-up. */
export interface LookupOptions {
  /** Gives the look-up up. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * How nodes find each other: OTP's `epmd_module`. `EpmdClient` asks epmd; `staticMap`,
 * `fileDiscovery` and `dnsSrv` know or ask others; {@link fixedPort} and {@link noDiscovery} ask nobody;
 * a program may bring its own.
 */
export interface Discovery {
  /** What it is called where a node is not found by it. Default: epmd on the host of the node. */
  readonly title?: string | undefined;
  /** The port each node listens on; `undefined` or 0: any. */
  readonly listenPort?: number | undefined;
  /**
   * The port that this node has to listen on; `undefined` or 0: any (`listen_port_please`). Asked once,
   * before the node listens, and only where the program names no port.
   */
  listenPortPlease?(name: string, host: string): Promise<number | undefined>;
  /** Makes a node known (`register_node`). `name` is the part before `@`. */
  register(name: string, port: number, options?: RegisterOptions): Promise<Registration>;
  /** Finds a node (`port_please`); `undefined` when there is none of that name. */
  lookup(name: string, host: string, options?: LookupOptions): Promise<FoundNode | undefined>;
  /** The nodes of a host (`names`). */
  names(host: string, options?: LookupOptions): Promise<readonly NameAndPort[]>;
  /** Gives back what the discovery holds, registrations included. */
  close?(): Promise<void>;
}

/** What something lacks that is to be a discovery; undefined: nothing. @internal */
export function discoveryFault(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "it is no object";
  const parts = value as Record<string, unknown>;
  const missing = ["register", "lookup", "names"].filter(
    (name) => typeof parts[name] !== "function",
  );
  return missing.length === 0 ? undefined : `it has no ${missing.join(", no ")}`;
}

/** What there is of a node that nobody is told of. @internal */
export const UNREGISTERED: Registration = {
  creation: undefined,
  unregister: () => Promise.resolve(),
};

/**
 * Every node listens on one agreed port, so nobody has to be asked: `-erl_epmd_port`. When there is
 * an `epmd`, registration is tried and its failure forgiven, and `names` asks it.
 */
export function fixedPort(port: number, epmd?: Discovery): Discovery {
  if (!Number.isInteger(port) || port < 1 || port > 0xffff) {
    throw new TypeError(`a fixed port is an integer from 1 to 65535, not ${port}`);
  }
  return {
    listenPort: port,
    register: async (name, listening, options) => {
      try {
        return (await epmd?.register(name, listening, options)) ?? UNREGISTERED;
      } catch (error) {
        options?.signal?.throwIfAborted();
        if (error instanceof TypeError) throw error;
        return UNREGISTERED;
      }
    },
    lookup: () => Promise.resolve({ port, version: DIST_VERSION_LOW }),
    names: (host, options) => epmd?.names(host, options) ?? Promise.resolve([]),
    close: () => epmd?.close?.() ?? Promise.resolve(),
  };
}

/** Nobody can be found, and the node cannot be: it connects to given addresses only. */
export const noDiscovery: Discovery = {
  title: "noDiscovery, which finds nobody,",
  register: () => Promise.resolve(UNREGISTERED),
  lookup: () => Promise.resolve(undefined),
  names: () => Promise.resolve([]),
};
